import type { Context } from "../kind.ts";
import { goneBetween } from "../leftovers/gone.ts";
import { previewedProblems } from "../leftovers/problems.ts";
import type { PreflightInputs } from "../../resources/preflight.ts";

/**
 * Databases and users that were removed from stack config and have data. `Leftovers` checks the same before it drops anything;
 * here nothing else has changed yet: no route is gone.
 */
export function removalProblems(
  context: Context,
  before: PreflightInputs | undefined,
  wanted: PreflightInputs,
): Promise<readonly string[]> {
  const { host, prefix, declared } = wanted;
  return previewedProblems(context, { host, prefix }, goneBetween(before?.declared, declared), declared);
}
