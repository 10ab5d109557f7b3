import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { failureLines } from "../../../../src/agents/setup/failure.ts";
import { readSetup } from "../../../../src/agents/setup/read.ts";
import { setupFiles } from "../../../../src/agents/setup/spec.ts";
import { spec } from "./faked-cluster.ts";

const secrets = { verifiers: { app: "SCRAM-SHA-256$4096:fake" }, poolerPassword: "fake-password" };

describe("what setup reads", () => {
  let folder = "";
  const write = (name: string, content: string): void => writeFileSync(join(folder, name), content);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pgstack-setup-"));
    write(setupFiles.spec, JSON.stringify(spec));
    write(setupFiles.secrets, JSON.stringify(secrets));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is the spec and the secrets", () => {
    expect(readSetup(folder)).toEqual({ spec, secrets });
  });

  it("names a file that is missing", () => {
    rmSync(join(folder, setupFiles.spec));
    expect(() => readSetup(folder)).toThrow(/setup\.json: it cannot be read \(ENOENT\)\n {2}fix: render the bundle again/);
  });

  it.each([
    ['{ "verifiers": "fake-pass', "it is no JSON"],
    ['{ "verifiers": { "app": 7 }, "poolerPassword": "fake-password" }', "it is not what this program reads: verifiers.app"],
    ["[]", "it is not what this program reads: the whole"],
  ])("names what is wrong with %s, without a value of it", (content, problem) => {
    write(setupFiles.secrets, content);
    const message = messageOf(() => readSetup(folder));
    expect(message).toContain(problem);
    expect(message).not.toContain("fake-pass");
  });
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return failureLines(error).join("\n");
  }
  return "";
}

describe("what a failed setup says", () => {
  it("is one line for what is wrong and one for each thing to do", () => {
    const lines = failureLines(new Error("pg1: Connection terminated unexpectedly"));
    expect(lines[0]).toBe("FAILED: pg1: Connection terminated unexpectedly");
    expect(lines[1]).toContain("docker compose up -d --wait");
  });
});
