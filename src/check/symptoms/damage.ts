import { valueOf } from "../observation.ts";
import type { DamageFacts } from "../observation.ts";
import type { CheckNode } from "../../target/target.ts";
import { atNode } from "./symptom.ts";
import type { Symptom } from "./symptom.ts";
import type { Look } from "../look.ts";

/** What servers themselves know to be damaged. */
export function damageSymptoms({ target, seen, leader }: Look): readonly Symptom[] {
  return target.nodes.flatMap((node) => {
    const damage = valueOf(seen.nodes[node.name])?.damage;
    return damage === undefined ? [] : ofNode(node, damage, leader?.damage);
  });
}

function ofNode(node: CheckNode, damage: DamageFacts, leader: DamageFacts | undefined): readonly Symptom[] {
  const place = atNode(node.name);
  const { archive, checksumFailures, hasChecksums } = damage;
  // Recorded in the leader's data, which replicas share: what it says of itself need not be said of each of them.
  const collations = damage.oldCollations.filter((database) => damage === leader || leader?.oldCollations.includes(database) !== true);
  return [
    ...(archive === undefined
      ? []
      : [
          {
            code: "archive-failing" as const,
            place,
            observed: `${archive.file} failed at ${archive.at}, and nothing was archived since; ${archive.failures} failures`,
            expected: "archive_command succeeds",
          },
        ]),
    ...(checksumFailures.length === 0
      ? []
      : [
          {
            code: "checksum-failures" as const,
            place,
            observed: checksumFailures
              .map(({ database, failures, last }) => `${database === "" ? "shared tables" : database}: ${failures}, last at ${last}`)
              .join("; "),
            expected: "no page fails its checksum",
          },
        ]),
    ...(hasChecksums
      ? []
      : [{ code: "checksums-off" as const, place, observed: "data_checksums is off", expected: "data_checksums is on" }]),
    ...(collations.length === 0
      ? []
      : [
          {
            code: "collation-differs" as const,
            place,
            observed: collations.join(", "),
            expected: "the collation version that the database was created with",
          },
        ]),
  ];
}
