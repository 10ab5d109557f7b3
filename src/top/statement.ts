/** A statement as a node has counted it: plain data, without values. */
export interface Statement {
  readonly query: string;
  readonly database: string | null;
  readonly user: string | null;
  readonly calls: number;
  readonly totalMs: number;
  readonly meanMs: number;
  readonly maxMs: number;
  readonly rows: number;
  /** Blocks found in shared buffers, of all that it wanted; null when it wanted none. */
  readonly hitRatio: number | null;
  /** Time spent reading and writing blocks. */
  readonly ioMs: number;
}

/** What a node has counted. */
export interface TopStatements {
  readonly node: string;
  /** Since when it counts, in ISO 8601. */
  readonly since: string | null;
  /** Statements that it keeps. */
  readonly kept: number;
  /** Times that it has thrown the least used ones out to make room. */
  readonly evictions: number;
  readonly statements: readonly Statement[];
}

/** What statements are ordered by, largest first. */
export const topOrders = ["total", "mean", "calls", "io"] as const;
export type TopOrder = (typeof topOrders)[number];
