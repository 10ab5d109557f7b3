import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { failed, seen } from "../../../src/check/observation.ts";
import type { CommandIo } from "../../../src/cli/command.ts";
import { runProgram } from "../../../src/cli/program.ts";
import type { StatusWorld } from "../../../src/cli/status.ts";
import { statusCommand } from "../../../src/cli/status.ts";
import type { StatusObservation } from "../../../src/status/observation.ts";
import { someSecrets } from "../check/fixtures.ts";
import { aLook, aLookWithoutPg3, aNode, aRoute, aStatus, noProcesses, processesOf, refused, target } from "./fixtures.ts";
import { aPage } from "./page-data.ts";

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command; `looks` are seen one after the other, and Ctrl-C follows the last. */
async function call(
  args: readonly string[],
  looks: readonly StatusObservation[] = [aLook(target)],
  over: Partial<CommandIo> = {},
): Promise<Ran> {
  const written = { out: "", err: "" };
  const interruption = new AbortController();
  let seenLooks = 0;
  const world: StatusWorld = {
    load: () => Promise.resolve({ target, secrets: someSecrets, report: { ok: true, durationMs: 400, findings: [] } }),
    loadBundle: () => ({ target, secrets: someSecrets }),
    observe: () => {
      const look = looks[seenLooks];
      seenLooks += 1;
      if (seenLooks === looks.length && args.some((arg) => arg.startsWith("--watch")))
        setImmediate(() => interruption.abort(new Error("SIGINT")));
      if (look === undefined) throw new Error("looked too often");
      return Promise.resolve(look);
    },
    gather: (source, refreshSeconds) => Promise.resolve(aPage({ refreshSeconds, status: { ...aStatus(), stack: source.target.stack } })),
  };
  const io: CommandIo = {
    out: (text) => void (written.out += text),
    err: (text) => void (written.err += text),
    isTerminal: false,
    signal: interruption.signal,
    ...over,
  };
  return { code: await runProgram(["status", ...args], io, [statusCommand(world)]), ...written };
}

const leader = target.nodes[0];
if (leader === undefined) throw new Error("no leader");

describe("pgstack status", () => {
  it("prints text, or JSON without any password, for a stack or a bundle", async () => {
    const text = await call(["--stack", "x"]);
    expect(text).toMatchObject({ code: 0, err: "" });
    expect(text.out).toContain("last deployment's check: healthy\n");
    const json = await call(["--bundle", "x", "--json"]);
    expect(JSON.parse(json.out)).toMatchObject({ stack: "test", ok: true, lastCheck: null, nodes: [{ name: "pg1" }, {}, {}] });
    for (const secret of Object.values(someSecrets)) expect(text.out + json.out).not.toContain(secret);
  });

  it.each([
    ["everything is fine", 0, aLook(target)],
    ["a node is silent", 10, aLookWithoutPg3(target)],
    ["the pooler is silent", 10, { ...aLook(target), processes: noProcesses(target) }],
    ["a process of the pooler is silent", 10, { ...aLook(target), processes: { ...processesOf(target), 2: failed(refused) } }],
    [
      "the leader is in recovery",
      11,
      { ...aLook(target), nodes: { ...aLook(target).nodes, pg1: seen(aNode(leader, { inRecovery: true })) } },
    ],
    ["a route is paused", 12, { ...aLook(target), processes: processesOf(target, { routes: [aRoute({ paused: true })] }) }],
  ] as const)("says by its exit code that %s: %i", async (_what, code, look) => {
    expect((await call(["--stack", "x"], [look])).code).toBe(code);
  });

  it("watches until Ctrl-C: one block after the other, one line of JSON each, or the whole screen", async () => {
    const looks = [aLook(target), aLookWithoutPg3(target)];
    const blocks = await call(["--stack", "x", "--watch", "0.5"], looks);
    expect(blocks).toMatchObject({ code: 130, err: "interrupted\n" });
    expect(blocks.out.match(/^test: .*$/gm)).toEqual(["test: ok, 2026-11-25 12:00:00 UTC", "test: 1 problem, 2026-11-25 12:00:00 UTC"]);
    const lines = (await call(["--stack", "x", "--watch=0.5", "--json"], looks)).out.trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { ok: boolean }).ok)).toEqual([true, false]);
    const screen = (await call(["--stack", "x", "--watch"], looks.slice(0, 1), { isTerminal: true, colour: false, columns: () => 60 })).out;
    expect(screen.startsWith("\u001B[Htest: ok")).toBe(true);
    expect(screen.endsWith("\u001B[J")).toBe(true);
    expect(screen).not.toContain("\u001B[3");
  });

  it.each([
    [["--stack", "x", "--watch", "0"], `option '--watch [seconds]' argument '0' is invalid. "0" is not a number between 0.5 and 3600`],
    [
      ["--stack", "x", "--watch=soon"],
      `option '--watch [seconds]' argument 'soon' is invalid. "soon" is not a number between 0.5 and 3600`,
    ],
    [["--watch"], "option --stack or --bundle is missing"],
    [["--stack", "x", "--html", "x.html", "--json"], "option '--html <file>' cannot be used with option '--json'"],
    [["--stack", "x", "--html", "x.html", "--serve"], "option '--serve' cannot be used with option '--html <file>'"],
    [["--stack", "x", "--serve", "--watch"], "option '--serve' cannot be used with option '--watch [seconds]'"],
    [["--stack", "x", "--port", "80"], "option --port goes with --serve"],
    [
      ["--stack", "x", "--serve", "--port", "65536"],
      `option '--port <n>' argument '65536' is invalid. "65536" is not a number between 0 and 65535`,
    ],
  ])("refuses %j", async (args, message) => {
    expect(await call(args)).toMatchObject({ code: 2, out: "", err: `error: ${message}\n  fix: see pgstack status --help\n` });
  });

  it("writes a page, which it is silent about", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pgstack-test-status-"));
    const file = join(folder, "status.html");
    expect(await call(["--stack", "x", "--html", file])).toEqual({ code: 0, out: "", err: "" });
    expect(readFileSync(file, "utf8")).toContain("<!doctype html>");
    rmSync(folder, { recursive: true });
  });

  it("serves a page until Ctrl-C, and prints where", async () => {
    const interruption = new AbortController();
    let url = "";
    const out = (text: string): void => {
      url = text.trim();
      void fetch(url)
        .then(async (answer) => (page = await answer.text()))
        .finally(() => interruption.abort(new Error("SIGINT")));
    };
    let page = "";
    const served = await call(["--stack", "x", "--serve", "--port", "0"], [], { out, signal: interruption.signal });
    expect(served.code).toBe(130);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect(page).toContain("renewed every 10 s");
    await expect(fetch(url)).rejects.toThrow();
  });
});
