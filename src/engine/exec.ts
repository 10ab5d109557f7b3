import { Writable } from "node:stream";

import type { Engine } from "./connect.ts";

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command in a container with text on its standard input, where it shows in no process list.
 *
 * @throws when the container is not running, or when `signal` aborts
 */
export async function execInContainer(
  engine: Engine,
  container: string,
  command: readonly string[],
  stdin: string,
  signal?: AbortSignal,
): Promise<ExecResult> {
  const exec = await engine.getContainer(container).exec({
    Cmd: [...command],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: true });
  const out = new Collector();
  const err = new Collector();
  engine.modem.demuxStream(stream, out, err);
  const ended = new Promise<void>((resolve, reject) => {
    stream.on("end", resolve);
    stream.on("close", resolve);
    stream.on("error", reject);
    signal?.addEventListener("abort", () => {
      stream.destroy();
      reject(signal.reason instanceof Error ? signal.reason : new Error("cancelled"));
    });
  });
  stream.end(stdin);
  await ended;
  const { ExitCode } = await exec.inspect();
  return { exitCode: ExitCode ?? -1, stdout: out.text(), stderr: err.text() };
}

/**
 * Starts a command in a container and leaves it running once it has printed its first line, for instance that it is ready.
 *
 * @returns the line
 * @throws Error with what it printed when it ends without one, or takes longer than `timeoutMs`
 */
export async function startInContainer(engine: Engine, container: string, command: readonly string[], timeoutMs: number): Promise<string> {
  const exec = await engine.getContainer(container).exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const out = new Collector();
  const err = new Collector();
  engine.modem.demuxStream(stream, out, err);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const give = (): void => {
    const [line, ...more] = out.text().split("\n");
    if (more.length > 0) resolve(line ?? "");
  };
  const fail = (why: string): void => reject(new Error(`${command.slice(0, 2).join(" ")}: ${err.text().trim() || why}`));
  stream.on("data", () => setImmediate(give));
  stream.on("end", () => {
    give();
    fail("it ended without a word");
  });
  stream.on("error", reject);
  const timer = setTimeout(() => fail("no answer"), timeoutMs);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    // The command itself continues: only its output is no longer read.
    stream.destroy();
  }
}

/** Keeps what is written to it. */
export class Collector extends Writable {
  readonly #chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
