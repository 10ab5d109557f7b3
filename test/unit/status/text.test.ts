import { describe, expect, it } from "vitest";

import { seen } from "../../../src/check/observation.ts";
import { statusText } from "../../../src/status/text.ts";
import { aTarget } from "../check/fixtures.ts";
import { aLook, aLookWithoutPg3, aProcess, aRoute, aStatus, target } from "./fixtures.ts";

const text = (width: number | undefined, colour = false): string => statusText(aStatus(aLookWithoutPg3(target)), { width, colour });

describe("the state as text", () => {
  it("is a verdict, three tables and what is wrong", () => {
    expect(text(undefined)).toMatchInlineSnapshot(`
      "test: 1 problem, 2026-11-25 12:00:00 UTC
      last deployment's check: healthy, 12 min ago

      node  role     state       behind   time  sessions           disk    WAL       up  version  timeline  pending
      pg1   leader   writable         -      -     12/95  25 % of 40 GB  80 MB  3 d 4 h  17.6            1        -
      pg2   replica  streaming   1.2 kB  0.4 s     12/95  25 % of 40 GB  80 MB  3 d 4 h  17.6            1        -
      pg3   -        no answer  300 MB*      -         -              -      -        -  -               -        -
      * not connected: WAL since the position of its slot

      slot  state     retained    cap  used
      pg2   active      1.2 kB  10 GB  <1 %
      pg3   inactive    300 MB  10 GB   3 %

      route   state  active  waiting  max wait  servers  to
      app     open        7        0         -     7/25  pg1
      app_ro  open        3        0         -     3/50  pg2,pg3
      PgBouncer 1.24.1, clients 10 of 1000

      pg3: does not answer: connect ECONNREFUSED 127.0.0.1:5433 (ECONNREFUSED)
      "
    `);
  });

  it("leaves out columns on a narrow terminal, never the state or the lag", () => {
    expect(text(60)).toMatchInlineSnapshot(`
      "test: 1 problem, 2026-11-25 12:00:00 UTC
      last deployment's check: healthy, 12 min ago

      node  role     state       behind   time  sessions
      pg1   leader   writable         -      -     12/95
      pg2   replica  streaming   1.2 kB  0.4 s     12/95
      pg3   -        no answer  300 MB*      -         -
      * not connected: WAL since the position of its slot

      slot  state     retained    cap  used
      pg2   active      1.2 kB  10 GB  <1 %
      pg3   inactive    300 MB  10 GB   3 %

      route   state  active  waiting  max wait  servers  to
      app     open        7        0         -     7/25  pg1
      app_ro  open        3        0         -     3/50  pg2,pg3
      PgBouncer 1.24.1, clients 10 of 1000

      pg3: does not answer: connect ECONNREFUSED 127.0.0.1:5433
        (ECONNREFUSED)
      "
    `);
  });

  it.each([60, 72, 80, 100, 120])("fits %i columns", (width) => {
    for (const line of text(width).split("\n")) expect(line.length, line).toBeLessThanOrEqual(width);
  });

  it("fits 60 columns with many replicas and long route names", () => {
    const many = aTarget({ replicas: 15 });
    const route = { name: "a_database_with_quite_a_long_name_ro", clientsWaiting: 120 };
    const processes = many.processes.map(({ number }) => {
      const routes = [aRoute({ ...route, host: `pg${number + 1}` })];
      return [number, seen(aProcess(number, { routes }))] as const;
    });
    const look = { ...aLook(many), processes: Object.fromEntries(processes) };
    const narrow = statusText(aStatus(look, many), { width: 60, colour: false });
    for (const line of narrow.split("\n")) expect(line.length, line).toBeLessThanOrEqual(60);
    expect(narrow).toContain("pg16");
  });

  it("has colours only where they are wanted, and the same words", () => {
    expect(text(80)).not.toContain("\u001B");
    const coloured = text(80, true);
    expect(coloured).toContain("\u001B[31mno answer\u001B[0m");
    // oxlint-disable-next-line no-control-regex -- colours are control characters
    expect(coloured.replaceAll(/\u001B\[\d+m/g, "")).toBe(text(80));
  });
});
