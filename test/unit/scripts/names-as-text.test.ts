import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

const scripts = join(import.meta.dirname, "../../../scripts");

/** A project whose name holds a dot, which a regular expression takes for any character. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pgstack-names-"));
  mkdirSync(join(folder, "scripts"));
  cpSync(join(scripts, "lib"), join(folder, "scripts/lib"), { recursive: true });
  cpSync(join(scripts, "clean-tests.sh"), join(folder, "scripts/clean-tests.sh"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: my.app\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a script in that project with a `docker` that lists these names and notes nothing else. */
function run(script: string, names: readonly string[] = []): string {
  const docker = join(folder, "docker");
  writeFileSync(docker, `#!/bin/sh\ncase "$*" in *--format*) printf '%s\\n' ${names.map((name) => `'${name}'`).join(" ")} ;; esac\n`);
  chmodSync(docker, 0o755);
  const { DOCKER_HOST: _, ...rest } = process.env;
  const env = { ...rest, PATH: `${folder}:${process.env["PATH"]}` };
  return execFileSync("bash", ["-euo", "pipefail", "-c", script, "bash", folder], { env, encoding: "utf8" });
}

describe("clean-tests.sh", () => {
  it("removes what belongs to stacks of tests of this project, whose name is compared as text", () => {
    const own = ["my.app-test1-pg1", "my.app-test"];
    const output = run('"$1/scripts/clean-tests.sh"', [
      ...own,
      "my-app-test1-pg1",
      "myXapp-test1-pg1",
      "my.app-staging-pg1",
      "a-my.app-test1",
    ]);
    const removed = [...new Set(output.split("\n").filter((line) => line.startsWith("removed ")))];
    expect(removed).toEqual(own.map((name) => `removed ${name}`));
  });
});

describe("use_stack_engine", () => {
  const read = '. "$1/scripts/lib/common.sh"; . "$1/scripts/lib/stack.sh"; STACK=a; use_stack_engine; echo "${DOCKER_HOST:-local}"';

  it.each([
    ["my.app:dockerHost: ssh://db", "ssh://db"],
    ['pgstack:dockerHost: "tcp://db:2375" # there', "tcp://db:2375"],
    ["dockerHost: ssh://db", "ssh://db"],
    ["myXapp:dockerHost: ssh://other", "local"],
    ["# pgstack:dockerHost: ssh://db", "local"],
    ["pgstack:dockerHost: unix:///var/run/docker.sock", "local"],
    ['"my.app:dockerHost": ssh://db', "ssh://db"],
  ])("reads %j as %s", (line, host) => {
    writeFileSync(join(folder, "Pulumi.a.yaml"), `config:\n  ${line}\n`);
    expect(run(read)).toBe(`${host}\n`);
  });

  it.each([
    ["dockerHost: ssh://db", "ssh://db"],
    ["pgstack:dockerHost: { value: tcp://db:2375 } # there", "tcp://db:2375"],
    ["dockerHost: { type: string, default: ssh://db, description: where }", "ssh://db"],
    ["dockerHost:\n    type: string\n    default: ssh://db", "ssh://db"],
    ["dockerHost:\n    type: string\n  other:\n    default: ssh://db", "local"],
  ])("reads %j of Pulumi.yaml as %s, unless the stack has its own", (line, host) => {
    writeFileSync(join(folder, "Pulumi.yaml"), `name: my.app\nconfig:\n  ${line}\n`);
    writeFileSync(join(folder, "Pulumi.a.yaml"), "config: {}\n");
    expect(run(read)).toBe(`${host}\n`);
    writeFileSync(join(folder, "Pulumi.a.yaml"), "config:\n  dockerHost: ssh://own\n");
    expect(run(read)).toBe("ssh://own\n");
  });
});
