/**
 * One problem a user can fix: where it is, what is wrong (with the value, never a secret) and what to do.
 */
export interface Problem {
  /** Where: `Pulumi.staging.yaml: pgstack:replicas`, a file with a line, a node. */
  readonly where: string;
  /** What is wrong, quoting the value. */
  readonly problem: string;
  /** What to do about it. */
  readonly fix: string;
}

/** Writes one problem as text: where and what on the first line, the fix on the second. */
export function formatProblem({ where, problem, fix }: Problem): string {
  return `${where}: ${problem}\n  fix: ${fix}`;
}

/** A mistake that the user can fix; printed without a stack trace. Carries every problem found. */
export class UserError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], heading?: string) {
    // Sorted by place, so that the same mistakes always print in the same order.
    const sorted = problems.toSorted((a, b) => a.where.localeCompare(b.where));
    super([...(heading === undefined ? [] : [heading]), ...sorted.map(formatProblem)].join("\n"));
    this.name = "UserError";
    this.problems = sorted;
  }
}

/** Marks a switch as exhaustive: a missing case fails the type check. */
export function assertNever(value: never, what: string): never {
  throw new Error(`unexpected ${what}: ${String(value)}`);
}
