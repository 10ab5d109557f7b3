import type { Engine } from "./connect.ts";
import { isNotFound } from "./connect.ts";

export interface ContainerState {
  readonly id: string;
  readonly running: boolean;
  /** Ended at least once and is being started again by its restart policy, or waits to be. */
  readonly restarting: boolean;
  readonly restartCount: number;
  readonly exitCode: number;
  /** The kernel ended a process of it for lack of memory since it was started last. */
  readonly outOfMemory: boolean;
}

/** What the engine says about a container; undefined when there is none of this name. */
export async function containerState(engine: Engine, name: string): Promise<ContainerState | undefined> {
  try {
    const { Id, State, RestartCount } = await engine.getContainer(name).inspect();
    return {
      id: Id,
      running: State.Running && !State.Restarting,
      restarting: State.Restarting,
      restartCount: RestartCount,
      exitCode: State.ExitCode,
      outOfMemory: State.OOMKilled,
    };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Whether a container runs, and does not wait to be started again. */
export async function isRunning(engine: Engine, name: string): Promise<boolean> {
  return (await containerState(engine, name))?.running === true;
}

/** The last lines of a container's log, both streams, oldest first. */
export async function lastLogLines(engine: Engine, name: string, lines: number): Promise<readonly string[]> {
  const log = await engine.getContainer(name).logs({ stdout: true, stderr: true, tail: lines });
  return demultiplex(log)
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
}

/** Frames of 8 bytes (stream, length) and text, as the engine sends logs of containers without a terminal. */
function demultiplex(log: Buffer): string {
  let text = "";
  for (let at = 0; at + 8 <= log.length;) {
    const length = log.readUInt32BE(at + 4);
    text += log.toString("utf8", at + 8, at + 8 + length);
    at += 8 + length;
  }
  return text;
}

/** Stops a container with its own signal and starts it again; one that does not end within `stopS` seconds is killed. */
export async function restartContainer(engine: Engine, name: string, stopS: number): Promise<void> {
  await engine.getContainer(name).restart({ t: stopS });
}

/**
 * Starts a container that is down now, without the growing pause that the restart policy makes after each failure. Does
 * nothing to a running one.
 */
export async function startNow(engine: Engine, name: string): Promise<void> {
  const state = await containerState(engine, name);
  if (state === undefined || state.running) return;
  await engine.getContainer(name).restart();
}
