import { explanations } from "./explanations.ts";
import type { Explanation } from "./explanations.ts";
import type { Place } from "./logins.ts";
import { isSamePlace } from "./symptoms/symptom.ts";
import type { Symptom } from "./symptoms/symptom.ts";
import type { CheckTarget } from "../target/target.ts";

/** The symptoms that no other one explains. */
export function unexplained(target: CheckTarget, symptoms: readonly Symptom[]): readonly Symptom[] {
  return symptoms.filter((symptom) => !symptoms.some((cause) => cause !== symptom && isExplained(target, symptom, cause)));
}

function isExplained(target: CheckTarget, symptom: Symptom, cause: Symptom): boolean {
  return explanations.some(
    (rule) =>
      rule.causes.includes(cause.code) &&
      rule.hides.includes(symptom.code) &&
      // A warning must not hide an error.
      cause.severity !== "warning" &&
      counts(target, rule.when, cause) &&
      isAt[rule.at](symptom.place, cause, target),
  );
}

function counts(target: CheckTarget, when: Explanation["when"], { place, role }: Symptom): boolean {
  const node = place?.kind === "node" ? place.node : undefined;
  switch (when) {
    case undefined:
      return true;
    case "at the leader":
      return node === target.leader;
    case "at a node in rotation":
      return node !== undefined && target.rotation.includes(node);
    case "about monitoring":
      return role === "monitoring";
  }
}

const isAt: Readonly<Record<Explanation["at"], (place: Place | undefined, cause: Symptom, target: CheckTarget) => boolean>> = {
  "same place": (place, cause) => isSamePlace(place, cause.place),
  anywhere: () => true,
  "a node": (place) => place?.kind === "node",
  leader: (place, _cause, target) => place?.kind === "node" && place.node === target.leader,
  "write route": (place) => place?.kind === "route" && place.route === "write",
  "read route": (place) => place?.kind === "route" && place.route === "read",
  pooler: (place) => place?.kind === "route" || place?.kind === "console",
};
