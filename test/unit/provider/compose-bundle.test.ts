import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Context } from "../../../provider/kind.ts";
import { composeBundle } from "../../../provider/kinds/compose-bundle.ts";
import { bundlePrograms } from "../../../src/render/compose/programs.ts";

const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };

let base: string;
let folder: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "pgstack-kind-"));
  folder = join(base, "build/test");
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const inputs = (): Record<string, unknown> => ({
  folder,
  stack: "test",
  digests: { "compose.yaml": "0123456789ab" },
  files: { "compose.yaml": "name: test\n" },
  secretFiles: { "secrets/passwords.json": "{}\n" },
});

describe("the resource of a bundle", () => {
  it("writes, sees what was changed by hand, and puts it right", async () => {
    const outputs = await composeBundle.apply(context, inputs(), undefined);
    expect(outputs).toEqual({ drift: "" });
    const state = { ...inputs(), ...outputs };
    expect(statSync(join(folder, "secrets/passwords.json")).mode & 0o777).toBe(0o600);
    expect(await composeBundle.needsWork?.(context, state, inputs())).toBe(false);

    writeFileSync(join(folder, "compose.yaml"), "name: other\n");
    expect(await composeBundle.needsWork?.(context, state, inputs())).toBe(true);
    expect(await composeBundle.read?.(context, state)).toEqual({ drift: "compose.yaml was changed" });
    await composeBundle.apply(context, inputs(), state);
    expect(readFileSync(join(folder, "compose.yaml"), "utf8")).toBe("name: test\n");
  });

  it("has its program, which no input carries", async () => {
    const [[path, program] = ["", ""]] = Object.entries(bundlePrograms());
    const given = { ...inputs(), digests: { "compose.yaml": "0123456789ab", [path]: "0123456789ab" } };
    const state = { ...given, ...(await composeBundle.apply(context, given, undefined)) };
    expect(readFileSync(join(folder, path), "utf8")).toBe(program);
    expect(program.length).toBeGreaterThan(100_000);
    writeFileSync(join(folder, path), "");
    expect(await composeBundle.read?.(context, state)).toEqual({ drift: `${path} was changed` });
  });

  it("is written again where it is not there", async () => {
    const state = { ...inputs(), ...(await composeBundle.apply(context, inputs(), undefined)) };
    rmSync(folder, { recursive: true });
    expect(await composeBundle.needsWork?.(context, state, inputs())).toBe(true);
  });

  it("refuses a folder that holds something else before anything changes", async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "mine"), "x");
    expect(await composeBundle.check?.(context, undefined, inputs())).toEqual([
      `${folder}: it is not empty and holds no bundle of pgstack\n  fix: the deployment writes the stack's bundle there; move away what is in it`,
    ]);
    rmSync(join(folder, "mine"));
    expect(await composeBundle.check?.(context, undefined, inputs())).toEqual([]);
  });

  it("removes what it wrote and nothing else", async () => {
    const state = { ...inputs(), ...(await composeBundle.apply(context, inputs(), undefined)) };
    writeFileSync(join(folder, "mine"), "x");
    await composeBundle.remove?.(context, state);
    expect(existsSync(join(folder, "compose.yaml"))).toBe(false);
    expect(existsSync(join(folder, "secrets"))).toBe(false);
    expect(existsSync(join(folder, "mine"))).toBe(true);
  });
});
