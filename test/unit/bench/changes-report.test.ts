import { describe, expect, it } from "vitest";

import type { ChangeRun } from "../../../bench/lib/changes-report.ts";
import { changeFigures, changeNotes, changesTable, classOf, failuresTable } from "../../../bench/lib/changes-report.ts";
import { isMet } from "../../../bench/lib/result.ts";
import { median } from "../../../bench/lib/statistics.ts";

const route = { statements: 100, failures: {}, longestMs: 40, closed: 0 };
const counted = { transactions: 10, errors: 0, message: undefined, longestMs: 5 };
const clean: ChangeRun = {
  round: 1,
  way: "ours",
  change: "shared_buffers",
  effect: "leader restarts",
  seconds: 10,
  load: { write: { ...route, longestMs: 800, closed: 0 }, read: route, reconnecting: route },
  pgbench: { write: counted, read: counted },
  lost: 0,
  unchanged: [],
  failure: undefined,
  outage: undefined,
};
const failed: ChangeRun = {
  ...clean,
  load: {
    write: { ...route, failures: { "connect ECONNREFUSED 127.0.0.1:10330": 2, "57P01 ended": 1 }, longestMs: 2500, closed: 0 },
    read: route,
    reconnecting: route,
  },
  pgbench: { write: { ...counted, errors: 4, message: "client 3 script 0 aborted: FATAL" }, read: counted },
};

const verdict = (runs: readonly ChangeRun[], what: string): boolean | undefined => {
  const figure = changeFigures(runs, "ours", "theirs").find((one) => one.what.includes(what) && one.what.startsWith("ours"));
  if (figure === undefined) throw new Error(`no figure ${what}`);
  return isMet(figure, median);
};

describe("changeFigures", () => {
  it("are met when nobody failed", () => {
    for (const what of ["failed statements, all", "pgbench", "missing", "whose command", "leader restarts", "worst"])
      expect(verdict([clean, clean], what)).toBe(true);
  });

  it("are not met by one failure in one of three rounds", () => {
    expect(verdict([clean, failed, clean], "failed statements, all")).toBe(false);
    expect(verdict([clean, failed, clean], "pgbench")).toBe(false);
    expect(verdict([clean, { ...clean, lost: 1 }, clean], "missing")).toBe(false);
    expect(verdict([clean, { ...clean, unchanged: ["pg2"] }, clean], "whose command")).toBe(false);
    expect(verdict([clean, { ...clean, outage: "they wait" }, clean], "whose command")).toBe(false);
  });

  it("take the median and the worst of all waits for the leader", () => {
    expect(verdict([clean, failed, clean], "leader restarts")).toBe(true);
    expect(verdict([clean, failed, clean], "worst")).toBe(false);
  });

  it("count the pooler's own replacement apart: who logs in each time must not fail, and no row may be lost", () => {
    const pooler = { ...failed, effect: "pooler is replaced" } as const;
    expect(verdict([clean, pooler], "failed statements, all")).toBe(true);
    expect(verdict([clean, { ...pooler, lost: 1 }], "missing")).toBe(false);
    expect(verdict([clean, pooler], "log in each time")).toBe(true);
    expect(
      verdict(
        [clean, { ...pooler, load: { ...pooler.load, reconnecting: { ...route, failures: { "08P01 no": 1 } } } }],
        "log in each time",
      ),
    ).toBe(false);
    expect(verdict([clean, pooler], "connects for each")).toBe(false);
    expect(verdict([clean, { ...pooler, load: { ...pooler.load, reconnecting: { ...route, longestMs: 6000 } } }], "wait of a login")).toBe(
      false,
    );
    const values = changeFigures([clean, pooler], "ours", "theirs").find(({ what }) =>
      what.startsWith("ours: statements that met"),
    )?.values;
    expect(values).toEqual([3]);
  });

  it("are not measured without a run", () => {
    expect(verdict([], "failed statements, all")).toBeUndefined();
    expect(
      changeFigures([clean], "ours", "theirs")
        .filter(({ what }) => what.startsWith("theirs"))
        .every(({ values, aim }) => values.length === 0 && aim === undefined),
    ).toBe(true);
  });
});

describe("tables", () => {
  it("have one row for each change and way, rounds together", () => {
    const other = { ...failed, way: "theirs" };
    expect(
      changesTable([
        clean,
        { ...clean, round: 2, seconds: 12, load: { ...clean.load, write: { ...route, longestMs: 600, closed: 0 } } },
        other,
      ]).rows,
    ).toEqual([
      [
        "shared_buffers",
        "ours",
        "11.0 s",
        "400",
        "0",
        "0",
        "700 ms, 800 ms",
        "40.0 ms, 40.0 ms",
        "40",
        "0",
        "5.00 ms, 5.00 ms",
        "5.00 ms, 5.00 ms",
      ],
      ["shared_buffers", "theirs", "10.0 s", "200", "3", "0", "2500 ms", "40.0 ms", "20", "4", "5.00 ms", "5.00 ms"],
    ]);
  });

  it("list failures by what they say", () => {
    expect(failuresTable([clean]).rows).toEqual([]);
    expect(failuresTable([failed, failed]).rows).toEqual([
      ["shared_buffers", "ours", "writes", "connect ECONNREFUSED <address>:<port>", "4"],
      ["shared_buffers", "ours", "writes", "57P01 ended", "2"],
      ["shared_buffers", "ours", "pgbench, writes", "client <n> script 0 aborted: FATAL", "8"],
    ]);
  });

  it("take messages together that differ in an address", () => {
    expect(classOf('connection to server at "pooler" (172.28.101.2), port 6432 failed')).toBe(
      'connection to server at "pooler" (<address>), port <port> failed',
    );
    expect(classOf("25006 cannot execute INSERT")).toBe("25006 cannot execute INSERT");
  });
});

describe("changeNotes", () => {
  it("say what else went wrong", () => {
    expect(changeNotes([clean])).toEqual([]);
    expect(changeNotes([{ ...clean, failure: "up failed:\nmore\nand more", unchanged: ["pg2", "pg3"], outage: "they wait" }])).toEqual([
      "Round 1, ours, shared_buffers: the command failed: up failed: more",
      "Round 1, ours, shared_buffers: not in effect on pg2, pg3 afterwards",
      "Round 1, ours, shared_buffers: they wait",
    ]);
  });
});
