import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { containerState } from "../../src/engine/container.ts";
import { execInContainer } from "../../src/engine/exec.ts";
import { runSql, SqlError } from "../../src/engine/psql.ts";
import { UserError } from "../../src/errors.ts";
import { paths } from "../../src/plan/paths.ts";
import type { Context } from "../kind.ts";

/** How long a server may take to read its files again. */
const reloadTimeoutMs = 10_000;

/**
 * Has a running server read its files again and proves that it did: its load time moved and neither settings nor access
 * rules hold an error. What needs a restart gets it later, in order (`Restarts`). A server that is not up reads the files when
 * it starts.
 */
export async function reloadPostgres(context: Context, engine: Engine, { container }: { readonly container: string }): Promise<void> {
  if ((await containerState(engine, container))?.running !== true) return;
  await takeBackOverrides(context, engine, container);
  const before = await askToReload(engine, container);
  if (before === undefined) return;
  const seen = await poll(
    async () => {
      const answer = await runSql(engine, container, proof(before), "postgres", context.signal);
      const [reloaded, problems = ""] = answer.split("|");
      return reloaded === "t" ? { problems } : undefined;
    },
    { everyMs: 50, timeoutMs: reloadTimeoutMs, signal: context.signal },
  );
  if (seen === undefined) throw failed(container, `it did not read its files again within ${reloadTimeoutMs / 1000} s`);
  if (seen.problems !== "") throw failed(container, `it does not accept its files: ${seen.problems}`);
}

/**
 * Settings in `postgresql.auto.conf`, which win over the rendered ones: by `ALTER SYSTEM` where it is allowed, or by hand.
 *
 * @returns names, separated by commas; empty when the server does not answer
 */
export async function overriddenSettings(engine: Engine, container: string): Promise<string> {
  if ((await containerState(engine, container))?.running !== true) return "";
  try {
    return await runSql(
      engine,
      container,
      "select string_agg(distinct name, ', ' order by name) from pg_file_settings where sourcefile like '%/postgresql.auto.conf';",
    );
  } catch (error) {
    if (error instanceof SqlError) return "";
    throw error;
  }
}

/** By hand, since `ALTER SYSTEM RESET` is refused where `allow_alter_system` is off. */
async function takeBackOverrides(context: Context, engine: Engine, container: string): Promise<void> {
  const names = await overriddenSettings(engine, container);
  if (names === "") return;
  const file = `${paths.data}/postgresql.auto.conf`;
  const script = `printf '# Settings come from stack config: pgstack takes back what is written here.\\n' >'${file}.new' && mv '${file}.new' '${file}'`;
  const { exitCode, stderr } = await execInContainer(engine, container, ["/bin/bash", "-c", script], "");
  if (exitCode !== 0) throw failed(container, `settings that were changed by hand cannot be taken back (${names}): ${stderr.trim()}`);
  context.log("warning", `${container}: was changed by hand on the server and is taken back: ${names}`);
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
        (select string_agg(format('pg_hba.conf line %s: %s', line_number, error), '; ') from pg_hba_file_rules where error is not null));`;
}

function failed(container: string, problem: string): UserError {
  return new UserError([
    { where: container, problem, fix: "correct the setting in the stack file; the server still runs with the old ones" },
  ]);
}
