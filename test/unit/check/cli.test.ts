import { Command } from "@commander-js/extra-typings";
import { describe, expect, it } from "vitest";

import { runCheck } from "../../../src/check/run.ts";
import { checkCommand } from "../../../src/cli/check.ts";
import type { Subcommand } from "../../../src/cli/command.ts";
import { runProgram } from "../../../src/cli/program.ts";
import { loadStackCheck, ProgramError } from "../../../src/cli/stack-outputs.ts";
import { UserError } from "../../../src/errors.ts";
import { faults } from "./faults.ts";
import { anObservation, aTarget, someSecrets } from "./fixtures.ts";

const target = aTarget({ replicas: 2 });

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `pgstack` against a cluster with this fault. */
async function pgstack(
  args: readonly string[],
  { fault = "", isTerminal = false, signal = new AbortController().signal } = {},
): Promise<Ran> {
  const written = { out: "", err: "" };
  const change = faults.find(({ name }) => name === fault)?.change(target, "pg2");
  const command = checkCommand({
    load: async (stack) => {
      if (stack !== "test") throw new UserError([{ where: `stack ${stack}`, problem: "there is no such stack", fix: "list the stacks" }]);
      return { target, secrets: someSecrets };
    },
    loadBundle: (folder) => {
      if (folder === "broken") throw new UserError([{ where: folder, problem: "it is no bundle of pgstack", fix: "render one" }]);
      return { target, secrets: someSecrets };
    },
    check: async (of, secrets, options) => {
      let clock = 0;
      return runCheck(of, secrets, options, {
        observe: async () => change?.(anObservation(of)) ?? anObservation(of),
        now: () => (clock += 100),
        sleep: async (ms) => void (clock += ms),
      });
    },
  });
  const io = {
    out: (text: string) => void (written.out += text),
    err: (text: string) => void (written.err += text),
    isTerminal,
    signal,
  };
  return { code: await runProgram(args, io, [command]), ...written };
}

describe("pgstack", () => {
  it.each([
    [["chekc"], "error: unknown command 'chekc'\n(Did you mean check?)\n  fix: see pgstack --help\n"],
    [["frobnicate"], "error: unknown command 'frobnicate'\n  fix: see pgstack --help\n"],
    [["--hlep"], "error: unknown option '--hlep'\n(Did you mean --help?)\n  fix: see pgstack --help\n"],
    [["check"], "error: option --stack or --bundle is missing\n  fix: see pgstack check --help\n"],
    [["check", "--stak", "test"], "error: unknown option '--stak'\n(Did you mean --stack?)\n  fix: see pgstack check --help\n"],
    [["check", "--stack"], "error: option '-s, --stack <name>' argument missing\n  fix: see pgstack check --help\n"],
    [["check", "--stack", "--json"], "error: option '-s, --stack <name>' argument missing\n  fix: see pgstack check --help\n"],
    [["check", "--stack="], "error: option '-s, --stack <name>' argument missing\n  fix: see pgstack check --help\n"],
    [["check", "--stack", "a", "-s", "b"], "error: option '-s, --stack <name>' is given twice\n  fix: see pgstack check --help\n"],
    [["check", "test"], "error: too many arguments for 'check'. Expected 0 arguments but got 1: test.\n  fix: see pgstack check --help\n"],
    [["check", "--stack", "test", "--json=yes"], "error: unknown option '--json=yes'\n  fix: see pgstack check --help\n"],
    [["check", "--stack", "test", "--constructor", "x"], "error: unknown option '--constructor'\n  fix: see pgstack check --help\n"],
    [
      ["check", "--stack", "a", "--bundle", "b"],
      "error: option '-b, --bundle <dir>' cannot be used with option '-s, --stack <name>'\n  fix: see pgstack check --help\n",
    ],
    [["check", "--bundle", "broken"], "error: broken: it is no bundle of pgstack\n  fix: render one\n"],
    [["check", "--stack", "nope"], "error: stack nope: there is no such stack\n  fix: list the stacks\n"],
  ])("refuses %j", async (args, err) => {
    expect(await pgstack(args)).toEqual({ code: 2, out: "", err });
  });

  it("says how a time is written", async () => {
    const { code, err } = await pgstack(["check", "--stack", "test", "--timeout", "30"]);
    expect(code).toBe(2);
    expect(err).toContain(`option '--timeout <time>' argument '30' is invalid. "30" is not a time`);
  });

  it("prints help where it is asked for, and where there is nothing to do", async () => {
    expect(await pgstack(["--help"])).toMatchObject({ code: 0, err: "" });
    expect((await pgstack(["--help"])).out).toMatch(/check \[options\] +verify that a deployed cluster/);
    expect(await pgstack([])).toMatchObject({ code: 2, out: "" });
    expect((await pgstack(["check", "--help"])).out).toContain("--timeout <time>");
  });

  it("documents every exit code", async () => {
    expect((await pgstack(["check", "--help"])).out).toMatchInlineSnapshot(`
      "Usage: pgstack check [options]

      Verifies a deployed cluster from outside, as its clients see it: leader and
      replicas, a row written through the pooler and read on every replica, which
      logins succeed, both routes, the exporters.

      Options:
        -s, --stack <name>  the Pulumi stack to look at
        -b, --bundle <dir>  the Compose bundle to look at, by its folder
        --timeout <time>    how long to wait for a healthy cluster, such as 30s or
                            2min (default: the stack's checkTimeout; 0s: a single
                            attempt)
        --json              print the report as JSON
        -h, --help          print this

      Exit codes:
          0  healthy, perhaps with warnings
          1  unexpected error
          2  mistake in the call, or the stack is not deployed, or <dir> is no bundle
         10  a node or the pooler does not answer
         11  replication
         12  routes of the pooler
         13  a login that fails or must not succeed
         14  exporters
         15  version or identity of a node
        130  interrupted

      With several failures the lowest code counts.
      "
    `);
  });

  it("looks at a bundle", async () => {
    const { code, out, err } = await pgstack(["check", "--bundle", "build/test"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^test: healthy/);
  });

  it("reports a healthy cluster", async () => {
    const { code, out, err } = await pgstack(["check", "--stack", "test"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^test: healthy/);
  });

  it.each([
    ["replica stopped", 10],
    ["replay paused", 11],
    ["write route leads elsewhere", 12],
    ["wrong password in the pooler", 13],
    ["exporter stopped", 14],
    ["another major version", 15],
    ["setting not applied", 0],
  ])("gives the exit code for %s: %i", async (fault, code) => {
    expect(await pgstack(["check", "--stack", "test", "--timeout", "1s"], { fault })).toMatchObject({ code });
  });

  it("prints JSON alone when asked for", async () => {
    const { code, out, err } = await pgstack(["check", "-s", "test", "--json", "--timeout=0s"], {
      fault: "replay paused",
      isTerminal: true,
    });
    expect({ code, err }).toEqual({ code: 11, err: "" });
    expect(JSON.parse(out)).toMatchObject({ ok: false, findings: [{ code: "replay-paused", node: "pg2" }] });
  });

  it("shows a person that it waits, in colour, and a log neither", async () => {
    const person = await pgstack(["check", "-s", "test", "--timeout", "1s"], { fault: "replay paused", isTerminal: true });
    expect(person.err).toContain("waiting for");
    expect(person.out).toContain("\u001B[31m");
    const log = await pgstack(["check", "-s", "test", "--timeout", "1s"], { fault: "replay paused" });
    expect(log.err).toBe("");
    expect(log.out).not.toContain("\u001B");
  });

  it("says when it was interrupted", async () => {
    const signal = AbortSignal.abort(new Error("SIGINT"));
    expect(await pgstack(["check", "-s", "test"], { signal })).toEqual({ code: 130, out: "", err: "interrupted\n" });
  });

  it("shows where an error of its own comes from", async () => {
    const broken: Subcommand = () => new Command("check").action(async () => Promise.reject(new TypeError("boom")));
    let err = "";
    const io = { out: () => undefined, err: (text: string) => void (err += text), isTerminal: false, signal: new AbortController().signal };
    expect(await runProgram(["check"], io, [broken])).toBe(1);
    expect(err).toMatch(/^unexpected error: TypeError: boom\n\s+at /);
  });
});

describe("loadStackCheck", () => {
  const { signal } = new AbortController();
  const outputs =
    (check: unknown): (() => Promise<string>) =>
    async () =>
      JSON.stringify({ writeUrl: "x", check });
  const failing =
    (code: string, stderr: string): (() => Promise<string>) =>
    async () =>
      Promise.reject(new ProgramError(code, stderr));

  it("asks Pulumi for the outputs with secrets", async () => {
    const calls: unknown[] = [];
    const loaded = await loadStackCheck("test", signal, async (program, args) => {
      calls.push([program, ...args]);
      return outputs({ target, secrets: someSecrets })();
    });
    expect(calls).toEqual([["pulumi", "stack", "output", "--stack", "test", "--json", "--show-secrets", "--non-interactive"]]);
    const { leader: _leader, readers: _readers, ...stored } = target;
    expect(loaded).toEqual({ target: stored, secrets: someSecrets });
  });

  it("reads a cluster without exporters", async () => {
    const { leader: _leader, readers: _readers, ...bare } = aTarget({ replicas: 0, exporters: false });
    const { target: read } = await loadStackCheck("test", signal, outputs({ target: bare, secrets: someSecrets }));
    expect(read).toEqual(bare);
  });

  it("takes from outputs of an older version no word of who leads", async () => {
    const { leader: _leader, readers: _readers, ...stored } = target;
    const nodes = stored.nodes.map((node) => ({ ...node, role: node.name === "pg1" ? "leader" : "replica", slot: node.name }));
    const older = { ...stored, leader: "pg1", rotation: ["pg2", "pg3"], nodes };
    const { target: read } = await loadStackCheck("test", signal, outputs({ target: older, secrets: someSecrets }));
    expect(read).toEqual(stored);
  });

  it.each([
    ["no such stack", failing("255", "error: no stack named 'test' found"), "stack test: there is no such stack"],
    ["no Pulumi", failing("ENOENT", ""), "stack test: `pulumi` was not found on PATH"],
    [
      "another failure",
      failing("255", "error: getting secrets manager: passphrase must be set\n\n"),
      "stack test: pulumi stack output failed: error: getting secrets manager: passphrase must be set",
    ],
    ["a stack that is not deployed", async () => "{}", "stack test: it has no output `check`: it is not deployed, or not completely"],
    [
      "outputs of another version",
      outputs({ target: { ...target, database: undefined }, secrets: { ...someSecrets, app: 5 } }),
      "stack test: its outputs are of another version: check.target.database, check.secrets.app",
    ],
  ])("says what to do about %s", async (_, run, message) => {
    const failure = loadStackCheck("test", signal, run);
    await expect(failure).rejects.toBeInstanceOf(UserError);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toThrow(/\n {2}fix: /);
  });

  it("does not print a value that it cannot read", async () => {
    const broken = outputs({ target, secrets: { ...someSecrets, app: ["top-secret"] } });
    await expect(loadStackCheck("test", signal, broken)).rejects.not.toThrow("top-secret");
  });
});
