import { describe, expect, it } from "vitest";

import { fitLine, median, pairedRatios, percentile, spread } from "../../../bench/lib/statistics.ts";

describe("median and percentile", () => {
  it("take the middle, whatever the order and the sign", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([10, 9, -1, 2])).toBe(5.5);
  });

  it("take the nearest rank", () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(percentile(values, 0.5)).toBe(100);
    expect(percentile(values, 0.99)).toBe(198);
    expect(percentile([7], 0.99)).toBe(7);
  });

  it("do not turn missing measurements into numbers", () => {
    expect(() => median([])).toThrow("no values");
    expect(() => percentile([], 0.5)).toThrow("no values");
  });

  it("give the width too", () => {
    expect(spread([2, 8, 4])).toStrictEqual({ median: 4, min: 2, max: 8, count: 3 });
  });
});

describe("pairedRatios", () => {
  it("compares within a round and leaves out rounds that one of the two does not have", () => {
    const own = [1, 2, 3].map((round) => ({ round, value: round * 10 }));
    const baseline = [3, 1].map((round) => ({ round, value: 5 }));
    expect(pairedRatios(own, baseline)).toStrictEqual([2, 6]);
    expect(pairedRatios(own, [{ round: 1, value: 0 }])).toStrictEqual([]);
  });
});

describe("fitLine", () => {
  it("finds slope and intercept", () => {
    const line = fitLine([1, 2, 4, 8].map((x) => ({ x, y: 5 + 0.25 * x })));
    expect(line.slope).toBeCloseTo(0.25);
    expect(line.intercept).toBeCloseTo(5);
    expect(line.r2).toBeCloseTo(1);
  });

  it("says how well the points fit", () => {
    const { r2 } = fitLine([0, 1, 2, 3].map((x) => ({ x, y: x % 2 })));
    expect(r2).toBeCloseTo(0.2);
    expect(fitLine([0, 1].map((x) => ({ x, y: 3 }))).r2).toBe(1);
  });

  it("refuses points above each other", () => {
    expect(() => fitLine([1, 1].map((x) => ({ x, y: x })))).toThrow("two different points");
  });
});
