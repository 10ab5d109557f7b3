import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import type { Engine } from "../engine/connect.ts";
import { isNotFound } from "../engine/connect.ts";
import { isRunning } from "../engine/container.ts";
import type { LogLine } from "./line.ts";
import { LineReader } from "./line.ts";
import type { LoggedService } from "./service.ts";

export interface PastOptions {
  /** Seconds since 1970; undefined: from the begin. */
  readonly since: number | undefined;
  /** Lines of each service; undefined: all. */
  readonly tail: number | undefined;
}

/** The lines that there are now, in order of time; undefined when there is no such container. */
export async function pastLines(
  engine: Engine,
  { name, container }: LoggedService,
  options: PastOptions,
): Promise<readonly LogLine[] | undefined> {
  try {
    const log = await engine.getContainer(container).logs({
      stdout: true,
      stderr: true,
      timestamps: true,
      ...(options.tail === undefined ? {} : { tail: options.tail }),
      ...(options.since === undefined ? {} : { since: options.since }),
    });
    // The two streams are stored as they came, and a line that came in pieces has the time of its first.
    return new LineReader(name).read(log).toSorted(byTime);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export function byTime(a: LogLine, b: LogLine): number {
  return a.at < b.at ? -1 : a.at > b.at ? 1 : 0;
}

export interface FollowOptions {
  /** Time of the last line that is known already. */
  readonly after: string;
  readonly signal: AbortSignal;
  /** Called when the log ends because its container does, and when it continues. */
  readonly onChange: (isRunning: boolean) => void;
}

/** How often a container that is down is asked whether it is back. */
const pollMs = 300;

/** New lines as they come, without end: also of a container that is restarted or replaced. */
export async function* followLines(engine: Engine, service: LoggedService, options: FollowOptions): AsyncGenerator<LogLine> {
  const { signal, onChange } = options;
  let { after } = options;
  for (let isFirst = true; ; isFirst = false) {
    await running(engine, service, { signal, isFirst, onChange });
    try {
      for await (const line of streamed(engine, service, after, signal)) {
        if (line.at <= after) continue;
        after = line.at;
        yield line;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!isNotFound(error)) throw error;
    }
  }
}

async function running(
  engine: Engine,
  { container }: LoggedService,
  {
    signal,
    isFirst,
    onChange,
  }: { readonly signal: AbortSignal; readonly isFirst: boolean; readonly onChange: (isRunning: boolean) => void },
): Promise<void> {
  for (let asked = 0; ; asked += 1) {
    const runs = await isRunning(engine, container);
    if (asked === 0 && (!isFirst || !runs)) onChange(false);
    if (runs) {
      if (asked > 0 || !isFirst) onChange(true);
      return;
    }
    await delay(pollMs, undefined, { signal });
  }
}

async function* streamed(engine: Engine, { name, container }: LoggedService, after: string, signal: AbortSignal): AsyncGenerator<LogLine> {
  const since = unixTime(after);
  const log = await engine.getContainer(container).logs({ follow: true, stdout: true, stderr: true, timestamps: true, since });
  const stream = new Readable().wrap(log);
  const stop = (): void => void stream.destroy();
  signal.addEventListener("abort", stop, { once: true });
  const reader = new LineReader(name);
  try {
    signal.throwIfAborted();
    for await (const piece of stream) yield* reader.read(piece as Buffer);
  } finally {
    signal.removeEventListener("abort", stop);
    (log as Partial<{ destroy: () => void }>).destroy?.();
  }
}

/** Seconds since 1970 with their fraction as it is; as a number it would lose digits. */
function unixTime(at: string): string {
  const fraction = /\.(\d+)/.exec(at)?.[1] ?? "0";
  return `${Math.floor(Date.parse(at) / 1000)}.${fraction.padEnd(9, "0")}`;
}
