import { paths } from "../layout.ts";
import { isTooOld } from "../postgres/lifted-settings.ts";
import { psqlCall, psqlMessage } from "../postgres/psql.ts";
import type { Engine } from "./connect.ts";
import { execInContainer } from "./exec.ts";
import type { ExecResult } from "./exec.ts";

const newestMajor = 18;

/** Containers whose server is too old for all that is lifted. */
const oldServers = new Set<string>();

/**
 * Runs SQL on a node as the superuser, over the socket inside its container: the only way to log in as `postgres`. The text goes
 * through standard input, so it shows in no process list. The session logs no statement and is bound by none of the limits that
 * stack config sets for all: it has to take them back.
 *
 * @param sql - may hold psql's own commands such as `\gexec`
 * @returns unaligned output, one line per row, columns separated by `|`
 * @throws Error with psql's message and without the statement
 */
export async function runSql(engine: Engine, container: string, sql: string, database = "postgres", signal?: AbortSignal): Promise<string> {
  const run = (major: number): Promise<ExecResult> => {
    const { command, options, input } = psqlCall(paths.socketDirectory, sql, { database, major });
    return execInContainer(engine, container, ["env", `PGOPTIONS=${options}`, ...command], input, signal);
  };
  let result = await run(oldServers.has(container) ? 15 : newestMajor);
  if (result.exitCode !== 0 && isTooOld(result.stderr)) {
    // Nothing of the SQL has run: it is refused at login.
    oldServers.add(container);
    result = await run(15);
  }
  if (result.exitCode !== 0) throw new SqlError(container, result);
  return result.stdout.trimEnd();
}

/** A statement failed on a node, or the node could not be asked. */
export class SqlError extends Error {
  /** No statement was refused: there was no server, or it went away, or its container did. */
  readonly isUnreachable: boolean;

  constructor(container: string, { stderr, exitCode }: { readonly stderr: string; readonly exitCode: number }) {
    const message = psqlMessage(stderr);
    super(`${container}: ${message === "" ? `psql ended with code ${exitCode}` : message}`);
    this.name = "SqlError";
    // psql's own codes: 1 is an error of its own, 3 one of the script.
    this.isUnreachable = exitCode !== 1 && exitCode !== 3;
  }
}
