import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { root } from "../../testing/stacks.ts";

const script = `${root}/templates/postgres/node.sh`;
const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;
if (!hasShellcheck && process.env["REQUIRE_SHELLCHECK"] !== "1") console.warn("shellcheck is not installed: node.sh is not linted");

describe("heartbeat.pl", () => {
  it("is a Perl script without syntax errors", () => {
    const { status, stderr } = spawnSync("perl", ["-c", `${root}/templates/postgres/heartbeat.pl`], { encoding: "utf8" });
    expect({ status, stderr: stderr.replace(/^.* (?=syntax OK)/, "") }).toEqual({ status: 0, stderr: "syntax OK\n" });
  });
});

describe("node.sh", () => {
  it("is a bash script without syntax errors", () => {
    const { status, stderr } = spawnSync("bash", ["-n", script], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it.skipIf(!hasShellcheck && process.env["REQUIRE_SHELLCHECK"] !== "1")("has nothing that shellcheck objects to", () => {
    const { status, stdout } = spawnSync("shellcheck", ["--norc", "--shell=bash", script], { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  });

  it("reads the variables that node.env sets and no others of that kind", () => {
    const set = readFileSync(`${root}/templates/postgres/node.env.liquid`, "utf8").matchAll(/^([A-Z_]+)=/gm);
    const own = ["PATH", "PGPASSFILE", "PGCONNECT_TIMEOUT", "PGAPPNAME", "PGSTACK_RECLONE", "EPOCHREALTIME"];
    const used = readFileSync(script, "utf8").matchAll(/\$\{?([A-Z_]+)\b/g);
    const names = [...used].map(([, name = ""]) => name).filter((name) => !own.includes(name));
    expect(new Set(names)).toEqual(new Set([...set].map(([, name = ""]) => name)));
  });

  it("never removes a directory that may hold a database", () => {
    const removals = readFileSync(script, "utf8").match(/^.*\brm\b.*$/gm) ?? [];
    expect(removals.filter((line) => !/^\s*(#|rm -rf "\$partial"$)/.test(line))).toEqual([]);
  });
});
