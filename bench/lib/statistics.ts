/** The middle and the width of a few noisy measurements. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** @throws when there are no values: a missing measurement must not look like a number */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new Error("the median of no values");
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/**
 * The value that `share` of all values do not exceed (nearest rank).
 *
 * @param share - between 0 and 1, e.g. 0.99
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error("a percentile of no values");
  return value;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), count: values.length };
}

/** A value measured in one round. */
export interface InRound {
  readonly round: number;
  readonly value: number;
}

/** One ratio per round in which both were measured: what a machine does to both at that time cancels out. */
export function pairedRatios(values: readonly InRound[], baseline: readonly InRound[]): readonly number[] {
  const byRound = new Map(baseline.map(({ round, value }) => [round, value]));
  return values.flatMap(({ round, value }) => {
    const other = byRound.get(round);
    return other === undefined || other === 0 ? [] : [value / other];
  });
}

/** A straight line through points, by least squares. */
export interface Line {
  /** What one more of x adds to y. */
  readonly slope: number;
  readonly intercept: number;
  /** 1 when every point lies on the line. */
  readonly r2: number;
}

export function fitLine(points: readonly { readonly x: number; readonly y: number }[]): Line {
  if (new Set(points.map(({ x }) => x)).size < 2) throw new Error("a line needs two different points");
  const meanX = mean(points.map(({ x }) => x));
  const meanY = mean(points.map(({ y }) => y));
  const sxx = sum(points.map(({ x }) => (x - meanX) ** 2));
  const sxy = sum(points.map(({ x, y }) => (x - meanX) * (y - meanY)));
  const syy = sum(points.map(({ y }) => (y - meanY) ** 2));
  const slope = sxy / sxx;
  return { slope, intercept: meanY - slope * meanX, r2: syy === 0 ? 1 : sxy ** 2 / (sxx * syy) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
