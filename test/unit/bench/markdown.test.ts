import { describe, expect, it } from "vitest";

import { figuresTable, formatNumber, markdownTable, resultChapter, seriesTable } from "../../../bench/lib/markdown.ts";
import type { BenchResult, Series } from "../../../bench/lib/result.ts";

const series: Series = {
  contestant: "ours",
  metric: "3 replicas",
  unit: "s",
  samples: [
    { round: 1, value: 8, load: 0.5 },
    { round: 2, value: 10, load: 2 },
    { round: 3, value: 9, load: 1 },
  ],
  failures: [],
};

const result: BenchResult = {
  scenario: "deploy",
  title: "A title",
  method: ["First.", "Second."],
  started: "2026-01-02T03:04:05.000Z",
  rounds: 3,
  tookS: 61.4,
  machine: { processor: "P", cores: 2, memoryMb: 2048, system: "Linux", versions: { pgstack: "abc1234" }, load: 0.1 },
  series: [series, { ...series, metric: "failed", samples: [], failures: ["round 2: it did not start\nwith a long log"] }],
  figures: [],
  tables: [{ title: "More", head: ["a"], rows: [["1"]] }],
  notes: ["One was left out."],
};

describe("formatNumber", () => {
  it.each([
    [0, "0"],
    [0.01234, "0.012"],
    [0.6, "0.600"],
    [1.2345, "1.23"],
    [12.345, "12.3"],
    [123.45, "123"],
    [48_694.4, "48694"],
    [-1.5, "-1.50"],
  ])("%d is %s", (value, text) => expect(formatNumber(value)).toBe(text));
});

describe("tables", () => {
  it("escape what would end a cell", () => {
    expect(markdownTable({ head: ["x", "y"], rows: [["a|b", "c"]] })).toBe("| x | y |\n| --- | --- |\n| a\\|b | c |");
  });

  it("show median, range, number of runs and load, and no series without a run", () => {
    expect(seriesTable(result.series).split("\n").slice(2)).toStrictEqual([
      "| ours | 3 replicas | 9.00 s (8.00–10.0) | 3 | 1.00 (0.500–2.00) |",
    ]);
  });

  it("say whether an aim is met by the median", () => {
    const figure = (values: readonly number[], op: "<=" | ">=", bound: number) =>
      figuresTable([{ what: "w", values, unit: "x", aim: { op, bound } }]).split("\n")[2];
    expect(figure([0.9, 1.3, 1], "<=", 1)).toBe("| w | 1.00× (0.900–1.30) | ≤ 1.00× | met |");
    expect(figure([1.5], ">=", 1.6)).toBe("| w | 1.50× | ≥ 1.60× | **not met** |");
    expect(figure([], "<=", 1)).toBe("| w | not measured | ≤ 1.00× | not measured |");
    expect(figuresTable([{ what: "w", values: [2], unit: "ms", aim: undefined }]).split("\n")[2]).toBe("| w | 2.00 ms |  |  |");
  });
});

describe("resultChapter", () => {
  it("holds method, notes, failures in one line, remarks and where the figures come from", () => {
    const text = resultChapter(result, "What is left.\n");
    expect(text.split("\n\n")).toStrictEqual([
      "## A title",
      "First.",
      "Second.",
      seriesTable(result.series),
      "**More**",
      "| a |\n| --- |\n| 1 |",
      "- One was left out.\n- A run failed: ours, round 2: it did not start",
      "What is left.",
      "_3 rounds, 2026-01-02T03:04:05.000Z, 61 s in all, commit abc1234; the JSON is `benchmarks/deploy.json`._",
    ]);
  });
});
