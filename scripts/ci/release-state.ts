/**
 * Writes what a release stores of pgstack's own resources, for the test that later versions read it:
 * `node scripts/ci/release-state.ts 0.2.0`.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { root, stackPlan, stacks } from "../../testing/stacks.ts";
import { storedInputs } from "../../testing/stored-state.ts";

/** Schemas look at types: what a file says does not count. */
const longest = 200;

const [version = ""] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error("usage: node scripts/ci/release-state.ts VERSION");

const state: Record<string, unknown> = {};
// One after the other: a recorder replaces the mocks of this process.
for (const stack of stacks) state[stack] = Object.fromEntries(await storedInputs(stackPlan(stack)));
const file = join(root, "test/fixtures/releases", `${version}.json`);
const cut = (_key: string, value: unknown): unknown =>
  typeof value === "string" && value.length > longest ? value.slice(0, longest) : value;
writeFileSync(file, `${JSON.stringify(state, cut, 2)}\n`);
console.log(`wrote ${file}`);
