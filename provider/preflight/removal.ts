import { containerName } from "../../src/plan/names.ts";
import type { Context } from "../kind.ts";
import { goneBetween } from "../leftovers/inputs.ts";
import { previewedProblems } from "../leftovers/problems.ts";
import type { PreflightInputs } from "./inputs.ts";

/**
 * Databases and users that were removed from stack config and have data. `Leftovers` checks the same before it drops anything;
 * here nothing else has changed yet: no route is gone.
 */
export function removalProblems(
  context: Context,
  before: PreflightInputs | undefined,
  wanted: PreflightInputs,
): Promise<readonly string[]> {
  const { host, prefix, leader, declared } = wanted;
  if (declared === undefined) return Promise.resolve([]);
  return previewedProblems(context, { host, container: containerName(prefix, leader) }, goneBetween(before?.declared, declared), declared);
}
