import type { Engine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { execInContainer } from "../../src/engine/exec.ts";
import { runSql, SqlError } from "../../src/engine/psql.ts";
import { UserError } from "../../src/errors.ts";
import type { Problem } from "../../src/errors.ts";
import { paths } from "../../src/layout.ts";
import { awaitReload, reloadSql } from "../../src/postgres/reload.ts";
import type { Context } from "../kind.ts";
import { RefusedFiles } from "./refused-files.ts";

/** How long a server may take to read its files again. */
const reloadTimeoutMs = 10_000;

/**
 * Makes a running server reload its files and verifies it: its load time has changed and neither settings nor access rules have
 * an error. `Restarts` later restarts servers that need it, in order. A server that is not up reads the files when it starts.
 */
export async function reloadPostgres(context: Context, engine: Engine, { container }: { readonly container: string }): Promise<void> {
  if (!(await isRunning(engine, container))) return;
  await takeBackOverrides(context, engine, container);
  const before = await askToReload(engine, container);
  if (before === undefined) return;
  const problems = await awaitReload((sql) => runSql(engine, container, sql, "postgres", context.signal), before, {
    timeoutMs: reloadTimeoutMs,
    signal: context.signal,
  });
  if (problems === undefined) throw failed(container, `it did not read its files again within ${reloadTimeoutMs / 1000} s`);
  if (problems !== "") throw new RefusedFiles([problemOf(container, `it does not accept its files: ${problems}`)]);
}

/**
 * Settings in `postgresql.auto.conf`, which override the rendered ones: by `ALTER SYSTEM` where it is allowed, or by hand.
 *
 * @returns names, separated by commas; empty when the server does not answer
 */
export async function overriddenSettings(engine: Engine, container: string): Promise<string> {
  if (!(await isRunning(engine, container))) return "";
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
    return await runSql(engine, container, reloadSql);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    // Not accepting connections: still starting, or waiting for its leader. Or nobody can log in, and these files fix it.
    await execInContainer(engine, container, ["/bin/bash", "-c", hangUp], "");
    return undefined;
  }
}

/**
 * From inside the container: after a signal through its own API the engine treats the container as stopped by hand. The start
 * script, which is process 1 until the server replaces it, gets no signal.
 */
const hangUp = 'read -r name </proc/1/comm; [ "$name" != postgres ] || kill -HUP 1';

function failed(container: string, problem: string): UserError {
  return new UserError([problemOf(container, problem)]);
}

function problemOf(where: string, problem: string): Problem {
  return { where, problem, fix: "correct the setting in the stack file; the server still runs with the old ones" };
}
