import { randomUUID } from "node:crypto";

import type { CheckSecrets, CheckTarget } from "../../target/target.ts";

/** What every observer of one pass shares. */
export interface ObserveContext {
  readonly target: CheckTarget;
  readonly secrets: CheckSecrets;
  /** A password that no role has. */
  readonly wrongPassword: string;
  readonly signal: AbortSignal;
  /** When the pass ends, on the clock of `performance.now()`. */
  readonly deadline: number;
}

/** Starts a pass that is over after `budgetMs`. */
export function startPass(
  target: CheckTarget,
  secrets: CheckSecrets,
  { budgetMs, signal }: { readonly budgetMs: number; readonly signal: AbortSignal },
): ObserveContext {
  return {
    target,
    secrets,
    wrongPassword: randomUUID(),
    signal,
    deadline: performance.now() + budgetMs,
  };
}

/** Time that is left in this pass, in milliseconds; 0 when it is over. */
export function remainingMs(context: ObserveContext): number {
  return Math.max(0, Math.ceil(context.deadline - performance.now()));
}
