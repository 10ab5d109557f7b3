import type { ClusterObservation, LoginOutcome } from "../observation.ts";
import type { CheckTarget } from "../../target/target.ts";
import { connectionSymptom, refusedSymptom } from "./symptom.ts";
import type { Symptom } from "./symptom.ts";

/** Who gets in where. */
export function accessSymptoms(target: CheckTarget, { logins }: ClusterObservation): readonly Symptom[] {
  return logins.flatMap((outcome) => ofLogin(target, outcome));
}

function ofLogin(target: CheckTarget, { probe, result }: LoginOutcome): readonly Symptom[] {
  const { place, role } = probe;
  if (probe.expect === "refused") {
    if (result.ok)
      return [
        {
          code: "login-accepted",
          place,
          observed: "accepted: {subjects}",
          expected: "these logins are refused",
          group: { key: "logins", subject: probe.key },
        },
      ];
    // No answer is no refusal: what does not answer is reported, so that nothing passes unproven.
    const { failure } = result;
    return isAnswer(failure.kind) ? [] : [connectionSymptom(target, { failure, place, role })];
  }
  if (result.ok) return [];
  const { failure } = result;
  // A server's own refusal for any reason (too many connections, no such database) is about the login; behind a
  // route it may as well be about the way to the server.
  return failure.kind === "error" && place.kind !== "route"
    ? [refusedSymptom(target, { failure, place, role })]
    : [connectionSymptom(target, { failure, place, role })];
}

function isAnswer(kind: "silent" | "starting" | "refused" | "error"): boolean {
  return kind === "refused" || kind === "error";
}
