import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { topCommand } from "../../../src/cli/top.ts";
import type { TopWorld } from "../../../src/cli/top.ts";
import { runProgram } from "../../../src/cli/program.ts";
import { queryText } from "../../../src/top/query-text.ts";
import type { Statement, TopStatements } from "../../../src/top/statement.ts";
import { countText, msText, topText } from "../../../src/top/text.ts";
import { aTarget, someSecrets } from "../check/fixtures.ts";

function aStatement(over: Partial<Statement> = {}): Statement {
  return {
    query: "select * from orders where customer = $1 and placed_at > $2 order by placed_at desc limit $3",
    database: "app",
    user: "app",
    calls: 12_345,
    totalMs: 98_765,
    meanMs: 8,
    maxMs: 1234,
    rows: 1_234_567,
    hitRatio: 0.9876,
    ioMs: 12,
    ...over,
  };
}

function aTop(over: Partial<TopStatements> = {}): TopStatements {
  const statements = [aStatement(), aStatement({ query: "select 1", calls: 2, totalMs: 0.01, hitRatio: null, rows: 2, ioMs: 0 })];
  return { node: "pg1", since: "2026-11-25T10:00:00Z", kept: 37, evictions: 0, statements, ...over };
}

describe("the text of a statement", () => {
  it.each([
    ["select  1,\n\t2.5e-3, .5", "select ?, ?, ?"],
    ["select * from t1 where a2 = $1 and b = 17", "select * from t1 where a2 = $1 and b = ?"],
    ["select 'it''s', E'a\\'b', U&'x', b'01', $$money$$, $tag$ a $ b $tag$, x", "select ?, ?, ?, ?, ?, ?, x"],
    ["select 'C:\\', 'secret'", "select ?, ?"],
    ["/* user=bob */ select a -- password is hunter2\nfrom t", "select a from t"],
    ['select "It\'s 5" from "a""b"', 'select "It\'s 5" from "a""b"'],
    ["select 'cut off in the mid", "select ?"],
    ["select a /* cut off", "select a"],
    ["select größe from maße where x = 1", "select größe from maße where x = ?"],
  ])("%j is %j", (sql, text) => expect(queryText(sql)).toBe(text));

  it("never shows what stands in a string or a comment", () => {
    const secret = "hunter2";
    const other = fc.string({ maxLength: 20 }).filter((text) => !text.includes(secret));
    const inString = other.map((text) => `'${`${text}${secret}`.replaceAll("'", "''")}'`);
    const inComment = other.map((text) => `/*${`${text}${secret}`.replaceAll(/[*/]/g, "")}*/`);
    const inDollars = other.map((text) => `$q$${`${text}${secret}`.replaceAll("$", "")}$q$`);
    const sql = fc.array(fc.oneof(inString, inComment, inDollars), { minLength: 1, maxLength: 5 });
    fc.assert(fc.property(sql, (parts) => !queryText(`select ${parts.join(" , ")} from t`).includes(secret)));
  });
});

describe("the list of statements", () => {
  it("has numbers first and the text last, as wide as the terminal", () => {
    expect(topText(aTop(), { by: "total", colour: false, width: 120 })).toMatchInlineSnapshot(`
      "pg1: 2 of 37 statements by total time since 2026-11-25 10:00:00 UTC

      calls    total     mean    max  rows    hits      I/O  database  query
      12345  1.6 min  8.00 ms  1.2 s  1.2M  98.8 %    12 ms  app       select * from orders where customer = $1 and placed_at…
          2  0.01 ms  8.00 ms  1.2 s     2       -  0.00 ms  app       select 1
      "
    `);
    for (const line of topText(aTop(), { by: "total", colour: false, width: 100 }).split("\n"))
      expect(line.length).toBeLessThanOrEqual(100);
  });

  it("puts the text below the numbers on a narrow terminal", () => {
    const text = topText(aTop(), { by: "io", colour: false, width: 60 });
    expect(text).toMatchInlineSnapshot(`
      "pg1: 2 of 37 statements by time of reads and writes since
        2026-11-25 10:00:00 UTC

      calls    total     mean    max  rows    hits      I/O
      12345  1.6 min  8.00 ms  1.2 s  1.2M  98.8 %    12 ms
        select * from orders where customer = $1 and placed_at > …
          2  0.01 ms  8.00 ms  1.2 s     2       -  0.00 ms
        select 1
      "
    `);
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(60);
  });

  it("says what to do when there is nothing", () => {
    const look = { by: "total", colour: false, width: undefined } as const;
    expect(topText(aTop({ statements: [], kept: 0 }), look)).toContain("run some queries, then ask again");
    expect(topText(aTop({ statements: [] }), look)).toContain("--all");
  });

  it("has short numbers", () => {
    expect([0, 99_999, 123_456, 999_500, 4_560_000, 7.8e9].map(countText)).toEqual(["0", "99999", "123k", "1.0M", "4.6M", "7.8G"]);
    expect([0.005, 12.3, 1500, 90_000, 7_200_000].map(msText)).toEqual(["0.01 ms", "12 ms", "1.5 s", "1.5 min", "2.0 h"]);
  });
});

describe("pgstack top", () => {
  const target = aTarget({ replicas: 1 });
  async function call(...args: readonly string[]): Promise<{ code: number; out: string; err: string; asked: unknown }> {
    let out = "";
    let err = "";
    let asked: unknown;
    const world: TopWorld = {
      load: () => Promise.resolve({ target, secrets: someSecrets }),
      loadBundle: () => ({ target, secrets: someSecrets }),
      read: (_target, _secrets, { name }, request) => {
        asked = { node: name, ...request };
        return Promise.resolve(aTop({ node: name }));
      },
      findLeader: ({ nodes: [node] }) => (node === undefined ? Promise.reject(new Error("no node")) : Promise.resolve(node)),
    };
    const io = {
      out: (text: string) => void (out += text),
      err: (text: string) => void (err += text),
      isTerminal: false,
      signal: new AbortController().signal,
    };
    return { code: await runProgram(["top", ...args], io, [topCommand(world)]), out, err, asked };
  }

  it("asks the leader for ten by total time, or what is said", async () => {
    expect((await call("--stack", "x")).asked).toEqual({ node: "pg1", by: "total", limit: 10, all: false });
    const { asked, out } = await call("--bundle", "x", "--node", "pg2", "--by", "io", "--limit", "3", "--all", "--json");
    expect(asked).toEqual({ node: "pg2", by: "io", limit: 3, all: true });
    expect(JSON.parse(out)).toMatchObject({ node: "pg2", by: "io", kept: 37, statements: [{ calls: 12_345 }, { hitRatio: null }] });
  });

  it.each([
    [["--node", "pg9"], "option --node: there is no node pg9 (did you mean pg1?); nodes: pg1, pg2"],
    [["--by", "calss"], "option '--by <order>' argument 'calss' is invalid. Allowed choices are total, mean, calls, io."],
    [["--limit", "0"], `option '--limit <n>' argument '0' is invalid. "0" is not a number between 1 and 1000`],
    [["--limit", "1e3"], `option '--limit <n>' argument '1e3' is invalid. "1e3" is not a number between 1 and 1000`],
  ])("refuses %j", async (args, message) => {
    expect(await call("--stack", "x", ...args)).toMatchObject({
      code: 2,
      out: "",
      err: `error: ${message}\n  fix: see pgstack top --help\n`,
    });
  });
});
