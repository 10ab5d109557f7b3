import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import YAML from "yaml";
import * as escape from "../../../src/formats/escape.ts";
import * as read from "../render/escape-readers.ts";
import { cases } from "../../../testing/cases.ts";

/** Text without control characters, rich in what some format takes as special. */
const special = fc.constantFrom(...Array.from("'\"\\$`:;#=*@+,/{}[]()!%&|<>~^? "));
const text = fc
  .array(
    fc.oneof({ weight: 2, arbitrary: special }, { weight: 3, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 2 }) }),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(""));

/** The escaped value, or undefined when the escaper refuses. */
function attempt(escaper: escape.Escaper, value: string): string | undefined {
  try {
    return escaper(value);
  } catch (error) {
    if (error instanceof escape.UnsafeValueError) return undefined;
    throw error;
  }
}

/** Reading back gives the value, or the escaper refuses. */
function expectIdentity(escaper: escape.Escaper, reader: (written: string) => unknown): void {
  let written = 0;
  fc.assert(
    fc.property(text, (value) => {
      const escaped = attempt(escaper, value);
      if (escaped === undefined) return;
      written += 1;
      expect(reader(escaped)).toBe(value);
    }),
    { numRuns: cases(2000) },
  );
  // A reader that is never asked proves nothing.
  expect(written).toBeGreaterThan(100);
}

it("postgresConf is read back", () => {
  expectIdentity(escape.postgresConf, read.readPostgresConf);
});

it("hbaToken is one field of a line, wherever it stands", () => {
  expectIdentity(escape.hbaToken, (written) => {
    const [type, field, last, ...more] = read.readHbaLine(`host ${written} all # comment`);
    expect([type, last, more]).toEqual(["host", "all", []]);
    return field;
  });
});

it("iniValue is one value of its section", () => {
  expectIdentity(escape.iniValue, (written) => {
    const ini = read.readIni(`[pgbouncer]\nx = ${written}\ny = 1\n`);
    expect(ini.get("pgbouncer")?.get("y")).toBe("1");
    return ini.get("pgbouncer")?.get("x");
  });
});

it("pgbouncerConnstr is one pair of its line", () => {
  expectIdentity(escape.pgbouncerConnstr, (written) => {
    const line = read.readIni(`[databases]\ndb = host=${written} port=5432\n`).get("databases")?.get("db");
    const [host, port, ...more] = read.readPgbouncerConnstr(line ?? "");
    expect([host?.[0], port, more]).toEqual(["host", ["port", "5432"], []]);
    return host?.[1];
  });
});

it("userlist is one field of its line", () => {
  expectIdentity(escape.userlist, (written) => read.readUserlist(`; head\n"app" ${written}\n`)[0]?.[1]);
  expectIdentity(escape.userlist, (written) => read.readUserlist(`${written} "x"\n`)[0]?.[0]);
});

it("conninfo is one pair, also inside postgresql.conf", () => {
  expectIdentity(escape.conninfo, (written) => {
    const [host, user, ...more] = read.readConninfo(`host=${written} user='x'`);
    expect([user, more]).toEqual([["user", "x"], []]);
    return host?.[1];
  });
  expectIdentity(
    (value) => escape.postgresConf(escape.conninfoString({ host: String(value), user: "x" })),
    (written) => read.readConninfo(read.readPostgresConf(written))[0]?.[1],
  );
});

it("sqlLiteral reads the same with and without standard_conforming_strings", () => {
  expectIdentity(escape.sqlLiteral, (written) => {
    expect(read.readSqlToken(written, true)).toBe(read.readSqlToken(written, false));
    return read.readSqlToken(written, false);
  });
});

it("sqlIdent is one name", () => {
  expectIdentity(escape.sqlIdent, (written) => read.readSqlToken(written, false));
});

it("pgpass is one field and never a wildcard or a comment", () => {
  expectIdentity(escape.pgpass, (written) => {
    const { fields, wildcards } = read.readPgpass(`${written}:5432:*:app:secret`);
    expect(wildcards).toEqual([false, false, true, false, false]);
    return fields[0];
  });
});

it("composeScalar survives YAML and Compose's interpolation", () => {
  expectIdentity(escape.composeScalar, (written) => {
    const yaml = YAML.stringify({ x: written }, { version: "1.1", lineWidth: 0 });
    const parsed = YAML.parse(yaml, { version: "1.1" }) as { x: string };
    return read.interpolateCompose(parsed.x);
  });
});

it("dotenv is read back by Node", () => {
  expectIdentity(escape.dotenv, (written) => parseEnv(`A='1'\nX=${written}\nZ='2'\n`)["X"]);
});

/** /bin/sh reads many values in one run: starting it for each would take seconds. */
function readByShell(script: string): string[] {
  const output = execFileSync("/bin/sh", ["-c", script], { encoding: "utf8", env: { LC_ALL: "C" } });
  return output.split("\u0000").slice(0, -1);
}

it("shell is one word of /bin/sh", () => {
  const values = fc.sample(text, { numRuns: 500, seed: 20 });
  const script = values.map((value) => `printf '%s\\0' ${escape.shell(value)}`).join("\n");
  expect(readByShell(script)).toEqual(values);
});

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pgstack-dotenv-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it("dotenv is read back by /bin/sh", () => {
  const values = fc.sample(text, { numRuns: 500, seed: 21 }).filter((value) => attempt(escape.dotenv, value) !== undefined);
  expect(values.length).toBeGreaterThan(50);
  const file = join(folder, "values.env");
  writeFileSync(file, values.map((value, index) => `V${index}=${escape.dotenv(value)}\n`).join(""));
  const print = values.map((_, index) => `printf '%s\\0' "$V${index}"`).join("\n");
  expect(readByShell(`. '${file}'\n${print}`)).toEqual(values);
});
