import { setTimeout as pause } from "node:timers/promises";

import { evaluate } from "./evaluate.ts";
import { isDefinite } from "./findings.ts";
import type { Finding } from "./findings.ts";
import type { ClusterObservation, LoginOutcome } from "./observation.ts";
import { observeCluster } from "./observe/cluster.ts";
import type { ObserveScope } from "./observe/cluster.ts";
import { startPass } from "./observe/context.ts";
import { reportOf } from "./result.ts";
import type { CheckReport } from "./result.ts";
import type { CheckSecrets, CheckTarget } from "../target/target.ts";

/** Time between two passes. */
const pollMs = 200;

/** Longest pass: what does not answer by then is asked again in the next one. */
const passMs = 5000;

/** Shortest pass: the last one before the deadline must still be able to find the cluster healthy. */
const lastPassMs = 1000;

const probeMs = 3000;

/** How a check reports that it is waiting. */
export interface CheckProgress {
  readonly attempt: number;
  readonly elapsedMs: number;
  readonly findings: readonly Finding[];
}

export interface CheckOptions {
  /** How long to wait for the cluster to become what was declared. @default the target's */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Called after each pass that found an error, with a line for users and the same as data. */
  readonly onProgress?: (message: string, progress: CheckProgress) => void;
}

/** One look at a cluster, for at most `budgetMs`. */
export type Observe = (
  target: CheckTarget,
  secrets: CheckSecrets,
  pass: ObserveScope & { readonly budgetMs: number; readonly signal: AbortSignal },
) => Promise<ClusterObservation>;

/** The world outside, which tests replace. */
export interface CheckWorld {
  readonly observe: Observe;
  /** A clock in milliseconds that never goes back. */
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

const realWorld: CheckWorld = {
  observe: async (target, secrets, { budgetMs, signal, ...scope }) =>
    observeCluster(startPass(target, secrets, { budgetMs, signal }), scope),
  now: () => performance.now(),
  sleep: async (ms, signal) => pause(ms, undefined, { signal }),
};

/**
 * Checks a cluster until nothing is wrong, a finding does not resolve by itself, or the time is over.
 *
 * @throws the signal's reason when aborted; nothing for anything that is wrong with the cluster.
 */
export async function runCheck(
  target: CheckTarget,
  secrets: CheckSecrets,
  options: CheckOptions = {},
  world: CheckWorld = realWorld,
): Promise<CheckReport> {
  const { timeoutMs = target.timeoutMs, signal = new AbortController().signal } = options;
  const started = world.now();
  const elapsed = (): number => world.now() - started;
  let earlier: readonly LoginOutcome[] = [];
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    const budgetMs = Math.min(passMs, Math.max(lastPassMs, timeoutMs - elapsed()));
    const scope = { traces: true, earlier, budgetMs, signal };
    const observation = await world.observe(target, secrets, scope);
    signal.throwIfAborted();
    const findings = evaluate(target, observation);
    if (isOver(findings) || elapsed() + pollMs >= timeoutMs)
      return reportOf(target, observation, { findings, attempts: attempt, durationMs: elapsed() });
    const progress = { attempt, elapsedMs: elapsed(), findings };
    options.onProgress?.(progressText(progress), progress);
    earlier = observation.logins;
    await world.sleep(pollMs, signal);
  }
}

function isOver(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity === "warning") || findings.some(isDefinite);
}

function progressText({ elapsedMs, findings }: CheckProgress): string {
  const waiting = findings
    .filter(({ severity }) => severity === "error")
    .map(({ code, node }) => (node === undefined ? code : `${code} ${node}`));
  return `waiting for ${(elapsedMs / 1000).toFixed(1)} s: ${waiting.join(", ")}`;
}

/** The result of a quick check. */
export type ProbeResult =
  | { readonly state: "healthy"; readonly findings: readonly Finding[] }
  | { readonly state: "broken"; readonly findings: readonly Finding[] }
  /** Nothing answers, so nothing can be said: the engine may be off. */
  | { readonly state: "unreachable" };

/**
 * Looks at a cluster once, for at most 3 s, and leaves no trace: no row, no login that must fail.
 * Healthy clusters may have warnings.
 */
export async function probe(
  target: CheckTarget,
  secrets: CheckSecrets,
  options: Pick<CheckOptions, "signal"> = {},
  world: Pick<CheckWorld, "observe"> = realWorld,
): Promise<ProbeResult> {
  const { signal = new AbortController().signal } = options;
  signal.throwIfAborted();
  const scope = { traces: false, earlier: [], budgetMs: probeMs, signal };
  const findings = evaluate(target, await world.observe(target, secrets, scope));
  signal.throwIfAborted();
  if (findings.some(({ code }) => code === "cluster-unreachable")) return { state: "unreachable" };
  const isHealthy = findings.every(({ severity }) => severity === "warning");
  return { state: isHealthy ? "healthy" : "broken", findings };
}
