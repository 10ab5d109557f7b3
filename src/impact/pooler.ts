import { isChangeable } from "../pgbouncer/settings.ts";
import { processNumber, services } from "../plan/names.ts";
import type { ImpactItem } from "./classes.ts";
import { changeText } from "./classes.ts";
import { containerChanges } from "./containers.ts";
import type { ContainerChanges } from "./containers.ts";
import type { Declared } from "./declared.ts";
import { listenerReplaceWait, noWait, poolerReplaceWait } from "./waits.ts";

/** Whether a service is a process of the pooler. */
export const isProcess = (service: string): boolean => processNumber(service) !== undefined || service === formerProcess;

/** The only process of earlier versions. */
const formerProcess = "pgbouncer";

/** Names of the pooler's processes. */
export const processesOf = ({ containers }: Pick<Declared, "containers">): readonly string[] => Object.keys(containers).filter(isProcess);

/** The pooler: what it reloads, and what needs a restart. */
export function poolerChanges(before: Declared, after: Declared): readonly ImpactItem[] {
  const settings = changedTexts(before.pooler.settings, after.pooler.settings);
  const reloaded = settings.filter(({ name }) => isChangeable(name)).map(({ text }) => text);
  const restarting = settings.filter(({ name }) => !isChangeable(name)).map(({ text }) => text);
  const routes = routeChanges(before, after);
  const limits = changedTexts(before.pooler.userLimits, after.pooler.userLimits).map(({ text }) => `connections of user ${text}`);
  const nodes = processesOf(after);
  const changed = nodes.map((service) => changesOf(before, after, service));
  // All have the same but for names, ports and addresses.
  const process = { replacing: union(changed, "replacing"), inPlace: union(changed, "inPlace") };
  const listener = changesOf(before, after, services.pooler);
  const comments = settings.length + routes.texts.length + limits.length === 0 ? changedTexts(before.pooler.files, after.pooler.files) : [];
  return [
    ...reloads(
      [
        ...reloaded,
        ...routes.texts,
        ...limits,
        ...comments.map(({ name }) => (name.endsWith(".pl") ? `${name}: from its next start` : `${name}: comments`)),
      ],
      nodes,
      routes.notes,
    ),
    ...startsAnew({ process, listener, settings: restarting, nodes }),
    ...otherProcesses(before, after),
  ];
}

function union(changes: readonly ContainerChanges[], kind: keyof ContainerChanges): readonly string[] {
  return [...new Set(changes.flatMap((one) => one[kind]))];
}

/** A stack with another number of replicas has another number of processes. */
function otherProcesses(before: Declared, after: Declared): readonly ImpactItem[] {
  const [was, is] = [processesOf(before), processesOf(after)];
  const added = was.length === 0 ? [] : is.filter((name) => !was.includes(name));
  const gone = was.filter((name) => !is.includes(name));
  const said = (names: readonly string[], how: string): readonly string[] => names.map((name) => `${name} ${how}`);
  return [
    ...(added.length === 0 ? [] : [{ class: "no-effect" as const, changes: said(added, "added"), nodes: added, wait: noWait, notes: [] }]),
    ...(gone.length === 0
      ? []
      : [
          {
            class: "pooler-replace" as const,
            changes: said(gone, "removed"),
            nodes: gone,
            wait: noWait,
            notes: ["its clients are closed once, between transactions; the other processes take them"],
          },
        ]),
  ];
}

/** Of a container that was not there before nothing is said. */
function changesOf(before: Declared, after: Declared, service: string): ContainerChanges {
  const [was, is] = [before.containers[service], after.containers[service]];
  return was === undefined || is === undefined ? { replacing: [], inPlace: [] } : containerChanges(was, is);
}

/** With another listener its port is closed for a moment, whatever else there is. */
function startsAnew({
  process,
  listener,
  settings,
  nodes,
}: {
  readonly process: ContainerChanges;
  readonly listener: ContainerChanges;
  readonly settings: readonly string[];
  readonly nodes: readonly string[];
}): readonly ImpactItem[] {
  const changes = [...process.replacing, ...process.inPlace, ...settings];
  if (listener.replacing.length > 0) {
    return [
      {
        class: "pooler-restart",
        changes: [...listener.replacing, ...listener.inPlace, ...changes],
        nodes: [services.pooler, ...nodes],
        wait: listenerReplaceWait,
        notes: ["the container that holds its port is replaced: clients are refused meanwhile"],
      },
    ];
  }
  if (process.replacing.length + settings.length === 0)
    return [...memory([services.pooler], listener.inPlace), ...memory(nodes, process.inPlace)];
  const how = process.replacing.length > 0 ? "its processes are replaced, all at once" : "PgBouncer takes these at its start alone";
  const notes = [how, "nobody is refused, no transaction is cut; a statement that meets the closing has not run"];
  return [{ class: "pooler-replace", changes, nodes, wait: poolerReplaceWait, notes }, ...memory([services.pooler], listener.inPlace)];
}

function reloads(changes: readonly string[], nodes: readonly string[], notes: readonly string[]): readonly ImpactItem[] {
  if (changes.length === 0) return [];
  return [{ class: "reload", changes, nodes, wait: noWait, notes }];
}

function memory(nodes: readonly string[], changes: readonly string[]): readonly ImpactItem[] {
  if (changes.length === 0) return [];
  return [{ class: "no-effect", changes, nodes, wait: noWait, notes: ["changed on the running container"] }];
}

interface RouteChanges {
  readonly texts: readonly string[];
  readonly notes: readonly string[];
}

function routeChanges(before: Declared, after: Declared): RouteChanges {
  const [was, is] = [before.pooler.routes, after.pooler.routes];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  const gone = names.filter((name) => is[name] === undefined);
  const texts = names.flatMap((name) => {
    const [old, wanted] = [was[name], is[name]];
    if (old === undefined) return [`route ${name} added`];
    if (wanted === undefined) return [`route ${name} removed`];
    return changedTexts(old, wanted).map(({ text }) => `route ${name}: ${text}`);
  });
  return {
    texts,
    notes: gone.length === 0 ? [] : [`clients of ${gone.join(" and ")} are refused from then on: they must use another route`],
  };
}

/** Names whose text differs, sorted. */
function changedTexts(
  was: Readonly<Record<string, string>>,
  is: Readonly<Record<string, string>>,
): readonly { name: string; text: string }[] {
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].toSorted();
  return names.filter((name) => was[name] !== is[name]).map((name) => ({ name, text: changeText(name, was[name], is[name]) }));
}
