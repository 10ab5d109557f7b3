import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { parseStackName } from "../../../src/config/stack-name.ts";
import { userErrorOf, root } from "../../../testing/stacks.ts";

const noName = (given: string): string => `"${given}" is not the name of a stack`;

/** Name as given → the stack's own name. */
const accepted = [
  ["dev", "dev"],
  ["a.b-c_1", "a.b-c_1"],
  ["organization/dev", "dev"],
  ["acme/my.app/dev", "dev"],
] as const;

const refused = [
  ["acme/other/dev", '"acme/other/dev" is a stack of the project other, this folder holds my.app'],
  ["acme/myXapp/dev", '"acme/myXapp/dev" is a stack of the project myXapp, this folder holds my.app'],
  ["a/b/c/dev", noName("a/b/c/dev")],
  ["acme//dev", noName("acme//dev")],
  ["acme/", noName("acme/")],
  ["/dev", noName("/dev")],
  ["dev staging", noName("dev staging")],
  ["dev*", noName("dev*")],
] as const;

describe("a stack's name for ./pgstack", () => {
  it.each(accepted)("reads %s as %s", (given, name) => {
    expect(parseStackName(given, "my.app")).toEqual({ given, name });
  });

  it.each([...refused, ["", noName("")] as const])("refuses %j", (given, words) => {
    expect(userErrorOf(() => parseStackName(given, "my.app"))).toContain(words);
  });
});

describe("a stack's name for scripts", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pgstack-stack-name-"));
    cpSync(join(root, "scripts/lib"), join(folder, "scripts/lib"), { recursive: true });
    cpSync(join(root, "scripts/stack"), join(folder, "scripts/stack"), { recursive: true });
    writeFileSync(join(folder, "Pulumi.yaml"), "name: my.app\n");
    for (const [, name] of accepted) writeFileSync(join(folder, `Pulumi.${name}.yaml`), "config: {}\n");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const script = (text: string, ...args: readonly string[]): string =>
    execFileSync("bash", ["-euo", "pipefail", "-c", `cd "$1"; shift; ${text}`, "bash", folder, ...args], {
      encoding: "utf8",
      stdio: "pipe",
    });
  const read = '. scripts/lib/common.sh; . scripts/lib/stack.sh; require_stack "$1"; printf "%s %s" "$STACK_REF" "$STACK"';

  it.each(accepted)("reads %s as %s", (given, name) => {
    expect(script(read, given)).toBe(`${given} ${name}`);
  });

  it.each([...refused, ["acme/my.app/gone", "there is no stack gone: Pulumi.gone.yaml is missing"] as const])(
    "refuses %j",
    (given, words) => {
      expect(() => script(read, given)).toThrow(words);
    },
  );

  it.each([
    ["no stack named 'acme/my.app/dev' found", "the stack dev is not in this backend: nothing to destroy", 0],
    ["organization name must be 'organization'", "error: Pulumi cannot look for the stack acme/my.app/dev: organization name", 1],
  ])("asks for the stack as it was given, and takes %j for what it is", (said, words, code) => {
    const pulumi = `pulumi() { [[ " $* " == *" acme/my.app/dev "* ]] && echo "error: ${said}" >&2; return 6; }`;
    const { status, stdout, stderr } = spawnSync(
      "bash",
      ["-euo", "pipefail", "-c", `${read}; ${pulumi}; destroy_stack`, "bash", "acme/my.app/dev"],
      {
        cwd: folder,
        encoding: "utf8",
      },
    );
    expect(status).toBe(code);
    expect(stdout + stderr).toContain(words);
  });

  it.each(['"my.app"', "'my.app'", "my.app # ours", "my.app\r"])("reads the project's name from %j", (name) => {
    writeFileSync(join(folder, "Pulumi.yaml"), `name: ${name}\n`);
    expect(script(read, "acme/my.app/dev")).toBe("acme/my.app/dev dev");
  });

  it.each([
    ["acme/my.app/dev", ""],
    ["acme/my.app/dev", "a.b-c_1"],
    ["dev", "acme/my.app/dev"],
  ])("purges %s for its own name or the one given, not for %j", (given, confirm) => {
    const words = `this deletes all data of the stack dev. If that is meant: make purge STACK=${given} CONFIRM=dev`;
    expect(() => script('scripts/stack/purge.sh "$@"', given, confirm)).toThrow(words);
  });
});
