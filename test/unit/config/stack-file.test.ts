import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { ProjectFile } from "../../../src/config/project-file.ts";
import { readProjectFile } from "../../../src/config/project-file.ts";
import { encryptedValue } from "../../../src/config/secret-keys.ts";
import { readStackFile } from "../../../src/config/stack-file.ts";
import { rawConfig, root, stacks, userErrorOf } from "../../../testing/stacks.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pgstack-stack-file-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function aProject(name = "pgstack", config = ""): ProjectFile {
  writeFileSync(join(folder, "Pulumi.yaml"), `name: ${name}\n${config}`);
  return readProjectFile(folder);
}

function read(text: string): ReturnType<typeof readStackFile>["values"] {
  writeFileSync(join(folder, "Pulumi.test.yaml"), text);
  return readStackFile(join(folder, "Pulumi.test.yaml"), aProject(), "Pulumi.test.yaml").values;
}

describe("a stack file without Pulumi", () => {
  it.each(stacks)("gives the keys of %s as Pulumi does", (stack) => {
    expect(readStackFile(join(root, `Pulumi.${stack}.yaml`), aProject(), `Pulumi.${stack}.yaml`).values).toEqual(rawConfig(stack));
  });

  it("gives text as it is, and numbers, booleans, lists and mappings as JSON", () => {
    const text = `
config:
  pgstack:replicas: 3
  pgstack:cpus: "1.5"
  pgstack:exporters: false
  pgstack:extensions: [pg_trgm]
  pgstack:settings: { work_mem: 4MB, jit: off }
  database: app
  aws:region: eu-central-1
encryptionsalt: v1:x
`;
    expect(read(text)).toEqual({
      replicas: "3",
      cpus: "1.5",
      exporters: "false",
      extensions: '["pg_trgm"]',
      settings: '{"work_mem":"4MB","jit":"off"}',
      database: "app",
    });
  });

  it("reads both namespaces in a project of another name, as the program does", () => {
    const file = join(folder, "Pulumi.test.yaml");
    writeFileSync(file, "config:\n  pgstack:memory: 1GB\n  shop:replicas: 3\n");
    expect(readStackFile(file, aProject("shop"), "Pulumi.test.yaml").values).toEqual({ memory: "1GB", replicas: "3" });
  });

  it("names what nothing reads, as the program does", () => {
    const file = join(folder, "Pulumi.test.yaml");
    writeFileSync(file, "config:\n  pgstack:memory: 1GB\n  aws:region: eu-central-1\n");
    expect(readStackFile(file, aProject(), "Pulumi.test.yaml").ignored).toEqual([
      "Pulumi.test.yaml: aws:region: ignored, because pgstack reads the namespace pgstack only",
    ]);
  });

  it.each([
    ["a value for all stacks", "pgstack:replicas: 2", { replicas: "2" }],
    ["a value without a namespace", "replicas: 2", { replicas: "2" }],
    ["a default of a declared key", "replicas: { type: integer, default: 3 }", { replicas: "3" }],
    ["a value in a mapping", "pgstack:ports: { value: { pooler: 7432 } }", { ports: '{"pooler":7432}' }],
    ["a list", "extensions: [pg_trgm]", { extensions: '["pg_trgm"]' }],
    ["a key that the stack has, in another form", "memory: 4GB", {}],
    ["a key that is declared and has no value", "database: { type: string }", {}],
  ])("takes %s from the project's file", (_what, line, more) => {
    const file = join(folder, "Pulumi.test.yaml");
    writeFileSync(file, "config:\n  pgstack:memory: 1GB\n");
    const project = aProject("pgstack", `config:\n  ${line}\n`);
    expect(readStackFile(file, project, "Pulumi.test.yaml").values).toEqual({ memory: "1GB", ...more });
  });

  it.each([
    ["name: a: b", "Pulumi.yaml: it cannot be read: Nested mappings are not allowed"],
    ["runtime: nodejs", "Pulumi.yaml: it names no project"],
    ["", "Pulumi.yaml: it names no project"],
  ])("says when the project's file is %j", (text, words) => {
    writeFileSync(join(folder, "Pulumi.yaml"), text);
    expect(userErrorOf(() => readProjectFile(folder))).toContain(words);
  });

  it("leaves a key that may hold a secret to those who can read it", () => {
    expect(read("config:\n  pgstack:alertWebhook:\n    secure: v1:abc\n")).toEqual({ alertWebhook: encryptedValue });
  });

  it.each([[""], ["config:\n"], ["encryptionsalt: v1:x\n"]])("has no keys in %j", (text) => {
    expect(read(text)).toEqual({});
  });

  it.each([
    ["config: 3", "Pulumi.test.yaml: config: it is not a mapping of keys\n  fix: write `config:` and the keys below it"],
    [
      "config:\n  pgstack:settings:\n    work_mem:\n      secure: v1:abc",
      "Pulumi.test.yaml: pgstack:settings: it is encrypted, and only Pulumi can read it\n  fix: use plain text: only alertWebhook and alertEmailPassword may be secret",
    ],
  ])("refuses %j", (text, message) => {
    expect(userErrorOf(() => read(text))).toBe(message);
  });

  it("refuses what is not YAML", () => {
    expect(userErrorOf(() => read("config: [1"))).toMatch(/^Pulumi\.test\.yaml: it is not YAML: .*line 1.*\n {2}fix: correct it$/);
  });

  it("says when there is no such file", () => {
    expect(userErrorOf(() => readStackFile(join(folder, "x"), aProject(), "Pulumi.x.yaml"))).toBe(
      "Pulumi.x.yaml: there is no such stack file\n  fix: name a stack that has one",
    );
  });
});
