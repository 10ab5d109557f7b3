import { isChangeable } from "../pgbouncer/settings.ts";
import { services } from "../plan/names.ts";
import type { ImpactItem } from "./classes.ts";
import { changeText } from "./classes.ts";
import { containerChanges } from "./containers.ts";
import type { Declared } from "./declared.ts";
import { noWait, poolerReplaceWait } from "./waits.ts";

const nodes = [services.pooler];

/** The pooler: what it reads again, and what makes it start anew. */
export function poolerChanges(before: Declared, after: Declared): readonly ImpactItem[] {
  const settings = changedTexts(before.pooler.settings, after.pooler.settings);
  const reloaded = settings.filter(({ name }) => isChangeable(name)).map(({ text }) => text);
  const restarting = settings.filter(({ name }) => !isChangeable(name)).map(({ text }) => text);
  const routes = routeChanges(before, after);
  const limits = changedTexts(before.pooler.userLimits, after.pooler.userLimits).map(({ text }) => `connections of user ${text}`);
  const [was, is] = [before.containers[services.pooler], after.containers[services.pooler]];
  const { replacing, inPlace } = was === undefined || is === undefined ? { replacing: [], inPlace: [] } : containerChanges(was, is);
  const comments = settings.length + routes.texts.length + limits.length === 0 ? changedTexts(before.pooler.files, after.pooler.files) : [];
  return [
    ...reloads([...reloaded, ...routes.texts, ...limits, ...comments.map(({ name }) => `${name}: comments`)], routes.notes),
    ...restarts([...replacing, ...(replacing.length > 0 ? inPlace : []), ...restarting], replacing.length > 0),
    ...memory(replacing.length > 0 ? [] : inPlace),
  ];
}

function reloads(changes: readonly string[], notes: readonly string[]): readonly ImpactItem[] {
  if (changes.length === 0) return [];
  return [{ class: "reload", changes, nodes, wait: noWait, notes }];
}

function restarts(changes: readonly string[], isReplaced: boolean): readonly ImpactItem[] {
  if (changes.length === 0) return [];
  const how = isReplaced ? "its container is replaced" : "PgBouncer takes these at its start alone";
  return [{ class: "pooler-restart", changes, nodes, wait: poolerReplaceWait, notes: [how] }];
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
