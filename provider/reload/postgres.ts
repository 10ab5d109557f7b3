import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { containerState } from "../../src/engine/container.ts";
import { runSql, SqlError } from "../../src/engine/psql.ts";
import { UserError } from "../../src/errors.ts";
import type { Context } from "../kind.ts";

/** How long a server may take to read its files again. */
const reloadTimeoutMs = 10_000;

/**
 * Has a running server read its files again and proves that it did: its load time moved and neither settings nor access
 * rules hold an error. Settings that wait for a restart are named in a warning. A server that is not up reads the files when
 * it starts.
 */
export async function reloadPostgres(context: Context, engine: Engine, { container }: { readonly container: string }): Promise<void> {
  if ((await containerState(engine, container))?.running !== true) return;
  const before = await askToReload(engine, container);
  if (before === undefined) return;
  const seen = await poll(
    async () => {
      const answer = await runSql(engine, container, proof(before), "postgres", context.signal);
      const [reloaded, problems = "", pending = ""] = answer.split("|");
      return reloaded === "t" ? { problems, pending } : undefined;
    },
    { everyMs: 50, timeoutMs: reloadTimeoutMs, signal: context.signal },
  );
  if (seen === undefined) throw failed(container, `it did not read its files again within ${reloadTimeoutMs / 1000} s`);
  if (seen.problems !== "") throw failed(container, `it does not accept its files: ${seen.problems}`);
  if (seen.pending !== "") context.log("warning", `${container}: takes effect at the next restart: ${seen.pending}`);
}

async function askToReload(engine: Engine, container: string): Promise<string | undefined> {
  try {
    return await runSql(engine, container, "select pg_conf_load_time(); select from pg_reload_conf() \\g /dev/null\n");
  } catch (error) {
    // Not accepting connections: still starting, or waiting for its leader.
    if (error instanceof SqlError) return undefined;
    throw error;
  }
}

/** A new session sees the load time of the process that it was forked from. */
function proof(before: string): string {
  return `
    select pg_conf_load_time() > '${before}'::timestamptz,
      concat_ws('; ',
        (select string_agg(format('%s line %s: %s', regexp_replace(sourcefile, '.*/', ''), sourceline, error), '; ')
           from pg_file_settings f where error is not null
             -- A changed setting that waits for a restart is no error; an invalid value is reported with the same words.
             and not (error = 'setting could not be applied'
                      and exists (select from pg_settings s where s.name = f.name and s.context = 'postmaster' and s.pending_restart))),
        (select string_agg(format('pg_hba.conf line %s: %s', line_number, error), '; ') from pg_hba_file_rules where error is not null)),
      (select string_agg(name, ', ' order by name) from pg_settings where pending_restart);`;
}

function failed(container: string, problem: string): UserError {
  return new UserError([
    { where: container, problem, fix: "correct the setting in the stack file; the server still runs with the old ones" },
  ]);
}
