import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** How often the event file is read: the resolution of every time in a trace, in milliseconds. */
const everyMs = 10;

/** One resource in a run of Pulumi; times in milliseconds since the command began. */
export interface Step {
  readonly urn: string;
  /** Logical name, e.g. `pg2-ready`. */
  readonly name: string;
  /** Type without package and module, e.g. `Container`. */
  readonly type: string;
  readonly op: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface Trace {
  readonly steps: readonly Step[];
  /** First event: the engine has loaded the project. */
  readonly engineMs: number;
  /** Length of the command. */
  readonly totalMs: number;
}

/** A line of Pulumi's event log, as far as it is used here. */
interface EngineEvent {
  readonly resourcePreEvent?: { readonly metadata: Metadata };
  readonly resOutputsEvent?: { readonly metadata: Metadata };
}
interface Metadata {
  readonly urn: string;
  readonly op: string;
}

/** An event and when it was seen. */
export interface Seen {
  readonly ms: number;
  readonly event: EngineEvent;
}

/**
 * Runs a command that writes Pulumi's event log and notes when each line appears: the log itself has whole seconds only.
 *
 * @param file - the event log, `--event-log` (with `PULUMI_DEBUG_COMMANDS`)
 */
export async function traceOf(file: string, command: () => Promise<unknown>): Promise<Trace> {
  const began = performance.now();
  const seen: Seen[] = [];
  let read = 0;
  const look = (): void => {
    const text = readSoFar(file);
    const end = text.lastIndexOf("\n") + 1;
    const ms = Math.round(performance.now() - began);
    for (const line of text.slice(read, end).split("\n")) if (line !== "") seen.push({ ms, event: JSON.parse(line) as EngineEvent });
    read = Math.max(read, end);
  };
  const over = new AbortController();
  const ended = command().finally(() => over.abort());
  while (!over.signal.aborted) {
    look();
    await sleep(everyMs);
  }
  await ended;
  const totalMs = Math.round(performance.now() - began);
  look();
  return { steps: stepsOf(seen), engineMs: seen[0]?.ms ?? 0, totalMs };
}

function readSoFar(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // Not there yet.
    return "";
  }
}

/** Resources with begin and end, in the order in which they began. */
export function stepsOf(seen: readonly Seen[]): readonly Step[] {
  const starts = new Map<string, { readonly ms: number; readonly op: string }>();
  const steps: Step[] = [];
  for (const { ms, event } of seen) {
    const { resourcePreEvent: began, resOutputsEvent: ended } = event;
    if (began !== undefined) starts.set(began.metadata.urn, { ms, op: began.metadata.op });
    if (ended === undefined) continue;
    const { urn, op } = ended.metadata;
    const [, , types = "", name = ""] = urn.split("::");
    steps.push({ urn, name, type: types.split(":").at(-1) ?? "", op, startMs: starts.get(urn)?.ms ?? ms, endMs: ms });
  }
  return steps.toSorted((a, b) => a.startMs - b.startMs);
}

/** A resource of a stack's exported state, as far as it is used here. */
interface StoredResource {
  readonly urn: string;
  readonly type: string;
  readonly custom: boolean;
  readonly parent?: string;
  readonly dependencies?: readonly string[];
}

/**
 * What each resource had to wait for, from `pulumi stack export`: its own dependencies and those of the components that it
 * is in. Components and providers are left out.
 */
export function dependenciesOf(state: string): ReadonlyMap<string, readonly string[]> {
  const { deployment } = JSON.parse(state) as { readonly deployment: { readonly resources: readonly StoredResource[] } };
  const all = new Map(deployment.resources.map((resource) => [resource.urn, resource]));
  const waitsFor = ({ dependencies = [], parent = "" }: StoredResource): readonly string[] => {
    const component = all.get(parent);
    return component === undefined ? dependencies : [...dependencies, ...waitsFor(component)];
  };
  const counted = deployment.resources.filter(({ custom, type }) => custom && !type.startsWith("pulumi:"));
  return new Map(counted.map((resource) => [resource.urn, waitsFor(resource)]));
}

/** A resource on the longest chain. */
export interface Link {
  readonly step: Step;
  /** From the end of the one before it (or of nothing) to its start. */
  readonly waitedMs: number;
  readonly tookMs: number;
}

/** The chain of resources that decides when the last one is done: of all it waited for, each follows the latest. */
export function criticalPath(steps: readonly Step[], dependencies: ReadonlyMap<string, readonly string[]>): readonly Link[] {
  const own = new Map(steps.filter(({ urn }) => dependencies.has(urn)).map((step) => [step.urn, step]));
  const latest = (among: readonly Step[]): Step | undefined => among.toSorted((a, b) => b.endMs - a.endMs)[0];
  const path: Link[] = [];
  for (let step = latest([...own.values()]); step !== undefined;) {
    const before = latest((dependencies.get(step.urn) ?? []).flatMap((urn) => own.get(urn) ?? []));
    path.unshift({ step, waitedMs: step.startMs - (before?.endMs ?? 0), tookMs: step.endMs - step.startMs });
    step = before;
  }
  return path;
}
