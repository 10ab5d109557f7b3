import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { kindOf } from "../../../src/check/findings.ts";
import type { FindingCode } from "../../../src/check/findings.ts";
import { findingKinds } from "../../../src/check/finding-kinds.ts";
import { exitCodes } from "../../../src/check/report.ts";

const page = readFileSync(new URL("../../../docs/findings.md", import.meta.url), "utf8");

/** Code, severity and exit code of every row that begins with a code in backticks. */
const rows = [...page.matchAll(/^\| `([a-z-]+)` *\| ([^|]*?) *\| (\d+) *\| ([^|]+?) *\| ([^|]+?) *\|$/gm)].map(
  ([, code = "", severity = "", exit = ""]) => ({ code, severity, exit: Number(exit) }),
);

describe("docs/findings.md", () => {
  it("has one row for every code and names no other", () => {
    expect(rows.map(({ code }) => code).toSorted()).toEqual(Object.keys(findingKinds).toSorted());
  });

  it.each(rows)("says what $code is: severity, whether it stays, exit code", ({ code, severity, exit }) => {
    const kind = kindOf(code as FindingCode);
    expect({ severity, exit }).toEqual({
      severity: kind.definite === true ? `${kind.severity}, stays` : kind.severity,
      exit: exitCodes[kind.class],
    });
  });

  it("lists the exit code of every class", () => {
    const classes = [...page.matchAll(/^\| (\d+) +\| ([a-z]+) +\|/gm)].map(([, exit, name]) => [name, Number(exit)]);
    expect(Object.fromEntries(classes)).toEqual(exitCodes);
  });
});
