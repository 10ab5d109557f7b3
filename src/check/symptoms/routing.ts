import type { PoolerDatabase, PoolerFacts, ReachedNode } from "../observation.ts";
import type { Place } from "../logins.ts";
import { valueOf } from "../observation.ts";
import { atNode, connectionSymptom } from "./symptom.ts";
import type { Symptom } from "./symptom.ts";
import type { Look } from "../look.ts";
import { services } from "../../plan/names.ts";
import type { CheckProcess } from "../../target/target.ts";

const writeRoute: Place = { kind: "route", route: "write" };

/** The pooler and where its two routes lead. */
export function routingSymptoms(look: Look): readonly Symptom[] {
  const processes = look.target.processes.flatMap((process) => [...answers(look, process), ...read(look, process)]);
  return [...processes, ...write(look), ...missing(look), ...strays(look)];
}

function answers({ target, seen }: Look, { number }: CheckProcess): readonly Symptom[] {
  const facts = seen.processes[number];
  if (facts === undefined) return [];
  if (!facts.ok)
    return [
      connectionSymptom(target, {
        failure: facts.failure,
        place: { kind: "console", process: number },
        role: "monitoring",
      }),
    ];
  return [...paused(facts.value, number, target.writeRoute, "write"), ...paused(facts.value, number, target.readRoute, "read")];
}

function paused(facts: PoolerFacts, process: number, name: string, route: "write" | "read"): readonly Symptom[] {
  const { paused: isPaused = false, disabled = false } = databaseOf(facts, name) ?? {};
  if (!(isPaused || disabled || facts.isHeld)) return [];
  const state = disabled ? "disabled" : "paused";
  return [
    {
      code: "pooler-paused",
      place: { kind: "route", route, process },
      observed: `{subjects}: ${state}`,
      expected: "both routes serve",
      group: { key: state, subject: `${name} of ${services.pgbouncer(process)}` },
    },
  ];
}

function write({ target, seen, reference }: Look): readonly Symptom[] {
  const { heartbeat } = seen;
  if (!heartbeat.write.ok) {
    const { failure } = heartbeat.write;
    return [connectionSymptom(target, { failure, place: writeRoute, role: "app" })];
  }
  const { reached } = heartbeat.write.value;
  if (reference === undefined) return [];
  // Which process took the write is chance: each says where it would send one.
  const elsewhere = target.processes.flatMap(({ number }) => {
    const facts = valueOf(seen.processes[number]);
    const host = facts === undefined ? undefined : databaseOf(facts, target.writeRoute)?.host;
    return host === undefined || host === reference || !target.nodes.some(({ name }) => name === host) ? [] : [{ number, host }];
  });
  const [first] = elsewhere;
  if (first !== undefined)
    return [
      {
        code: "write-route-failed",
        place: writeRoute,
        observed: `writes lead elsewhere: ${elsewhere.map(({ number, host }) => `${services.pgbouncer(number)} to ${host}`).join(", ")}`,
        expected: `a write reaches ${reference}`,
      },
    ];
  if (reached === reference) return [];
  return [
    {
      code: "write-route-failed",
      place: writeRoute,
      observed: `a write reaches ${reached}`,
      expected: `a write reaches ${reference}`,
    },
  ];
}

function read({ target, seen }: Look, { number }: CheckProcess): readonly Symptom[] {
  const reached = seen.readRoutes[number];
  if (reached === undefined || reached.ok) return [];
  return [connectionSymptom(target, { failure: reached.failure, place: { kind: "route", route: "read", process: number }, role: "app" })];
}

/** What each process's read route leads to, of those that lead anywhere. */
function reachedBy({ target, seen }: Look): readonly (ReachedNode & { readonly process: number })[] {
  return target.processes.flatMap(({ number }) => {
    const reached = valueOf(seen.readRoutes[number]);
    return reached === undefined ? [] : [{ ...reached, process: number }];
  });
}

function missing(look: Look): readonly Symptom[] {
  const { readers = [] } = look;
  const reached = reachedBy(look);
  // Of a process that serves no reads that is said, and not which node it would reach.
  if (reached.length < look.target.processes.length) return [];
  const seen = new Set(reached.map(({ node }) => node));
  const details = reached.map(({ node, process }) => `${services.pgbouncer(process)} reaches ${node}`).join(", ");
  return readers
    .filter((name) => !seen.has(name))
    .map((name) => ({
      code: "read-route-incomplete",
      place: atNode(name),
      observed: `no process reaches {subjects}: ${details}`,
      expected: `reaches ${readers.join(", ")}`,
      group: { key: "readers", subject: name },
    }));
}

function strays(look: Look): readonly Symptom[] {
  const { reference, readers } = look;
  if (readers === undefined) return [];
  const byNode = Map.groupBy(reachedBy(look), ({ node }) => node);
  const expected = `reaches only ${readers.join(", ")}`;
  return [...byNode].flatMap(([node, connections]) => {
    if (!readers.includes(node)) return [{ code: "read-route-stray", place: atNode(node), observed: `reaches ${node}`, expected }];
    // Without replicas the leader is read from, and not in recovery for good reason.
    const isPrimary = node !== reference && connections.some(({ inRecovery }) => !inRecovery);
    const observed = `reaches ${node}, which is not in recovery`;
    return isPrimary ? [{ code: "read-route-stray", place: atNode(node), observed, expected }] : [];
  });
}

function databaseOf(facts: PoolerFacts, name: string): PoolerDatabase | undefined {
  return facts.databases.find((database) => database.name === name);
}
