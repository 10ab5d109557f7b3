/**
 * Readers of the formats that pgstack writes, written from each format's own description and not from the escapers:
 * tests read back with them what the escapers wrote.
 */

/** Takes characters from a text one by one. */
class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  peek(ahead = 0): string {
    return this.#text.charAt(this.#at + ahead);
  }

  take(): string {
    if (this.done) throw new Error("the text ended inside a value");
    return this.#text.charAt(this.#at++);
  }
}

/** postgresql.conf, `GUC_scanstr`: quotes stripped, `''` is a quote, a backslash begins an escape. */
export function readPostgresConf(text: string): string {
  const cursor = new Cursor(text);
  if (cursor.take() !== "'") throw new Error("not quoted");
  let value = "";
  for (;;) {
    const char = cursor.take();
    if (char === "'") {
      if (cursor.peek() !== "'") break;
      value += cursor.take();
    } else if (char === "\\") {
      const next = cursor.take();
      const controls: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
      if (/[0-7]/.test(next)) throw new Error("octal escape");
      value += controls[next] ?? next;
    } else value += char;
  }
  if (!cursor.done) throw new Error("text after the closing quote");
  return value;
}

/** pg_hba.conf, `next_token`: the fields of a line; a comma outside quotes ends a token, `#` begins a comment. */
export function readHbaLine(line: string): string[] {
  const cursor = new Cursor(line);
  const tokens: string[] = [];
  while (!cursor.done) {
    while (!cursor.done && /[ \t,]/.test(cursor.peek())) cursor.take();
    if (cursor.done || cursor.peek() === "#") break;
    let token = "";
    let quoted = false;
    while (!cursor.done && (quoted || !/[ \t,]/.test(cursor.peek()))) {
      const char = cursor.take();
      if (char !== '"') token += char;
      else if (quoted && cursor.peek() === '"') token += cursor.take();
      else quoted = !quoted;
    }
    if (quoted) throw new Error("the line ended inside quotes");
    tokens.push(token);
  }
  return tokens;
}

/** pgbouncer.ini, `cfparser.c`: sections of `key = value` lines, ASCII blanks cut off, comment lines skipped; so are files that it includes. */
export function readIni(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let current = new Map<string, string>();
  for (const line of text.split("\n").map((raw) => raw.replace(/^[ \t\r\f\v]+|[ \t\r\f\v]+$/g, ""))) {
    if (line === "" || line.startsWith("#") || line.startsWith(";") || line.startsWith("%include ")) continue;
    const section = /^\[([^\]]*)\]/.exec(line)?.[1];
    if (section !== undefined) {
      current = new Map();
      sections.set(section, current);
      continue;
    }
    const pair = /^([A-Za-z0-9_.*-]+)[ \t]*=[ \t]*(.*)$/.exec(line);
    if (pair === null) throw new Error("syntax error");
    current.set(pair[1] ?? "", pair[2] ?? "");
  }
  return sections;
}

/** The pairs of a `[databases]` line, PgBouncer's `loader.c`: blanks between pairs, `''` inside quotes is a quote. */
export function readPgbouncerConnstr(text: string): [string, string][] {
  const cursor = new Cursor(text);
  const pairs: [string, string][] = [];
  for (;;) {
    while (!cursor.done && cursor.peek() === " ") cursor.take();
    if (cursor.done) return pairs;
    let key = "";
    while (cursor.peek() !== "=") key += cursor.take();
    cursor.take();
    let value = "";
    if (cursor.peek() === "'") {
      cursor.take();
      while (cursor.peek() !== "'" || cursor.peek(1) === "'") {
        if (cursor.peek() === "'") cursor.take();
        value += cursor.take();
      }
      cursor.take();
    } else while (!cursor.done && cursor.peek() !== " ") value += cursor.take();
    if (key === "" || value === "") throw new Error("empty key or value");
    pairs.push([key, value]);
  }
}

/** userlist.txt, `load_auth_file`: two quoted texts per line, doubled quotes inside, `;` begins a comment line. */
export function readUserlist(text: string): [string, string][] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.trimStart().startsWith(";"))
    .map((line) => {
      const match = /^\s*"((?:[^"]|"")*)"[^"]*"((?:[^"]|"")*)"(?!")/.exec(line);
      if (match === null) throw new Error("broken auth file");
      const [user = "", secret = ""] = match.slice(1).map((field) => field.replaceAll('""', '"'));
      return [user, secret];
    });
}

/** libpq's `conninfo_parse`: a bare value ends at a blank, a quoted one at its quote; a backslash takes the next character as it is. */
export function readConninfo(text: string): [string, string][] {
  const cursor = new Cursor(text);
  const pairs: [string, string][] = [];
  for (;;) {
    while (!cursor.done && cursor.peek() === " ") cursor.take();
    if (cursor.done) return pairs;
    let key = "";
    while (cursor.peek() !== "=") key += cursor.take();
    cursor.take();
    const isQuoted = cursor.peek() === "'";
    if (isQuoted) cursor.take();
    let value = "";
    while (isQuoted ? cursor.peek() !== "'" : !cursor.done && cursor.peek() !== " ") {
      if (cursor.peek() === "\\") cursor.take();
      value += cursor.take();
    }
    if (isQuoted) cursor.take();
    pairs.push([key, value]);
  }
}

/** A line of libpq's password file: fields between colons, a backslash takes the next character as it is. */
export function readPgpass(line: string): { fields: string[]; wildcards: boolean[] } {
  if (line.startsWith("#")) return { fields: [], wildcards: [] };
  const cursor = new Cursor(line);
  const fields = [""];
  const raw = [""];
  while (!cursor.done) {
    const char = cursor.take();
    if (char === ":") {
      fields.push("");
      raw.push("");
      continue;
    }
    const next = char === "\\" && !cursor.done ? cursor.take() : char;
    fields.push(`${fields.pop() ?? ""}${next}`);
    raw.push(`${raw.pop() ?? ""}${char === "\\" ? "\\" : ""}${next}`);
  }
  return { fields, wildcards: raw.map((field) => field === "*") };
}

/**
 * One SQL token, PostgreSQL's `scan.l`: `'…'`, `E'…'` or `"…"`, and nothing behind it.
 * With `backslashes` plain literals take escapes too (`standard_conforming_strings = off`).
 */
export function readSqlToken(sql: string, backslashes: boolean): string {
  const extended = sql.startsWith("E'");
  const cursor = new Cursor(extended ? sql.slice(1) : sql);
  const quote = cursor.take();
  if (quote !== "'" && quote !== '"') throw new Error("not quoted");
  const escapes = quote === "'" && (extended || backslashes);
  let value = "";
  for (;;) {
    const char = cursor.take();
    if (char === quote) {
      if (cursor.peek() !== quote) break;
      value += cursor.take();
    } else if (char === "\\" && escapes) {
      const next = cursor.take();
      if (next !== "\\" && next !== "'") throw new Error("an escape that changes the character");
      value += next;
    } else value += char;
  }
  if (!cursor.done) throw new Error("text after the closing quote");
  return value;
}

/** Compose's interpolation of one value (compose-spec, interpolation): `$$` is a dollar sign. */
export function interpolateCompose(text: string): string {
  return text.replace(/\$(\$|\{[^}]*\}|[A-Za-z_]\w*|)/g, (whole: string, rest: string) => {
    if (rest !== "$") throw new Error(`Compose would interpolate ${whole}`);
    return "$";
  });
}
