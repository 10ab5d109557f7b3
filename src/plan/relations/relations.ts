import type { ClusterConfig } from "../../config/schema.ts";
import { archiveProblems } from "./archive.ts";
import { connectionProblems } from "./connections.ts";
import { declaredProblems } from "./declared.ts";
import { imageProblems, versionProblems } from "./images.ts";
import { memoryProblems } from "./memory.ts";
import { monitoringProblems } from "./monitoring.ts";
import { addressProblems, clientNetworkProblems, portProblems, subnetProblems } from "./network.ts";
import { leaderProblems, processProblems, recloneProblems, replicationProblems, synchronousProblems } from "./nodes.ts";
import type { EffectiveSettings, KeyProblem } from "./problem.ts";
import { preloadProblems, settingProblems } from "./settings.ts";

/**
 * Rules that involve several keys: sums, sizes, names that must exist.
 *
 * @param effective - pgstack's defaults with the stack's `settings` on top
 */
export function relationProblems(config: ClusterConfig, effective: EffectiveSettings): readonly KeyProblem[] {
  return [
    ...leaderProblems(config),
    ...recloneProblems(config),
    ...processProblems(config),
    ...versionProblems(config),
    ...imageProblems(config),
    ...declaredProblems(config),
    ...settingProblems(config),
    ...connectionProblems(config, effective),
    ...replicationProblems(config, effective),
    ...memoryProblems(config, effective),
    ...archiveProblems(effective),
    ...portProblems(config),
    ...subnetProblems(config),
    ...clientNetworkProblems(config),
    ...addressProblems(config),
    ...preloadProblems(config),
    ...synchronousProblems(config),
    ...monitoringProblems(config),
  ];
}
