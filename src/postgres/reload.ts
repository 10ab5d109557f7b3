import { poll } from "../deadline.ts";
import { fileErrorsSql } from "./file-errors.ts";

/** Has a server read its files again. Its answer is the time of the load before. For the superuser. */
export const reloadSql = "select pg_conf_load_time() from pg_reload_conf();";

/** With files that it cannot read at all a server keeps its load time: errors that are there for so long are the reason. */
const unreadMs = 3000;

/**
 * Waits until a server has read its files again.
 *
 * @param ask - runs SQL as the superuser in a session of its own: a session sees the load time of the process that it was forked from
 * @param before - what `reloadSql` has answered
 * @returns what is wrong with the files, separated by `; `; empty when they are accepted; undefined when the time is over
 */
export async function awaitReload(
  ask: (sql: string) => Promise<string>,
  before: string,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<string | undefined> {
  const began = performance.now();
  return poll(
    async () => {
      const [reloaded, problems = ""] = splitOnce(await ask(proofSql(before)));
      if (reloaded === "t") return problems;
      return problems !== "" && performance.now() - began > Math.min(unreadMs, timeoutMs / 2) ? problems : undefined;
    },
    { everyMs: 50, timeoutMs, ...(signal === undefined ? {} : { signal }) },
  );
}

function proofSql(before: string): string {
  return `
    select pg_conf_load_time() > '${before}'::timestamptz, (select string_agg(line, '; ') from (${fileErrorsSql}) as errors);`;
}

/** Before and behind the first `|`: a file's error may hold one. */
function splitOnce(row: string): readonly string[] {
  const at = row.indexOf("|");
  return at < 0 ? [row] : [row.slice(0, at), row.slice(at + 1)];
}
