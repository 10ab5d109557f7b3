import { services } from "../plan/names.ts";
import type { ImpactItem } from "./classes.ts";
import { containerChanges } from "./containers.ts";
import type { Declared } from "./declared.ts";
import { noWait } from "./waits.ts";

/** Containers that no client connects to: the exporters. */
export function serviceChanges(before: Declared, after: Declared): readonly ImpactItem[] {
  const used = new Set([services.pooler, ...before.nodes.map(({ name }) => name), ...after.nodes.map(({ name }) => name)]);
  const names = [...new Set([...Object.keys(before.containers), ...Object.keys(after.containers)])].filter((name) => !used.has(name));
  const changes = names.map((name) => [name, changesOf(before, after, name)] as const).filter(([, texts]) => texts.length > 0);
  const isReplaced = changes.some(([name]) => before.containers[name] !== undefined && after.containers[name] !== undefined);
  if (changes.length === 0) return [];
  return [
    {
      class: "no-effect",
      changes: changes.flatMap(([name, texts]) => texts.map((text) => `${name}: ${text}`)),
      nodes: changes.map(([name]) => name),
      wait: noWait,
      notes: isReplaced ? ["their figures have a gap meanwhile"] : [],
    },
  ];
}

function changesOf(before: Declared, after: Declared, name: string): readonly string[] {
  const [was, is] = [before.containers[name], after.containers[name]];
  if (was === undefined) return ["added"];
  if (is === undefined) return ["removed"];
  const { replacing, inPlace } = containerChanges(was, is);
  return [...replacing, ...inPlace];
}
