import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";

import { loadBundleCheck } from "../../../src/cli/bundle-check.ts";
import { runProgram } from "../../../src/cli/program.ts";
import { renderCommand } from "../../../src/cli/render.ts";
import type { StackKeys } from "../../../testing/stacks.ts";
import { root, userErrorOf } from "../../../testing/stacks.ts";

let project: string;
let out: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "pgstack-render-"));
  out = join(project, "out");
  symlinkSync(join(root, "images"), join(project, "images"));
  symlinkSync(join(root, "Pulumi.yaml"), join(project, "Pulumi.yaml"));
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

function configure(keys: StackKeys): void {
  const config = Object.fromEntries(Object.entries(keys).map(([key, value]) => [`pgstack:${key}`, value]));
  writeFileSync(join(project, "Pulumi.test.yaml"), stringify({ config }));
}

async function render(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const written = { out: "", err: "" };
  const io = {
    out: (text: string) => void (written.out += text),
    err: (text: string) => void (written.err += text),
    isTerminal: false,
    signal: new AbortController().signal,
  };
  return { code: await runProgram(["render", ...args], io, [renderCommand(project)]), ...written };
}

/** Path → text of everything in the bundle. */
function contents(): Record<string, string> {
  const entries = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    entries.map(({ parentPath, name }) => [join(parentPath, name).slice(out.length + 1), readFileSync(join(parentPath, name), "utf8")]),
  );
}

describe("pgstack render", () => {
  it("writes a bundle without Pulumi, and the same bytes when nothing changed", async () => {
    configure({ replicas: 2 });
    expect(await render("--stack", "test", "--out", out)).toMatchObject({ code: 0, err: "" });
    const first = contents();
    expect(Object.keys(first)).toEqual(expect.arrayContaining(["compose.yaml", "README.md", "check.json", "secrets/passwords.json"]));
    expect(await render("-s", "test", "-o", out)).toMatchObject({ code: 0, err: "" });
    expect(contents()).toEqual(first);
  });

  it("reads what stacks share from Pulumi.yaml, and names what nothing reads", async () => {
    rmSync(join(project, "Pulumi.yaml"));
    writeFileSync(join(project, "Pulumi.yaml"), "name: pgstack\nconfig:\n  replicas: { type: integer, default: 2 }\n");
    writeFileSync(join(project, "Pulumi.test.yaml"), "config:\n  pgstack:memory: 1GB\n  aws:region: eu-central-1\n");
    expect(await render("--stack", "test", "--out", out)).toMatchObject({
      code: 0,
      err: "warning: Pulumi.test.yaml: aws:region: ignored, because pgstack reads the namespace pgstack only\n",
    });
    expect(Object.keys(contents())).toContain("config/pg3/postgresql.conf");
  });

  it("keeps the passwords when config changes, and removes the files of a node that is gone", async () => {
    configure({ replicas: 2 });
    await render("--stack", "test", "--out", out);
    const before = contents();
    configure({ replicas: 1, settings: { work_mem: "7MB" } });
    await render("--stack", "test", "--out", out);
    const after = contents();
    expect(after["secrets/passwords.json"]).toBe(before["secrets/passwords.json"]);
    expect(after["config/pg1/postgresql.conf"]).toContain("work_mem = '7MB'");
    expect(Object.keys(before).filter((path) => path.includes("/pg3/"))).not.toEqual([]);
    expect(Object.keys(after).filter((path) => path.includes("/pg3/"))).toEqual([]);
  });

  it("gives the check what it needs", async () => {
    configure({ replicas: 1 });
    await render("--stack", "test", "--out", out);
    const { target, secrets } = loadBundleCheck(out);
    expect(target).toMatchObject({
      stack: "test",
      listenerContainer: "pgstack-test-bundle-pooler",
      processes: [1, 2].map((number) => ({ number, port: 6432 + number, container: `pgstack-test-bundle-pgbouncer-${number}` })),
    });
    expect(target.nodes.map(({ container }) => container)).toEqual(["pgstack-test-bundle-pg1", "pgstack-test-bundle-pg2"]);
    expect(JSON.parse(readFileSync(join(out, "secrets/passwords.json"), "utf8"))).toMatchObject({ passwords: secrets });
    expect(statSync(join(out, "check.json")).mode & 0o777).toBe(0o600);
  });

  it("lists every problem of a stack file and writes nothing", async () => {
    configure({ replicas: "many", leeder: "pg1" });
    const { code, err } = await render("--stack", "test", "--out", out);
    expect(code).toBe(2);
    expect(err).toContain("did you mean `leader`?");
    expect(err).toContain("use a whole number");
    expect(readdirSync(project)).not.toContain("out");
  });

  it.each([
    [["--out", "x"], "error: required option '-s, --stack <name>' not specified\n  fix: see pgstack render --help\n"],
    [["--stack", "test"], "error: required option '-o, --out <dir>' not specified\n  fix: see pgstack render --help\n"],
    [["--stack", "nope", "--out", "x"], "error: Pulumi.nope.yaml: there is no such stack file\n  fix: name a stack that has one\n"],
  ])("refuses %j", async (args, err) => {
    expect(await render(...args)).toEqual({ code: 2, out: "", err });
  });

  it("refuses a folder with something else in it, and makes no passwords there", async () => {
    configure({});
    const { code, err } = await render("--stack", "test", "--out", project);
    expect(code).toBe(2);
    expect(err).toContain("it is not empty and holds no bundle of pgstack");
    expect(readdirSync(project)).not.toContain("secrets");
  });

  it("runs as a command with nothing but Node", () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(root, "src/cli/main.ts"), "render", "--stack", "staging", "--out", out],
      // Neither pulumi nor docker.
      { env: { PATH: "/nonexistent" }, encoding: "utf8" },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(Object.keys(contents())).toContain("compose.yaml");
  });
});

describe("a folder that is no bundle", () => {
  it("is named, with what to do", () => {
    expect(userErrorOf(() => loadBundleCheck(project))).toBe(
      `${project}: it is not a bundle of pgstack: it has no check.json\n  fix: render one: pgstack render --help`,
    );
  });

  it.each([
    ["{", "its check.json is not JSON"],
    ['{"secrets":{"app":"hunter2"}}', "its check.json is of another version: target, secrets.replicator"],
  ])("is named when its check.json is %s, without its content", (text, problem) => {
    writeFileSync(join(project, "check.json"), text);
    const message = userErrorOf(() => loadBundleCheck(project));
    expect(message).toContain(problem);
    expect(message).not.toContain("hunter2");
  });
});
