import { isChangeable } from "../pgbouncer/settings.ts";
import { services } from "../plan/names.ts";
import type { ImpactItem } from "./classes.ts";
import { changeText } from "./classes.ts";
import { containerChanges } from "./containers.ts";
import type { ContainerChanges } from "./containers.ts";
import type { Declared } from "./declared.ts";
import { listenerReplaceWait, noWait, poolerReplaceWait } from "./waits.ts";

const nodes = [services.pgbouncer];

/** The pooler: what it reloads, and what needs a restart. */
export function poolerChanges(before: Declared, after: Declared): readonly ImpactItem[] {
  const settings = changedTexts(before.pooler.settings, after.pooler.settings);
  const reloaded = settings.filter(({ name }) => isChangeable(name)).map(({ text }) => text);
  const restarting = settings.filter(({ name }) => !isChangeable(name)).map(({ text }) => text);
  const routes = routeChanges(before, after);
  const limits = changedTexts(before.pooler.userLimits, after.pooler.userLimits).map(({ text }) => `connections of user ${text}`);
  const process = changesOf(before, after, services.pgbouncer);
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
      routes.notes,
    ),
    ...startsAnew(process, listener, restarting),
  ];
}

/** Of a container that was not there before nothing is said. */
function changesOf(before: Declared, after: Declared, service: string): ContainerChanges {
  const [was, is] = [before.containers[service], after.containers[service]];
  return was === undefined || is === undefined ? { replacing: [], inPlace: [] } : containerChanges(was, is);
}

/** With another listener its port is closed for a moment, whatever else there is. */
function startsAnew(process: ContainerChanges, listener: ContainerChanges, settings: readonly string[]): readonly ImpactItem[] {
  const changes = [...process.replacing, ...process.inPlace, ...settings];
  if (listener.replacing.length > 0) {
    return [
      {
        class: "pooler-restart",
        changes: [...listener.replacing, ...listener.inPlace, ...changes],
        nodes: [services.pooler, services.pgbouncer],
        wait: listenerReplaceWait,
        notes: ["the container that holds its port is replaced: clients are refused meanwhile"],
      },
    ];
  }
  if (process.replacing.length + settings.length === 0) return memory([...listener.inPlace, ...process.inPlace]);
  const how = process.replacing.length > 0 ? "its container is replaced" : "PgBouncer takes these at its start alone";
  const notes = [how, "nobody is refused, no transaction is cut; a statement that meets the closing has not run"];
  return [{ class: "pooler-replace", changes, nodes, wait: poolerReplaceWait, notes }, ...memory(listener.inPlace)];
}

function reloads(changes: readonly string[], notes: readonly string[]): readonly ImpactItem[] {
  if (changes.length === 0) return [];
  return [{ class: "reload", changes, nodes, wait: noWait, notes }];
}

function memory(changes: readonly string[]): readonly ImpactItem[] {
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
