import { fixedProblems as fixedChanges, renamed } from "../../src/impact/fixed.ts";
import type { Fixed } from "../../src/impact/fixed.ts";
import type { PreflightInputs } from "../../resources/preflight.ts";

/** A renamed stack, and changes of what is fixed once a cluster exists, each with what to do instead. */
export function fixedProblems(before: PreflightInputs, wanted: PreflightInputs): readonly string[] {
  // All other names follow from this one.
  if (before.prefix !== wanted.prefix)
    return [
      `the stack's name on the engine: cannot change from ${before.prefix} to ${wanted.prefix}: refused, because ${renamed.why}. ${renamed.way(before.prefix)}`,
    ];
  return fixedChanges(fixedOf(before), fixedOf(wanted)).map(
    ({ key, was, is, why, way }) => `pgstack:${key}: cannot change from ${was} to ${is}: refused, because ${why}. ${way}`,
  );
}

function fixedOf({ host, network, major, locale }: PreflightInputs): Fixed {
  return { dockerHost: host, subnet: network.subnet, postgresVersion: major, locale };
}
