import { describe, expect, it } from "vitest";

import { cleanText } from "../../../src/text/clean.ts";
import { painter } from "../../../src/text/paint.ts";
import { bytesText, durationText, percentText } from "../../../src/text/quantities.ts";
import type { Column } from "../../../src/text/table.ts";
import { tableLines } from "../../../src/text/table.ts";

const paint = painter(false);
type Row = readonly [string, string, string];
const columns: readonly Column<Row>[] = [
  { title: "name", cell: ([name]) => name },
  { title: "size", cell: ([, size]) => size, align: "right", drop: 1 },
  { title: "note", cell: ([, , note]) => note, flexible: 5 },
];
const rows: readonly Row[] = [
  ["a", "12", "a long note"],
  ["bcd", "7", "short"],
];

describe("a table", () => {
  it("is as wide as it takes", () => {
    expect(tableLines(columns, rows, { width: undefined, paint })).toEqual([
      "name  size  note",
      "a       12  a long note",
      "bcd      7  short",
    ]);
  });

  it("cuts what may be cut before it leaves out a column", () => {
    expect(tableLines(columns, rows, { width: 18, paint })).toEqual(["name  size  note", "a       12  a lon…", "bcd      7  short"]);
    expect(tableLines(columns, rows, { width: 15, paint })).toEqual(["name  note", "a     a long n…", "bcd   short"]);
  });

  it("pads what is seen, not what a colour adds", () => {
    const toned: Column<Row> = { title: "name", cell: ([name]) => ({ text: name, tone: "bad" }) };
    expect(tableLines([toned, ...columns.slice(1, 2)], rows, { width: undefined, paint: painter(true) })[1]).toBe(
      "\u001B[31ma\u001B[0m       12",
    );
  });
});

describe("quantities", () => {
  it.each([
    [0, "0 B"],
    [0.5, "0.5 B"],
    [1200, "1.2 kB"],
    [1024 ** 2, "1 MB"],
    [1536 * 1024 ** 2, "1.5 GB"],
    [5000 * 1024 ** 4, "5000 TB"],
  ])("%i bytes are %s", (bytes, text) => expect(bytesText(bytes)).toBe(text));

  it.each([
    [-0.2, "0.0 s"],
    [0.42, "0.4 s"],
    [45.9, "45 s"],
    [60, "1 min"],
    [754, "12 min"],
    [18_720, "5 h 12 min"],
    [273_840, "3 d 4 h"],
    [86_400, "1 d"],
  ])("%f seconds are %s", (seconds, text) => expect(durationText(seconds)).toBe(text));

  it.each([
    [0, 10, "0 %"],
    [0.01, 10, "<1 %"],
    [5, 10, "50 %"],
    [9.999, 10, "99 %"],
    [10, 10, "100 %"],
    [1, 0, "-"],
  ])("%f of %f is %s", (part, whole, text) => expect(percentText(part, whole)).toBe(text));
});

describe("text from elsewhere", () => {
  it("cannot move a terminal's cursor, change its colours or its direction", () => {
    expect(cleanText("a\u001B[31mb\u0007\r\nc\td\u009B\u202E")).toBe("a\\x1b[31mb\\x07\\x0d\\x0ac\td\\x9b\\u202e");
    expect(cleanText("größer than 5 €")).toBe("größer than 5 €");
  });
});
