import type { Failure } from "../observation.ts";
import { failureText } from "../observation.ts";
import type { Severity } from "../finding-kinds.ts";
import type { FindingCode } from "../findings.ts";
import { placeText } from "../logins.ts";
import type { LoginProbe, Place } from "../logins.ts";
import type { CheckMonitoring, CheckTarget } from "../../target/target.ts";

/** One thing that is not as expected, before it is known which of them explains the others. */
export interface Symptom {
  readonly code: FindingCode;
  /** Undefined when it concerns the cluster as a whole. */
  readonly place: Place | undefined;
  readonly observed: string;
  readonly expected: string;
  /** Where the kind's own severity is too much. */
  readonly severity?: Severity;
  /** Role of a refused login. */
  readonly role?: LoginProbe["role"];
  /** Part of the monitoring that it is about. */
  readonly service?: keyof CheckMonitoring;
  /** Symptoms of one code and group become one finding, which lists their subjects. */
  readonly group?: { readonly key: string; readonly subject: string };
}

/** A node as a place. */
export function atNode(node: string): Place {
  return { kind: "node", node };
}

/** Whether two places are the same. */
export function isSamePlace(a: Place | undefined, b: Place | undefined): boolean {
  return a !== undefined && b !== undefined && placeKey(a) === placeKey(b);
}

/** A place as a key for maps. */
export function placeKey(place: Place): string {
  switch (place.kind) {
    case "node":
      return `node ${place.node}`;
    case "route":
      return `${place.route} route${place.database === undefined ? "" : ` ${place.database}`}`;
    case "console":
      return "console";
  }
}

/**
 * What a failed connection means: a refused login concerns the role, whichever observer tried it; everything else is about the
 * place that did not answer.
 */
export function connectionSymptom(
  target: CheckTarget,
  { failure, place, role }: { readonly failure: Failure; readonly place: Place; readonly role: LoginProbe["role"] },
): Symptom {
  return failure.kind === "refused"
    ? refusedSymptom(target, { failure, place, role })
    : { ...unanswered(place), place, observed: failureText(failure) };
}

/** A login that must work and did not. Places where the same role fails for the same reason become one finding. */
export function refusedSymptom(
  target: CheckTarget,
  { failure, place, role }: { readonly failure: Failure; readonly place: Place; readonly role: LoginProbe["role"] },
): Symptom {
  const user = role === "app" ? target.appUser : role.replace(/^user:/, "");
  return {
    code: "login-refused",
    place,
    role,
    observed: `${user} is refused at {subjects}: ${failureText(failure)}`,
    expected: `${user} can log in`,
    group: { key: role, subject: placeText(place, target) },
  };
}

function unanswered(place: Place): Pick<Symptom, "code" | "expected"> {
  switch (place.kind) {
    case "node":
      return { code: "node-unreachable", expected: "answers queries" };
    case "console":
      return { code: "pooler-unreachable", expected: "answers on its console" };
    case "route":
      return place.route === "write"
        ? { code: "write-route-failed", expected: "a write reaches the leader" }
        : { code: "read-route-failed", expected: "a read reaches a node in rotation" };
  }
}
