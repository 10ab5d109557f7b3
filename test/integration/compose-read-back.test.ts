import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { bundlePlan } from "../../src/plan/bundle.ts";
import { composeFile } from "../../src/render/compose/file.ts";
import { composeYaml } from "../../src/render/compose/yaml.ts";
import { run } from "../../testing/run.ts";
import { aPlan } from "../../testing/stacks.ts";

/** Compose itself reads what was rendered: many values in one file, since each reading is a process. */
describe("values in a Compose file", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pgstack-compose-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The values as Compose reads them, in an environment and in a command. */
  async function readBack(values: readonly string[]): Promise<{ readonly environment: readonly string[]; readonly command: unknown }> {
    const file = composeFile(bundlePlan(aPlan({ replicas: 0 })));
    const pooler = file.services["pooler"];
    if (pooler === undefined) throw new Error("no pooler");
    const environment = Object.fromEntries(values.map((value, index) => [`VALUE_${String(index).padStart(5, "0")}`, value]));
    const changed = { ...file, services: { ...file.services, pooler: { ...pooler, environment, command: values } } };
    writeFileSync(join(folder, "compose.yaml"), composeYaml(changed, "test"));
    const { code, stdout, stderr } = await run("docker", ["compose", "-f", join(folder, "compose.yaml"), "config", "--format", "json"]);
    if (code !== 0) throw new Error(stderr);
    // What it prints is a Compose file again, with its dollars doubled.
    const { services } = JSON.parse(stdout) as {
      readonly services: Record<string, { readonly environment: Record<string, string>; readonly command: readonly string[] }>;
    };
    const seen = services["pooler"];
    const undoubled = (text: string): string => text.replaceAll("$$", "$");
    return {
      environment: Object.keys(environment).map((key) => undoubled(seen?.environment[key] ?? "missing")),
      command: seen?.command.map(undoubled),
    };
  }

  it("survive whatever they are", async () => {
    const words = [
      ..."$HOME ${HOME} $$ $${x} a$ yes no on off y n ~ null true 1:30 1:30:30 012 0o14 0x1F 1_000 1e3 .inf 2026-01-02 << = ' \" \\ # ? : - { } [ ] & * ! | > % @ `".split(
        " ",
      ),
      "",
      " ",
      "it's",
      '"quoted"',
      "a: b",
      "a #b",
      "- a",
      "line\nbreak",
      "\nline\n\n",
      "cr\r\nlf",
      "tab\tbed",
      "back\\slash\\n",
      "${HOME:-x}",
      "${HOME:?missing}",
      "\u0001\u001b\u007f\u0085\u00a0\u2028\ufeff\uffff",
      "ÄÖ €😀",
      " leading",
      "trailing ",
      "long ".repeat(100),
    ];
    expect(await readBack(words)).toEqual({ environment: words, command: words });
  });

  it("survive when they are any text", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.string({ unit: "grapheme" }),
            fc.string({ unit: "binary" }),
            fc.string({ unit: fc.constantFrom("$", "{", "}", "'", '"', "\\", "\n", " ", ":", "#", "-", "a", "1") }),
          ),
          { minLength: 300, maxLength: 300 },
        ),
        async (texts) => {
          const values = texts.map((text) => text.replaceAll("\0", ""));
          expect(await readBack(values)).toEqual({ environment: values, command: values });
        },
      ),
      // Each run is a process and three hundred values.
      { numRuns: 10 },
    );
  });
});
