import { cleanText } from "../text/clean.ts";

/**
 * Everything in a statement that may hold a value, and what must be stepped over to find it: comments, strings, quoted names,
 * parameters, names with digits in them, numbers. In the order in which they are tried at each place.
 */
const token =
  /(?<comment>--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<string>[eE]'(?:[^'\\]|''|\\[\s\S])*(?:'|$)|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|$)|(?<tag>\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$)[\s\S]*?(?:\k<tag>|$))|(?<kept>"(?:[^"]|"")*(?:"|$)|\$\d+|[A-Za-z_\u0080-\uFFFF][A-Za-z0-9_$\u0080-\uFFFF]*)|(?<number>\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)/g;

/**
 * A statement on one line, without comments and without any value. pg_stat_statements has put parameters in place of values
 * already, but keeps comments as they came, and now and then the first text of a statement whose entry was thrown out.
 */
export function queryText(sql: string): string {
  const bare = sql.replace(token, (found: string, ...rest: readonly unknown[]) => {
    const groups = rest.at(-1) as Readonly<Record<"comment" | "string" | "kept" | "number", string | undefined>>;
    if (groups.kept !== undefined) return found;
    return groups.comment === undefined ? "?" : " ";
  });
  return cleanText(bare.replace(/\s+/g, " ").trim());
}
