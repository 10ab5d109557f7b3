import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";

import { describe, expect, it } from "vitest";

import { isClosedPipe, writerTo } from "../../../src/cli/closed-pipe.ts";

const root = join(import.meta.dirname, "../../..");

describe("a pipe whose reader ends first", () => {
  it("ends the program quietly", async () => {
    const child = spawn(process.execPath, [join(root, "src/cli/main.ts"), "--help"], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "exit") as Promise<[number]>]);
    expect(stderr).toBe("");
    // Whether the program had finished before the pipe was found closed.
    expect([0, 141]).toContain(code);
  });

  it("stops a command that would continue", async () => {
    const stop = new AbortController();
    const stream = new PassThrough();
    const write = writerTo(stream, stop);
    write("one line\n");
    expect(stop.signal.aborted).toBe(false);
    stream.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    await once(stop.signal, "abort");
    expect(isClosedPipe(stop.signal)).toBe(true);
    // Nothing is written to the closed stream, which would be an error again.
    write("another line\n");
    expect(stream.errored?.message).toBe("write EPIPE");
  });

  it("is not an interruption", () => {
    const stop = new AbortController();
    stop.abort(new Error("SIGINT"));
    expect(isClosedPipe(stop.signal)).toBe(false);
  });
});
