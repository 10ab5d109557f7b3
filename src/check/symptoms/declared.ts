import { valueOf } from "../observation.ts";
import { atNode } from "./symptom.ts";
import type { Symptom } from "./symptom.ts";
import type { Look } from "../look.ts";

/** Databases and users at the leader that are not as declared. Other symptoms cover what could not be queried. */
export function declaredSymptoms({ seen, reference }: Look): readonly Symptom[] {
  return (valueOf(seen.declared) ?? []).map((line): Symptom => {
    const code = /^(role|user|monitoring) /.test(line) ? "role-differs" : "database-differs";
    return {
      code,
      place: reference === undefined ? undefined : atNode(reference),
      observed: "{subjects}",
      expected: code === "role-differs" ? "roles and their privileges are as declared" : "databases are as declared",
      group: { key: code, subject: line },
    };
  });
}
