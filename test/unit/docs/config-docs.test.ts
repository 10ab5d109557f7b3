import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Ajv } from "ajv";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { configPage, example, groups } from "../../../scripts/docs/config-page.ts";
import { stackFileSchema } from "../../../scripts/docs/stack-file-schema.ts";
import { configKeys } from "../../../src/config/parse.ts";
import { ownedSettings } from "../../../src/plan/owned-settings.ts";
import { legalKeys } from "../../../testing/config-arbitrary.ts";
import { aPlan, readStackFile, root, stacks } from "../../../testing/stacks.ts";

/** It takes a while: once for all. */
const page = configPage();
const stale = "stale: run npm run docs";
const read = (name: string): string => readFileSync(`${root}/${name}`, "utf8");
const isValid = new Ajv({ strict: true, strictTypes: false, formats: { ipv4: true, uri: true } }).compile(stackFileSchema());

/** What the JSON schema objects to in a stack file with these config keys, as `path: message`. */
function objections(config: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}): string[] {
  isValid({ config, ...more });
  return (isValid.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}

describe("docs/config.md", () => {
  it("is what the schema says", () => {
    expect(read("docs/config.md"), stale).toBe(page);
  });

  it("has every key once, mappings key by key", () => {
    expect(groups.flatMap(([, keys]) => keys).toSorted()).toEqual(configKeys.toSorted());
    const rows = [...page.matchAll(/^\| `([a-z][A-Za-z.<>]*)` \| (?:text|whole number|number|true or false|list|mapping) \|/gm)].map(
      ([, key]) => key,
    );
    expect(new Set(rows).size).toBe(rows.length);
    expect(rows).toHaveLength(114);
    expect(rows).toEqual(expect.arrayContaining(["replicas", "settings", "pooler.poolSize", "ports.pooler", "images.postgres"]));
  });

  it("gives each key a type, what is allowed, and a description", () => {
    const cells = page
      .split("\n")
      .filter((line) => /^\| `[^`]+` \|.*\|.*\|.*\|.*\|$/.test(line))
      .map((line) => line.split(/ ?(?<!\\)\| ?/).slice(1, -1));
    expect(cells).toHaveLength(114);
    for (const row of cells) {
      expect(row, row[0]).toHaveLength(5);
      for (const cell of row) expect(cell.trim(), row[0]).not.toBe("");
    }
  });

  it("shows defaults and ranges", () => {
    expect(page).toContain("| `replicas` | whole number | `1` | 0 to 15 | Read replicas. With 0, reads go to the leader. |");
    expect(page).toContain("| `pooler.reserveTimeout` | text | `3s` | a time such as 30s, 2min or 1h |");
    expect(page).toContain("| `exporters` | true or false | `true` | `true`, `false` |");
  });

  it("names every owned setting", () => {
    for (const [name, reason] of Object.entries(ownedSettings)) expect(page).toContain(`| \`${name}\` | ${reason} |`);
  });

  it("has an example that plans", () => {
    expect(aPlan(example).nodes.map(({ name, hostPort }) => [name, hostPort])).toEqual([
      ["pg1", 35_432],
      ["pg2", 35_433],
      ["pg3", 35_434],
    ]);
    expect(objections(Object.fromEntries(Object.entries(example).map(([key, value]) => [`pgstack:${key}`, value])))).toEqual([]);
  });
});

describe("docs/config.schema.json", () => {
  it("is what the schema says", () => {
    expect(read("docs/config.schema.json"), stale).toBe(`${JSON.stringify(stackFileSchema(), null, 2)}\n`);
  });

  it("is draft 7", () => {
    expect(stackFileSchema()["$schema"]).toBe("http://json-schema.org/draft-07/schema#");
  });

  it.each(stacks)("accepts Pulumi.%s.yaml, which names it in its first line", (stack) => {
    expect(isValid(readStackFile(stack)), JSON.stringify(isValid.errors)).toBe(true);
    expect(read(`Pulumi.${stack}.yaml`).split("\n")[0]).toBe("# yaml-language-server: $schema=docs/config.schema.json");
  });

  it.each([
    ["an empty config", {}],
    ["a number as text, as `pulumi config set` writes it", { "pgstack:replicas": "4" }],
    ["a number", { "pgstack:replicas": 4 }],
    ["a fraction as text", { "pgstack:cpus": "1.5" }],
    ["a switch as text", { "pgstack:exporters": "false" }],
    ["keys of other packages", { "aws:region": "eu-central-1", "docker:host": { any: "thing" } }],
    ["settings of every type", { "pgstack:settings": { work_mem: "8MB", jit: false, "auto_explain.log_min_duration": 100 } }],
  ])("accepts %s", (_what, config) => {
    expect(objections(config)).toEqual([]);
  });

  it("accepts every config that plans", () => {
    fc.assert(
      fc.property(legalKeys, (keys) => {
        expect(aPlan(keys).stack).toBe("test");
        expect(objections(Object.fromEntries(Object.entries(keys).map(([key, value]) => [`pgstack:${key}`, value])))).toEqual([]);
      }),
    );
  });

  it("accepts what Pulumi itself writes next to the config", () => {
    expect(objections({}, { encryptionsalt: "v1:x", secretsprovider: "passphrase", encryptedkey: "x", environment: ["dev"] })).toEqual([]);
  });

  it.each([
    ["an unknown key", { "pgstack:replica": 1 }, "/config: must NOT have additional properties"],
    ["a key without a namespace", { replicas: 1 }, "/config: must NOT have additional properties"],
    ["an unknown key in a mapping", { "pgstack:pooler": { size: 1 } }, "/config/pgstack:pooler: must NOT have additional properties"],
    ["a number out of range", { "pgstack:replicas": 16 }, "/config/pgstack:replicas: must be <= 15"],
    ["text for a number", { "pgstack:replicas": "many" }, '/config/pgstack:replicas: must match pattern "^\\d+$"'],
    [
      "a nested number as text, which the program refuses too",
      { "pgstack:pooler": { poolSize: "30" } },
      "/config/pgstack:pooler/poolSize: must be integer",
    ],
    [
      "a word that is none of the allowed ones",
      { "pgstack:disk": "tape" },
      "/config/pgstack:disk: must be equal to one of the allowed values",
    ],
    [
      "a size without a unit",
      { "pgstack:memory": "1024" },
      '/config/pgstack:memory: must match pattern "^\\d{1,12} ?(kB|MB|GB|TB|k|m|g)$"',
    ],
    ["a setting that is a list", { "pgstack:settings": { search_path: ["a"] } }, "/config/pgstack:settings/search_path: must be string"],
  ])("refuses %s", (_what, config, objection) => {
    expect(objections(config)).toContain(objection);
  });

  it("refuses what no stack file has at its top", () => {
    expect(objections({}, { confg: {} })).toEqual([": must NOT have additional properties"]);
  });
});

describe("scripts/generate-docs.ts", () => {
  let folder = "";
  const generate = (...args: readonly string[]): { status: number | null; stdout: string; stderr: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, "scripts/generate-docs.ts"), ...args], {
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };

  // A copy of what it reads, so that the checkout's own pages are not touched.
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pgstack-docs-"));
    for (const part of ["bench", "images", "scripts", "src", "package.json"])
      cpSync(`${root}/${part}`, join(folder, part), { recursive: true });
    symlinkSync(`${root}/node_modules`, join(folder, "node_modules"));
    mkdirSync(join(folder, "docs"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("writes all pages, then finds them current, and says which one is stale", () => {
    expect(generate("--check")).toEqual({
      status: 1,
      stdout: "",
      stderr: ["docs/config.md", "docs/config.schema.json", "docs/alerts.md", "docs/benchmarks.md"]
        .map((page) => `${page} is stale: run npm run docs\n`)
        .join(""),
    });
    expect(generate()).toEqual({
      status: 0,
      stdout: "wrote docs/config.md\nwrote docs/config.schema.json\nwrote docs/alerts.md\nwrote docs/benchmarks.md\n",
      stderr: "",
    });
    expect(generate("--check")).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(generate()).toEqual({ status: 0, stdout: "", stderr: "" });
    writeFileSync(join(folder, "docs/config.md"), `${page}x`);
    expect(generate("--check")).toEqual({ status: 1, stdout: "", stderr: "docs/config.md is stale: run npm run docs\n" });
  });
});
