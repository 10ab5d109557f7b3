import { fixedProblems as fixedChanges } from "../../src/impact/fixed.ts";
import type { Fixed } from "../../src/impact/fixed.ts";
import type { PreflightInputs } from "./inputs.ts";

/** Changes of what is fixed once a cluster exists, each with the way that there is instead. */
export function fixedProblems(before: PreflightInputs, wanted: PreflightInputs): readonly string[] {
  return fixedChanges(fixedOf(before), fixedOf(wanted)).map(
    ({ key, was, is, why, way }) => `pgstack:${key}: cannot change from ${was} to ${is}: refused, because ${why}. ${way}`,
  );
}

function fixedOf({ host, network, major, locale }: PreflightInputs): Fixed {
  return { dockerHost: host, subnet: network.subnet, postgresVersion: major, locale };
}
