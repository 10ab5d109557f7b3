import fc from "fast-check";
import { expect, it } from "vitest";

import { share } from "../../../src/plan/share.ts";

const parts = (total: number, processes: number, least?: number): readonly number[] =>
  Array.from({ length: processes }, (_, index) => share(total, processes, index + 1, least));
const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0);

it.each([
  [50, 2, [25, 25]],
  [51, 2, [26, 25]],
  [5, 3, [2, 2, 1]],
  [2, 3, [1, 1, 1]],
  [0, 2, [1, 1]],
] as const)("gives of %i to %i processes %j", (total, processes, expected) => {
  expect(parts(total, processes)).toEqual(expected);
});

it("gives nothing where that is enough", () => {
  expect(parts(2, 3, 0)).toEqual([1, 1, 0]);
});

it("gives equal parts that are the whole number, or the least for each", () => {
  fc.assert(
    fc.property(fc.nat({ max: 10_000 }), fc.integer({ min: 1, max: 16 }), fc.constantFrom(0, 1), (total, processes, least) => {
      const own = parts(total, processes, least);
      expect(sum(own)).toBe(Math.max(total, processes * least));
      expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(1);
      expect(own).toEqual(own.toSorted((a, b) => b - a));
    }),
  );
});
