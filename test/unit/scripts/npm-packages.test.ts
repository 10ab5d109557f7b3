import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const folder = mkdtempSync(join(tmpdir(), "pgstack-npm-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("packages are not installed through a link: npm would delete another checkout's", () => {
  const [checkout, other] = [join(folder, "checkout"), join(folder, "other")];
  cpSync(join(root, "scripts"), join(checkout, "scripts"), { recursive: true });
  writeFileSync(join(checkout, "package-lock.json"), "{}");
  mkdirSync(join(other, "a-package"), { recursive: true });
  symlinkSync(other, join(checkout, "node_modules"));
  const script =
    '. scripts/lib/common.sh; . scripts/bootstrap/npm.sh; found() { :; }; installed() { :; }; with_lock() { shift; "$@"; }; step_npm';
  const { status, stderr } = spawnSync("bash", ["-c", script, join(checkout, "scripts/x.sh")], { cwd: checkout, encoding: "utf8" });
  expect(status, stderr).not.toBe(0);
  expect(stderr).toContain(`node_modules is a link to ${other}`);
  expect(existsSync(join(other, "a-package"))).toBe(true);
});
