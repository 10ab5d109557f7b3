import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";

import { loadBase } from "../../../src/cli/base-commit.ts";
import type { BaseCommit } from "../../../src/cli/base-commit.ts";
import { previewCommand } from "../../../src/cli/preview.ts";
import { runProgram } from "../../../src/cli/program.ts";
import { ProgramError } from "../../../src/cli/stack-outputs.ts";
import type { Deployed } from "../../../src/cli/stack-state.ts";
import { loadDeployed } from "../../../src/cli/stack-state.ts";
import type { Declared } from "../../../src/impact/declared.ts";
import type { StackKeys } from "../../../testing/stacks.ts";
import { root } from "../../../testing/stacks.ts";
import { aDeclared } from "../impact/fixtures.ts";

/** A checkout of its own: a repository with one commit, and the packages of this one by link. */
let checkout: string;

beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), "pgstack-preview-"));
  for (const entry of ["src", "templates", "images", "Pulumi.yaml", "package.json"]) {
    cpSync(join(root, entry), join(checkout, entry), { recursive: true });
  }
  writeFileSync(join(checkout, ".gitignore"), "node_modules\n");
  symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
  configure({ replicas: 1 });
  git("init", "--quiet", "--initial-branch=main");
  commit("base");
});
afterAll(() => rmSync(checkout, { recursive: true, force: true }));

function git(...args: readonly string[]): string {
  const identity = [
    "-c",
    "user.name=test",
    "-c",
    "user.email=test@example.com",
    "-c",
    "commit.gpgsign=false",
    "-c",
    "core.hooksPath=/dev/null",
  ];
  const { status, stdout, stderr } = spawnSync("git", [...identity, ...args], { cwd: checkout, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

function commit(tag: string): void {
  git("add", "--all");
  git("commit", "--quiet", "--message", tag);
  git("tag", tag);
}

function configure(keys: StackKeys, stack = "test"): void {
  const config = Object.fromEntries(Object.entries(keys).map(([key, value]) => [`pgstack:${key}`, value]));
  writeFileSync(join(checkout, `Pulumi.${stack}.yaml`), stringify({ config }));
}

/** What commits declare, each planned once by a process of its own. */
const bases = new Map<string, Promise<BaseCommit>>();

const loadBaseOnce: typeof loadBase = (folder, ref, stack, signal) => {
  const key = `${ref} ${stack}`;
  const base = bases.get(key) ?? loadBase(folder, ref, stack, signal);
  bases.set(key, base);
  return base;
};

interface Shown {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function preview(args: readonly string[], deployed?: () => Promise<Deployed | undefined>): Promise<Shown> {
  const written = { out: "", err: "" };
  const io = {
    out: (text: string) => void (written.out += text),
    err: (text: string) => void (written.err += text),
    isTerminal: false,
    signal: new AbortController().signal,
  };
  const world = { root: checkout, loadDeployed: deployed ?? (() => Promise.reject(new Error("Pulumi was asked"))), loadBase: loadBaseOnce };
  return { code: await runProgram(["preview", ...args], io, [previewCommand(world)]), ...written };
}

describe("pgstack preview --base", () => {
  it("compares the working tree with a commit, without state", async () => {
    configure({ replicas: 1, settings: { work_mem: "16MB", shared_buffers: "300MB" } });
    const { code, out, err } = await preview(["--stack", "test", "--base", "base"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^test, compared with commit base \([0-9a-f]{12}\)\nclients wait about 0\.6 s at most\n/);
    expect(out).toContain("reload\n  work_mem 4MB → 16MB\n  - on: pg1, pg2");
    expect(out).toContain(
      "restart of replicas first, then leader inside a pause\n  shared_buffers 256MB → 300MB\n  - in this order: pg2, pg1",
    );
    const json = JSON.parse((await preview(["-s", "test", "--base", "base", "--json"])).out) as { items: { class: string }[] };
    expect(json.items.map((item) => item.class)).toEqual(["reload", "restart"]);
    expect((await preview(["-s", "test", "--base", "base", "--markdown"])).out).toContain("- `work_mem 4MB → 16MB`");
  });

  it("renders the commit by its own code, not by this one's", async () => {
    configure({ replicas: 1 });
    const file = join(checkout, "src/plan/pgbouncer-defaults.ts");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace('["server_check_delay", 10,', '["server_check_delay", 20,'));
    commit("other-code");
    writeFileSync(file, text);
    // This test's own code is the checkout that it runs from: the same as at `base`.
    expect((await preview(["-s", "test", "--base", "base"])).out).toContain("nothing changes");
    expect((await preview(["-s", "test", "--base", "other-code"])).out).toContain(
      "reload\n  server_check_delay 20 → 10\n  - on: pgbouncer-1, pgbouncer-2",
    );
  });

  it("leaves the working tree and the repository as they are", async () => {
    const before = [git("status", "--porcelain"), git("worktree", "list"), git("rev-parse", "HEAD")];
    await loadBase(checkout, "base", "test", new AbortController().signal);
    expect([git("status", "--porcelain"), git("worktree", "list"), git("rev-parse", "HEAD")]).toEqual(before);
  });

  it("takes a stack that the commit has not as new", async () => {
    configure({}, "fresh");
    const { code, out } = await preview(["-s", "fresh", "--base", "base"]);
    expect({ code, out }).toEqual({ code: 0, out: "fresh, compared with nothing: the stack is new\nnothing changes\n" });
  });

  it("takes a stack's name with its organization and project", async () => {
    configure({ replicas: 1 });
    const { code, out } = await preview(["-s", "acme/pgstack/test", "--base", "base"]);
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/^test, compared with commit base/) });
    const other = await preview(["-s", "acme/other/test", "--base", "base"]);
    expect(other.code).toBe(2);
    expect(other.err).toContain('--stack: "acme/other/test" is a stack of the project other, this folder holds pgstack');
  });

  it("names what nothing reads, where it does not mix with what a script reads", async () => {
    writeFileSync(join(checkout, "Pulumi.fresh.yaml"), "config:\n  aws:region: eu-central-1\n");
    const { out, err } = await preview(["-s", "fresh", "--base", "base", "--json"]);
    expect(err).toBe("warning: Pulumi.fresh.yaml: aws:region: ignored, because pgstack reads the namespace pgstack only\n");
    expect(JSON.parse(out)).toMatchObject({ refused: false });
  });

  it("ends with its own code when something is refused", async () => {
    configure({ replicas: 1, locale: "en-US" });
    const fixed = await preview(["-s", "test", "--base", "base"]);
    expect(fixed.code).toBe(3);
    expect(fixed.out).toContain("refused, because indexes are built on it.");
    expect(fixed.out).toContain("fix: Set it back to C.UTF-8");
    configure({ replicas: 1, settings: { max_connections: 20 } });
    const unplanned = await preview(["-s", "test", "--base", "base", "--json"]);
    expect(unplanned.code).toBe(3);
    expect(JSON.parse(unplanned.out)).toMatchObject({
      refused: true,
      items: [
        { class: "refused", changes: ["Pulumi.test.yaml: pgstack:settings.max_connections"], way: expect.stringContaining("at least") },
      ],
    });
  });

  it("names a commit that is not there, and one that cannot be compared", async () => {
    configure({ replicas: 1 });
    expect(await preview(["-s", "test", "--base", "nowhere"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("commit nowhere: there is no such commit in this checkout"),
    });
    const program = join(checkout, "src/cli/program.ts");
    const text = readFileSync(program, "utf8");
    writeFileSync(program, text.replace(/previewCommand\(\),\s*/, ""));
    commit("too-old");
    writeFileSync(program, text);
    expect(await preview(["-s", "test", "--base", "too-old"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("commit too-old: its pgstack is of another version"),
    });
    configure({ replicas: "many" });
    commit("broken");
    configure({ replicas: 1 });
    expect(await preview(["-s", "test", "--base", "broken"])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/commit broken: it cannot be planned: [^]*use a whole number/),
    });
  });
});

describe("pgstack preview", () => {
  it("compares with the deployed state", async () => {
    configure({ replicas: 1 });
    const deployed = JSON.parse((await preview(["-s", "test", "--declared"])).out) as Declared;
    configure({ replicas: 1, settings: { max_connections: 90 } });
    const { code, out } = await preview(["--stack", "test"], () => Promise.resolve({ declared: deployed, unfinished: [] }));
    expect(code).toBe(0);
    expect(out).toContain("test, compared with the deployed state\n");
    expect(out).toContain("leader first, then replicas\n  max_connections 100 → 90\n  - in this order: pg1, pg2");
  });

  it("says that a stack is new", async () => {
    const { code, out } = await preview(["-s", "test"], () => Promise.resolve(undefined));
    expect({ code, out }).toEqual({ code: 0, out: "test, compared with nothing: the stack is new\nnothing changes\n" });
  });

  it("prints what it compares, without a secret", async () => {
    configure({ replicas: 1 });
    const { code, out } = await preview(["-s", "test", "--declared"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ version: 1, fixed: { locale: "C.UTF-8" }, settings: { work_mem: "4MB" } });
  });

  it.each([
    [[], "required option '-s, --stack <name>' not specified"],
    [["-s", "test", "--json", "--markdown"], "option '--markdown' cannot be used with option '--json'"],
    [["-s", "test", "--declared", "--json"], "option '--declared' cannot be used with option '--json'"],
    [["-s", "test", "--bass", "x"], "unknown option '--bass'\n(Did you mean --base?)"],
    [["-s", "none"], "Pulumi.none.yaml: there is no such stack file"],
  ])("%j is refused: %s", async (args, message) => {
    expect(await preview(args)).toMatchObject({ code: 2, out: "", err: expect.stringContaining(message) });
  });
});

describe("the deployed state", () => {
  const signal = new AbortController().signal;
  const stateOf =
    (...resources: readonly { readonly type: string; readonly inputs?: unknown }[]): (() => Promise<string>) =>
    () =>
      Promise.resolve(JSON.stringify({ deployment: { resources: resources.map((one) => ({ urn: `urn:${one.type}`, ...one })) } }));

  it("is read from an export, without secrets", async () => {
    const declared = aDeclared();
    const calls: string[][] = [];
    const run = (program: string, args: readonly string[]): Promise<string> => {
      calls.push([program, ...args]);
      return stateOf({ type: "pulumi:pulumi:Stack" }, { type: "pgstack:index:Changes", inputs: { declared } })();
    };
    expect(await loadDeployed("test", signal, run)).toEqual({ declared, unfinished: [] });
    expect(calls).toEqual([["pulumi", "stack", "export", "--stack", "test", "--non-interactive"]]);
  });

  it("names what the last deployment left half done", async () => {
    const resources = [
      {
        urn: "urn:pulumi:test::pgstack::pgstack:index:Changes::cluster-changes",
        type: "pgstack:index:Changes",
        inputs: { declared: aDeclared() },
      },
      {
        urn: "urn:pulumi:test::pgstack::pgstack:index:Restarts::cluster-restarts",
        type: "pgstack:index:Restarts",
        initErrors: ["refused"],
      },
      { urn: "urn:pulumi:test::pgstack::pgstack:index:Roles::cluster-roles", type: "pgstack:index:Restarts", initErrors: [] },
    ];
    const pending_operations = [
      { type: "updating", resource: { urn: "urn:pulumi:test::pgstack::pgstack:index:ConfigFiles::cluster-pg1-config" } },
    ];
    const run = (): Promise<string> => Promise.resolve(JSON.stringify({ deployment: { resources, pending_operations } }));
    expect(await loadDeployed("test", signal, run)).toMatchObject({ unfinished: ["pg1-config", "restarts"] });
  });

  it("of a stack without anything is none", async () => {
    expect(await loadDeployed("test", signal, () => Promise.resolve(JSON.stringify({ deployment: {} })))).toBeUndefined();
    expect(await loadDeployed("test", signal, stateOf({ type: "pulumi:pulumi:Stack" }))).toBeUndefined();
  });

  it.each([
    ["an earlier version", [{ type: "pgstack:index:Preflight" }], "no deployment of it with this version of pgstack has succeeded yet"],
    ["a later version", [{ type: "pgstack:index:Changes", inputs: { declared: { version: 2 } } }], "its state is of another version"],
  ])("of %s says what to do", async (_what, resources, problem) => {
    const message = await loadDeployed("test", signal, stateOf(...resources)).catch((error: Error) => error.message);
    expect(message).toContain(problem);
    expect(message).toContain("--base REF");
  });

  it("of a stack that does not exist says so", async () => {
    const run = (): Promise<string> => Promise.reject(new ProgramError("255", "error: no stack named 'test' found"));
    await expect(loadDeployed("test", signal, run)).rejects.toThrow("there is no such stack");
  });
});
