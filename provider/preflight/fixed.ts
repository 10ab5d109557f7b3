import type { PreflightInputs } from "./inputs.ts";

/** Changes of what is fixed once a cluster exists, each with the way that there is instead. */
export function fixedProblems(before: PreflightInputs, wanted: PreflightInputs): readonly string[] {
  const changes: readonly (readonly [key: string, was: string | number, is: string | number, why: string])[] = [
    [
      "dockerHost",
      before.host,
      wanted.host,
      "the cluster lives on that engine; this would leave it behind. Deploy another stack on the new engine and move the data",
    ],
    [
      "leader",
      before.leader,
      wanted.leader,
      "a leader changes by a switchover, not by its name alone: two nodes would accept writes, or none",
    ],
    [
      "subnet",
      before.network.subnet,
      wanted.network.subnet,
      "a network cannot change under running containers. `pulumi destroy` keeps the data; then deploy with the new subnet",
    ],
    [
      "postgresVersion",
      before.major,
      wanted.major,
      "the data directory belongs to that version; a major upgrade is not a change of version number",
    ],
    ["locale", before.locale, wanted.locale, "indexes are built on it. Deploy another stack with the new locale and move the data"],
  ];
  return changes
    .filter(([, was, is]) => was !== is)
    .map(([key, was, is, why]) => `pgstack:${key}: cannot change from ${was} to ${is}: ${why}. Set it back to ${was}`);
}
