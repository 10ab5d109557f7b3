import type { Failure } from "../observation.ts";
import { failureText } from "../observation.ts";
import type { Severity } from "../finding-kinds.ts";
import type { FindingCode } from "../findings.ts";
import { placeText } from "../logins.ts";
import { services } from "../../plan/names.ts";
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

/** The same for all processes of the pooler: what is wrong with several is one thing to report. */
export function withoutProcess(place: Place): string {
  if (place.kind === "console") return "console";
  return place.kind === "node"
    ? placeKey(place)
    : placeKey({ kind: place.kind, route: place.route, ...(place.database === undefined ? {} : { database: place.database }) });
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
      return `${place.route} route${place.database === undefined ? "" : ` ${place.database}`}${place.process === undefined ? "" : ` of ${place.process}`}`;
    case "console":
      return `console of ${place.process}`;
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
    : { ...unanswered(place), place, observed: `${processText(place)}${failureText(failure)}`, ...groupOf(place) };
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
    group: { key: role, subject: `${placeText(place, target)}${ofProcess(place)}` },
  };
}

/** Processes of the pooler that do not answer are one finding, which lists them. */
function groupOf(place: Place): Pick<Symptom, "group"> {
  return place.kind === "console" ? { group: { key: "processes", subject: services.pgbouncer(place.process) } } : {};
}

function processText(place: Place): string {
  if (place.kind === "console") return "{subjects}: ";
  return place.kind === "route" && place.process !== undefined ? `${services.pgbouncer(place.process)}: ` : "";
}

function ofProcess(place: Place): string {
  return place.kind === "route" && place.process !== undefined ? ` of ${services.pgbouncer(place.process)}` : "";
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
        : { code: "read-route-failed", expected: "a read reaches a node" };
  }
}
