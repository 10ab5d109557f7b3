import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { PassThrough } from "node:stream";

import { describe, expect, it } from "vitest";

import type { Engine } from "../../../src/engine/connect.ts";
import { signalInside } from "../../../src/engine/signal-inside.ts";
import { root } from "../../../testing/stacks.ts";

/** An engine with one container; each look at it takes the next state, the last one stays. */
function anEngine(running: readonly boolean[], exitCode = 0): { readonly engine: Engine; readonly commands: string[] } {
  const commands: string[] = [];
  const left = [...running];
  const container = {
    inspect: () => {
      const Running = (left.length > 1 ? left.shift() : left[0]) ?? false;
      return Promise.resolve({ Id: "c", RestartCount: 0, State: { Running, Restarting: false, ExitCode: 0, OOMKilled: false } });
    },
    exec: ({ Cmd }: { readonly Cmd: readonly string[] }) =>
      Promise.resolve({
        start: () => Promise.resolve(commands.push(Cmd.join(" ")) && new PassThrough().resume()),
        inspect: () => Promise.resolve({ ExitCode: exitCode }),
      }),
  };
  return { engine: { getContainer: () => container, modem: { demuxStream: () => undefined } } as unknown as Engine, commands };
}

describe("a signal to a container", () => {
  it("is sent from inside", async () => {
    const { engine, commands } = anEngine([true]);
    expect(await signalInside(engine, "c", "HUP")).toBe(true);
    expect(commands).toEqual(["sh -c kill -HUP 1"]);
  });

  it("is none for one that does not run", async () => {
    const { engine, commands } = anEngine([false]);
    expect(await signalInside(engine, "c", "HUP")).toBe(false);
    expect(commands).toEqual([]);
  });

  it("is none for one that ends meanwhile", async () => {
    expect(await signalInside(anEngine([true, false], 137).engine, "c", "HUP")).toBe(false);
  });

  it("fails by name when the container has no shell", async () => {
    await expect(signalInside(anEngine([true], 127).engine, "c", "HUP")).rejects.toThrow("c: kill -HUP 1 failed in it: exit code 127");
  });

  it("is never the engine's own: that would cost the restart policy", () => {
    const folders = ["src", "provider", "components", "templates", "scripts", "docs", "README.md", "Makefile"];
    const files = execFileSync("git", ["ls-files", "-z", ...folders], { cwd: root, encoding: "utf8" })
      .split("\0")
      .filter(Boolean);
    expect(files.length).toBeGreaterThan(100);
    const own = /\.kill\(\{|\bdocker (compose )?kill (-s|--signal)/;
    const allowed = /Do not use `docker compose kill|signal that the engine sends/;
    const found = files.flatMap((path) =>
      readFileSync(`${root}/${path}`, "utf8")
        .split("\n")
        .filter((line) => own.test(line) && !allowed.test(line))
        .map((line) => `${path}: ${line}`),
    );
    expect(found).toEqual([]);
  });
});
