import { existsSync, readdirSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { root } from "../../../testing/stacks.ts";

const page = readFileSync(`${root}/docs/faults.md`, "utf8");

/** The last cell of each row: a file below `test/` in backticks and a test's name, several with `<br>` between them. */
const named = [...page.matchAll(/^\|.*\| *(`(?:faults|integration)\/[^|]*?) *\|$/gm)]
  .flatMap(([, cell = ""]) => cell.split("<br>"))
  .map((entry) => {
    const [, file = "", name = ""] = /^`([a-z/-]+)` (.*)$/.exec(entry) ?? [];
    return { file, name };
  });

/** Names of a file's tests: written out, or as `name` in a table that a test runs through. */
function testsIn(file: string): readonly string[] {
  const path = `${root}/test/${file}.test.ts`;
  if (!existsSync(path)) return [];
  const code = readFileSync(path, "utf8");
  return [...code.matchAll(/(?:\bit\(|\bname: )"((?:[^"\\]|\\.)+)"/g)].map(([, name = ""]) => name);
}

const matrix = [
  "integration/faults",
  ...readdirSync(`${root}/test/faults`)
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => `faults/${file.replace(/\.test\.ts$/, "")}`),
];

describe("docs/faults.md", () => {
  it("names a test in every row", () => {
    const rows = page.match(/^\| (?!fault |-)/gm) ?? [];
    expect(rows.length).toBeGreaterThan(40);
    expect([...page.matchAll(/^\|.*`(?:faults|integration)\/[^|]*\|$/gm)].length).toBe(rows.length);
  });

  it.each(named)("names the test $file: $name, which exists", ({ file, name }) => {
    expect(testsIn(file)).toContain(name);
  });

  it.each(matrix)("has a row for each test of %s", (file) => {
    const inPage = named.filter((entry) => entry.file === file).map(({ name }) => name);
    expect(testsIn(file).filter((name) => !inPage.includes(name))).toEqual([]);
    expect(testsIn(file).length).toBeGreaterThan(0);
  });
});
