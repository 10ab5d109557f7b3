import type { Wait } from "./classes.ts";

/**
 * How long clients wait, in milliseconds. `make bench` measures these; the figures are of the reference machine in
 * docs/benchmarks.md (2 cores, a few MB of unwritten pages): the median of the longest wait of a statement in the scenario `changes`.
 */
export const measuredMs = {
  /** Writes through the pooler, from PAUSE to RESUME, while the leader's server restarts. */
  leaderRestart: 600,
  /** The same while the leader's container is replaced. */
  leaderReplace: 850,
  /** A login while the pooler's container is replaced, with clients that keep busy connections: those are waited for. */
  poolerReplace: 3000,
  /** From the stop of the listener's container, which holds the pooler's port, to the first login at the new one. */
  listenerReplace: 1050,
} as const;

const source = "make bench, docs/benchmarks.md";

/** No client waits. */
export const noWait: Wait = { ms: 0, text: "nothing", source: "" };

export const leaderRestartWait = pauseWait(measuredMs.leaderRestart);
export const leaderReplaceWait = pauseWait(measuredMs.leaderReplace);

export const poolerReplaceWait: Wait = {
  ms: measuredMs.poolerReplace,
  text: `logins wait about ${seconds(measuredMs.poolerReplace)}, once: less without busy connections, more while a transaction goes on`,
  source,
};

export const listenerReplaceWait: Wait = {
  ms: measuredMs.listenerReplace,
  text: `about ${seconds(measuredMs.listenerReplace)} until the pooler answers again`,
  source,
};

function pauseWait(ms: number): Wait {
  return { ms, text: `writes wait about ${seconds(ms)}, once; reads do not wait while there is a replica`, source };
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
