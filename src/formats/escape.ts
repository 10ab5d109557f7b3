/**
 * One escaper per format that pgstack writes. Each takes a string, number or boolean and returns text that a reader of
 * that format reads back as exactly that value, quotes included. What a format cannot hold, and control characters in
 * every format, throw `UnsafeValueError`.
 */

/** A value that must not be written into a file of this format. Its message never holds the value, which may be secret. */
export class UnsafeValueError extends Error {
  readonly format: string;

  constructor(problem: string, format: string) {
    super(`${problem} in ${format}`);
    this.name = "UnsafeValueError";
    this.format = format;
  }
}

/** Turns a value into text for one format. `unknown`, since a template's data is only checked here. */
export type Escaper = (value: unknown) => string;

/** C0, DEL and C1, and the two line separators that some readers take as a line break. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/; // oxlint-disable-line no-control-regex

/** The value as text, or an error: what all escapers begin with. */
function plainText(value: unknown, format: string): string {
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new UnsafeValueError("a number that is not finite", format);
    return String(value);
  }
  if (typeof value !== "string") {
    throw new UnsafeValueError(`${value === null ? "null" : typeNameOf(value)} instead of text`, format);
  }
  if (CONTROL.test(value)) throw new UnsafeValueError("control character", format);
  // Half of a surrogate pair cannot be written as UTF-8.
  if (!value.isWellFormed()) throw new UnsafeValueError("text that is not well-formed Unicode", format);
  return value;
}

function typeNameOf(value: unknown): string {
  return Array.isArray(value) ? "array" : typeof value;
}

/** Throws when the text matches. */
function refuse(text: string, pattern: RegExp, problem: string, format: string): void {
  if (pattern.test(text)) throw new UnsafeValueError(problem, format);
}

/** A value in postgresql.conf: single quotes around it, quotes and backslashes doubled (PostgreSQL docs, 19.1.2). */
export const postgresConf: Escaper = (value) => `'${plainText(value, "a postgresql.conf value").replace(/['\\]/g, "$&$&")}'`;

/**
 * Words that pg_hba.conf takes for more than a name when they are not quoted. `hbaToken` writes them bare, so that a rule
 * can use them; no role or database may be named like one.
 */
export const HBA_KEYWORDS = ["all", "replication", "samegroup", "samehost", "samenet", "samerole", "sameuser"] as const;

/**
 * A field of a pg_hba.conf line: bare if it is a plain word or address, else in double quotes with quotes doubled
 * (quoted `+`, `@` and `,` are ordinary characters). Refused: empty text, and a leading `/`, which makes a regular
 * expression of a name even when it is quoted (PostgreSQL 16 and later).
 */
export const hbaToken: Escaper = (value) => {
  const format = "a pg_hba.conf field";
  const text = plainText(value, format);
  refuse(text, /^$/, "empty text", format);
  refuse(text, /^\//, "a leading slash", format);
  return /^[A-Za-z0-9_.:/-]+$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
};

/**
 * A value in pgbouncer.ini. Its grammar knows no quotes (libusual, cfparser.c): a value reaches to the end of the line,
 * with blanks cut off at both ends; `;` and `#` begin a comment only where a line begins. Refused: leading or trailing
 * blanks, which would be lost.
 */
export const iniValue: Escaper = (value) => {
  const format = "a pgbouncer.ini value";
  const text = plainText(value, format);
  refuse(text, /^ | $/, "leading or trailing blank", format);
  return text;
};

/**
 * The value of one `key=value` in a `[databases]` line of pgbouncer.ini: bare if it is a plain word, else in single
 * quotes with quotes doubled; backslashes are ordinary (PgBouncer, loader.c). Refused: empty text, which PgBouncer takes
 * as a syntax error.
 */
export const pgbouncerConnstr: Escaper = (value) => {
  const format = "a [databases] value of pgbouncer.ini";
  const text = plainText(value, format);
  refuse(text, /^$/, "empty text", format);
  return /^[A-Za-z0-9_.,:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "''")}'`;
};

/** A name that needs no quotes in any format: a setting, a key, a pooler database. */
export const bareName: Escaper = (value) => {
  if (typeof value === "string" && /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(value)) return value;
  throw new UnsafeValueError("something else than letters, digits, dot, dash and underscore", "a bare name");
};

/** A name or verifier in PgBouncer's userlist.txt: double quotes around it, quotes doubled. */
export const userlist: Escaper = (value) => `"${plainText(value, "a userlist.txt value").replaceAll('"', '""')}"`;

/** One word of a POSIX shell: single quotes around it; a quote ends them, is escaped, and begins them again. */
export const shell: Escaper = (value) => `'${plainText(value, "a shell word").replaceAll("'", `'\\''`)}'`;

/**
 * A value of libpq's `key=value` form: bare if it is a plain word, else in single quotes with quotes and backslashes escaped
 * (PostgreSQL docs, 32.1.1).
 */
export const conninfo: Escaper = (value) => {
  const text = plainText(value, "a connection string value");
  return /^[A-Za-z0-9_.,:/-]+$/.test(text) ? text : `'${text.replace(/['\\]/g, "\\$&")}'`;
};

/** A whole connection string in the given order, such as `host=pg1 port=5432`; inside postgresql.conf it is quoted once more. */
export function conninfoString(parameters: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(parameters)
    .map(([key, value]) => {
      if (!/^[a-z_]+$/.test(key)) {
        throw new UnsafeValueError("a keyword that libpq has not", "a connection string");
      }
      return `${key}=${conninfo(value)}`;
    })
    .join(" ");
}

/**
 * An SQL literal: text as `'…'` with quotes doubled, or `E'…'` with backslashes doubled too if it has any, so that it
 * reads the same whatever `standard_conforming_strings` is; numbers and booleans as they are. A negative number keeps its
 * sign: no minus sign may stand before it.
 */
export const sqlLiteral: Escaper = (value) => {
  const text = plainText(value, "an SQL literal");
  if (typeof value !== "string") return text;
  const quoted = text.replaceAll("'", "''");
  return text.includes("\\") ? `E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
};

/** An SQL name: always in double quotes, quotes doubled. Refused: empty text, and more than 63 bytes, which PostgreSQL cuts off. */
export const sqlIdent: Escaper = (value) => {
  const format = "an SQL name";
  const text = plainText(value, format);
  refuse(text, /^$/, "empty text", format);
  if (Buffer.byteLength(text) > 63) throw new UnsafeValueError("more than 63 bytes", format);
  return `"${text.replaceAll('"', '""')}"`;
};

/** A field of libpq's password file: `:` and `\` escaped, and what would be a wildcard (`*`) or a comment (`#`) too. */
export const pgpass: Escaper = (value) =>
  plainText(value, "a pgpass field")
    .replace(/[:\\]/g, "\\$&")
    .replace(/^(?=\*$|#)/, "\\");

/**
 * A value in a `.env` file that `sh`, Docker Compose and the readers of Node and Python agree on: single quotes around
 * it, or double quotes if it has a single quote. Refused: backslashes (Compose and python-dotenv unescape them, `sh` does
 * not), `$` (python-dotenv and django-environ expand it even in single quotes), and in double quotes also `"` and `` ` ``.
 */
export const dotenv: Escaper = (value) => {
  const format = "an env file value";
  const text = plainText(value, format);
  refuse(text, /[\\$]/, "backslash or dollar sign", format);
  if (!text.includes("'")) return `'${text}'`;
  refuse(text, /["`]/, "single quote together with a double quote or backtick", format);
  return `"${text}"`;
};

/**
 * A string of the Compose model: `$` doubled, since Compose interpolates after it has parsed the YAML. Quoting is left to
 * the YAML writer.
 */
export const composeScalar: Escaper = (value) => plainText(value, "a Compose value").replaceAll("$", "$$$$");

/**
 * Text behind a comment sign, without quotes. Refused: a backslash at its end, which in pg_hba.conf joins the next line to
 * the comment.
 */
export const commentText: Escaper = (value) => {
  const text = plainText(value, "a comment");
  refuse(text, /\\$/, "backslash at the end", "a comment");
  return text;
};
