import type { ClusterObservation } from "../observation.ts";
import { valueOf } from "../observation.ts";
import type { CheckTarget } from "../../target/target.ts";
import { atNode } from "./symptom.ts";
import type { Symptom } from "./symptom.ts";

/** Databases and users at the leader that are not as declared. Other symptoms cover what could not be queried. */
export function declaredSymptoms(target: CheckTarget, { declared }: ClusterObservation): readonly Symptom[] {
  return (valueOf(declared) ?? []).map((line): Symptom => {
    const code = /^(role|user|monitoring) /.test(line) ? "role-differs" : "database-differs";
    return {
      code,
      place: atNode(target.leader),
      observed: "{subjects}",
      expected: code === "role-differs" ? "roles and their rights are as declared" : "databases are as declared",
      group: { key: code, subject: line },
    };
  });
}
