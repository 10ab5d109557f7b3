import { randomBytes } from "node:crypto";

import { containerUser } from "../layout.ts";
import type { Engine } from "./connect.ts";
import { isNotFound } from "./connect.ts";
import { Collector } from "./exec.ts";
import { archiveOf } from "./volume-files.ts";
import type { VolumeFile } from "./volume-files.ts";

export interface ThrowAway {
  /** The container that it works for; its own name begins with that. */
  readonly container: string;
  readonly image: string;
  readonly command: readonly string[];
  /** Below `/etc`. */
  readonly files: readonly VolumeFile[];
  /** Path → mount options. */
  readonly tmpfs: Readonly<Record<string, string>>;
}

/** On a throw-away container: the one that it works for. */
const label = "pgstack.throw-away";
/** None works for this long, in seconds. */
const staleS = 120;

/**
 * Runs a command in a container without network and volumes, which the engine removes when it ends, also if the caller no longer waits for it
 * any more.
 *
 * @returns what it printed, both streams
 */
export async function runThrowAway(engine: Engine, spec: ThrowAway, signal: AbortSignal): Promise<string> {
  await removeThrowAways(engine, spec.container, staleS);
  signal.throwIfAborted();
  const container = await engine.createContainer({
    name: `${spec.container}-trial-${randomBytes(4).toString("hex")}`,
    Image: spec.image,
    // Images of others have an entry point of their own.
    Entrypoint: [...spec.command],
    Cmd: [],
    User: `${containerUser.uid}:${containerUser.gid}`,
    Labels: { [label]: spec.container },
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      AutoRemove: true,
      NetworkMode: "none",
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Tmpfs: { ...spec.tmpfs },
    },
  });
  const stop = async (): Promise<void> => {
    try {
      await container.remove({ force: true, v: true });
    } catch {
      // It is gone or on its way: that is all that is wanted.
    }
  };
  const abort = (): void => void stop();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await container.putArchive(await archiveOf(spec.files), { path: "/etc" });
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    const output = new Collector();
    engine.modem.demuxStream(stream, output, output);
    const ended = new Promise<void>((resolve, reject) => {
      stream.on("end", resolve);
      stream.on("close", resolve);
      stream.on("error", reject);
    });
    await container.start();
    await ended;
    signal.throwIfAborted();
    return output.text();
  } finally {
    signal.removeEventListener("abort", abort);
    await stop();
  }
}

/**
 * Removes what a killed process has left before it was started.
 *
 * @param olderS - what is younger than this, in seconds, may still be at work
 */
export async function removeThrowAways(engine: Engine, container: string, olderS = 0): Promise<void> {
  const found = await engine.listContainers({ all: true, filters: { label: [`${label}=${container}`] } });
  const left = found.filter(({ Created }) => Created <= Date.now() / 1000 - olderS);
  await Promise.all(
    left.map(async ({ Id }) => {
      try {
        await engine.getContainer(Id).remove({ force: true, v: true });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }),
  );
}
