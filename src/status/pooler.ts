import { failureText, valueOf } from "../check/observation.ts";
import { services } from "../plan/names.ts";
import type { CheckTarget } from "../target/target.ts";
import type { PoolerStatus, ProcessStatus, RouteStatus } from "./model.ts";
import type { SeenProcess, SeenRoute, StatusObservation } from "./observation.ts";

/** The processes of the pooler, and their figures together. */
export function poolerStatus({ processes }: CheckTarget, seen: Pick<StatusObservation, "processes">): PoolerStatus {
  const all = processes.map(({ number, container }) => processStatus(services.pgbouncer(number), container, seen.processes[number]));
  const answering = processes.flatMap(({ number }) => valueOf(seen.processes[number]) ?? []);
  const limits = answering.map(({ clientsMax }) => clientsMax).filter((max) => max !== null);
  return {
    processes: all,
    answers: answering.length > 0,
    failure: answering.length > 0 ? null : (all[0]?.failure ?? null),
    version: answering[0]?.version ?? null,
    clients:
      answering.length === 0
        ? null
        : { used: sum(answering.map(({ clientsUsed }) => clientsUsed)), max: limits.length === 0 ? null : sum(limits) },
    routes: routesOf(answering),
  };
}

function processStatus(name: string, container: string, seen: StatusObservation["processes"][number] | undefined): ProcessStatus {
  if (seen?.ok !== true) {
    const failure = seen === undefined ? "it was not asked" : failureText(seen.failure);
    return { name, container, answers: false, failure, clients: null, leadsTo: {} };
  }
  const { clientsUsed: used, clientsMax: max, routes } = seen.value;
  const leadsTo = Object.fromEntries(routes.map((route) => [route.name, route.host]));
  return { name, container, answers: true, failure: null, clients: { used, max }, leadsTo };
}

/** Every route once, in the order of the first process. */
function routesOf(processes: readonly SeenProcess[]): readonly RouteStatus[] {
  const all = processes.flatMap(({ routes, isHeld }) => routes.map((route) => ({ ...route, paused: route.paused || isHeld })));
  return [...Map.groupBy(all, ({ name }) => name)].map(([name, parts]) => together(name, parts));
}

/** A route is open when it is that in every process. */
function together(name: string, parts: readonly SeenRoute[]): RouteStatus {
  const hosts = parts.flatMap(({ host }) => host ?? []);
  return {
    name,
    hosts: [...new Set(hosts)].toSorted((a, b) => a.localeCompare(b, "en", { numeric: true })),
    state: parts.some(({ disabled }) => disabled) ? "disabled" : parts.some(({ paused }) => paused) ? "paused" : "open",
    active: sum(parts.map(({ clientsActive }) => clientsActive)),
    waiting: sum(parts.map(({ clientsWaiting }) => clientsWaiting)),
    maxWaitSeconds: Math.max(...parts.map(({ maxWaitSeconds }) => maxWaitSeconds)),
    serversUsed: sum(parts.map(({ serversUsed }) => serversUsed)),
    serversMax: sum(parts.map(({ serversMax }) => serversMax)),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
