import { containerName } from "../../src/plan/names.ts";
import type { Context } from "../kind.ts";
import { goneBetween } from "../leftovers/inputs.ts";
import { previewedProblems } from "../leftovers/problems.ts";
import type { PreflightInputs } from "./inputs.ts";

/**
 * Databases and users that are gone from stack config and hold data. `Leftovers` asks the same before it drops anything; here
 * it is early enough that nothing else has changed: no route is gone yet.
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
