import { findingKinds } from "./finding-kinds.ts";
import type { FindingKind, Severity } from "./finding-kinds.ts";

/** Stable name of a finding. */
export type FindingCode = keyof typeof findingKinds;

/** Something that is not as declared. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Undefined when it concerns several nodes or none. */
  readonly node: string | undefined;
  readonly observed: string;
  readonly expected: string;
  readonly action: string;
}

/** What is known about a finding of this code. */
export function kindOf(code: FindingCode): FindingKind {
  return findingKinds[code];
}

/** Whether a finding is there to stay, so that waiting is pointless. */
export function isDefinite({ code, severity }: Finding): boolean {
  return severity === "error" && kindOf(code).definite === true;
}
