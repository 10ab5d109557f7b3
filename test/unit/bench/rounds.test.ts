import { describe, expect, it } from "vitest";

import { interleave, rotated, samplesOf } from "../../../bench/lib/rounds.ts";
import type { Contestant } from "../../../bench/lib/rounds.ts";

describe("rotated", () => {
  it("begins later and loses nothing", () => {
    expect(rotated(["a", "b", "c"], 4)).toStrictEqual(["b", "c", "a"]);
    expect(rotated([], 3)).toStrictEqual([]);
  });
});

describe("interleave", () => {
  const ran: string[] = [];
  const contestant = (name: string, measure: (round: number) => number): Contestant => ({
    name,
    unit: "s",
    run: (round) => {
      ran.push(`${round}${name}`);
      return Promise.resolve({ time: measure(round) });
    },
  });
  const failing: Contestant = {
    ...contestant("b", () => 0),
    run: (round) => (round === 1 ? Promise.reject(new Error("no")) : Promise.resolve({ time: 7 })),
  };

  it("runs everyone once per round, beginning with another one, and keeps going after a failure", async () => {
    const lines: string[] = [];
    const series = await interleave([contestant("a", (round) => round), failing, contestant("c", (round) => round * 2)], {
      rounds: 2,
      log: (line) => lines.push(line),
    });
    expect(ran).toStrictEqual(["1a", "1c", "2c", "2a"]);
    expect(series.map(({ contestant: name, metric }) => [name, metric])).toStrictEqual([
      ["a", "time"],
      ["b", "failed"],
      ["b", "time"],
      ["c", "time"],
    ]);
    expect(series[1]?.failures).toStrictEqual(["round 1: no"]);
    expect(samplesOf(series, "c", "time").map(({ round, value }) => [round, value])).toStrictEqual([
      [1, 2],
      [2, 4],
    ]);
    expect(samplesOf(series, "c", "other")).toStrictEqual([]);
    expect(lines).toHaveLength(6);
  });
});
