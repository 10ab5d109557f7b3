import { services } from "../plan/names.ts";
import type { ImpactItem } from "./classes.ts";
import { containerChanges } from "./containers.ts";
import type { Declared } from "./declared.ts";
import { isProcess } from "./pooler.ts";
import { noWait } from "./waits.ts";

/** Services that no client connects to: exporters, Prometheus, Alertmanager and Grafana. */
export function serviceChanges(before: Declared, after: Declared): readonly ImpactItem[] {
  const nodes = [...before.nodes, ...after.nodes].map(({ name }) => name);
  const used = new Set<string>([services.pooler, ...nodes]);
  const names = keysOf(before.containers, after.containers).filter((name) => !used.has(name) && !isProcess(name));
  const changes = names.map((name) => [name, changesOf(before, after, name)] as const).filter(([, texts]) => texts.length > 0);
  const isReplaced = changes.some(([name]) => before.containers[name] !== undefined && after.containers[name] !== undefined);
  const files = fileChanges(before, after);
  if (changes.length === 0 && files.length === 0) return [];
  return [
    {
      class: "no-effect",
      changes: [
        ...changes.flatMap(([name, texts]) => texts.map((text) => `${name}: ${text}`)),
        ...files.map(({ service, file }) => `${service}: ${file}`),
      ],
      nodes: [...new Set([...changes.map(([name]) => name), ...files.map(({ service }) => service)])],
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

/** Changed files of services that stay: they are read again while the service runs, or the service starts again. */
function fileChanges(before: Declared, after: Declared): readonly { readonly service: string; readonly file: string }[] {
  const [was, is] = [before.files ?? {}, after.files ?? {}];
  return keysOf(was, is).flatMap((service) => {
    const [old, now] = [was[service], is[service]];
    if (old === undefined || now === undefined) return [];
    return keysOf(old, now)
      .filter((file) => old[file] !== now[file])
      .map((file) => ({ service, file }));
  });
}

function keysOf(...records: readonly Readonly<Record<string, unknown>>[]): readonly string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record)))];
}
