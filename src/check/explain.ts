import { explanations } from "./explanations.ts";
import type { Explanation } from "./explanations.ts";
import type { Place } from "./logins.ts";
import { isSamePlace } from "./symptoms/symptom.ts";
import type { Symptom } from "./symptoms/symptom.ts";
import type { Look } from "./look.ts";

/** Who leads, and who is read from. */
type Who = Pick<Look, "reference" | "readers">;

/** The symptoms that no other one explains. */
export function unexplained(look: Who, symptoms: readonly Symptom[]): readonly Symptom[] {
  return symptoms.filter((symptom) => !symptoms.some((cause) => cause !== symptom && isExplained(look, symptom, cause)));
}

function isExplained(look: Who, symptom: Symptom, cause: Symptom): boolean {
  return explanations.some(
    (rule) =>
      rule.causes.includes(cause.code) &&
      rule.hides.includes(symptom.code) &&
      // A warning must not hide an error.
      cause.severity !== "warning" &&
      counts(look, rule.when, cause) &&
      isAt[rule.at](symptom.place, cause, look),
  );
}

function counts({ reference, readers }: Who, when: Explanation["when"], { place, role }: Symptom): boolean {
  const node = place?.kind === "node" ? place.node : undefined;
  switch (when) {
    case undefined:
      return true;
    case "at the leader":
      return node !== undefined && node === reference;
    case "at a node for reads":
      return node !== undefined && readers?.includes(node) === true;
    case "about monitoring":
      return role === "monitoring";
  }
}

/** What came through the port of all to a route may have come to the process that the cause is about. */
function isSameRoute(place: Place | undefined, cause: Place | undefined): boolean {
  if (place?.kind !== "route" || place.process !== undefined || cause?.kind !== "route" || cause.process === undefined) return false;
  return isSamePlace({ ...place, process: cause.process }, cause);
}

const isAt: Readonly<Record<Explanation["at"], (place: Place | undefined, cause: Symptom, who: Who) => boolean>> = {
  "same place": (place, cause) => isSamePlace(place, cause.place) || isSameRoute(place, cause.place),
  anywhere: () => true,
  "a node": (place) => place?.kind === "node",
  "write route": (place) => place?.kind === "route" && place.route === "write",
  "read route": (place) => place?.kind === "route" && place.route === "read",
  // What came through the port of all may have come to any of them.
  pooler: (place, { place: of }) =>
    (place?.kind === "route" || place?.kind === "console") &&
    (place.process === undefined || (of?.kind === "console" && of.process === place.process)),
};
