import type { ImpactItem } from "./classes.ts";
import type { Declared } from "./declared.ts";
import type { SettingChange } from "./settings.ts";
import { keptNodes, withNodes } from "./settings.ts";
import { noWait } from "./waits.ts";

/** Files that the server reads again on a reload and that decide about logins. */
const loginFiles = ["pg_hba.conf", "pg_ident.conf"] as const;
const settingsFile = "postgresql.conf";

/** Files of nodes that stay. postgresql.conf shows by its settings; here only when nothing but its comments changed. */
export function nodeFiles(before: Declared, after: Declared, settings: readonly SettingChange[]): readonly ImpactItem[] {
  const changed = changedFiles(before, after);
  const of = (...names: readonly string[]): readonly FileChange[] => changed.filter(({ text }) => names.includes(text));
  const withSettings = new Set(settings.flatMap(({ nodes }) => nodes));
  const comments = of(settingsFile).flatMap(({ nodes }) => {
    const only = nodes.filter((name) => !withSettings.has(name));
    return only.length === 0 ? [] : [{ text: `${settingsFile}: comments`, nodes: only }];
  });
  const others = changed.filter(({ text }) => text !== settingsFile && !loginFiles.some((name) => name === text));
  return [
    ...fileItem("reload", after, [...of(...loginFiles), ...networks(before, after)], ["decides about new logins; sessions that run stay"]),
    ...fileItem("reload", after, comments, []),
    ...fileItem("no-effect", after, others, ["read when the node starts next"]),
  ];
}

interface FileChange {
  readonly text: string;
  readonly nodes: readonly string[];
}

function changedFiles(before: Declared, after: Declared): readonly FileChange[] {
  const kept = keptNodes(before, after);
  const names = [...new Set(kept.flatMap(([was, is]) => [...Object.keys(was.files), ...Object.keys(is.files)]))].toSorted();
  return names
    .map((text) => ({ text, nodes: kept.filter(([was, is]) => was.files[text] !== is.files[text]).map(([, { name }]) => name) }))
    .filter(({ nodes }) => nodes.length > 0);
}

function networks(before: Declared, after: Declared): readonly FileChange[] {
  const [was, is] = [before.clientNetworks, after.clientNetworks];
  const list = (networks: readonly string[]): string => (networks.length === 0 ? "(none)" : networks.join(", "));
  if (list(was) === list(is)) return [];
  return [{ text: `clientNetworks ${list(was)} → ${list(is)}`, nodes: keptNodes(before, after).map(([, { name }]) => name) }];
}

function fileItem(
  kind: "reload" | "no-effect",
  after: Declared,
  changes: readonly FileChange[],
  notes: readonly string[],
): readonly ImpactItem[] {
  if (changes.length === 0) return [];
  const nodes = after.nodes.map(({ name }) => name).filter((name) => changes.some((change) => change.nodes.includes(name)));
  return [{ class: kind, changes: withNodes(changes, nodes), nodes, wait: noWait, notes }];
}
