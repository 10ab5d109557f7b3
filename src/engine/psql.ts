import { paths } from "../plan/paths.ts";
import { quietSession } from "../postgres/quiet-session.ts";
import type { Engine } from "./connect.ts";
import { execInContainer } from "./exec.ts";

/**
 * Runs SQL on a node as the superuser, over the socket inside its container: the one way in for `postgres`. The text goes
 * through standard input, so it shows in no process list, and the session logs no statement.
 *
 * @param sql - may hold psql's own commands such as `\gexec`
 * @returns unaligned output, one line per row, columns separated by `|`
 * @throws Error with psql's message and without the statement
 */
export async function runSql(engine: Engine, container: string, sql: string, database = "postgres", signal?: AbortSignal): Promise<string> {
  const command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", paths.socketDirectory, "-U", "postgres", "-d", database, "-f", "-"];
  const result = await execInContainer(engine, container, command, `${quietSession}${sql}`, signal);
  if (result.exitCode !== 0) throw new SqlError(container, result);
  return result.stdout.trimEnd();
}

/** A statement failed on a node, or the node could not be asked. */
export class SqlError extends Error {
  /** No statement was refused: there was no server, or it went away, or its container did. */
  readonly isUnreachable: boolean;

  constructor(container: string, { stderr, exitCode }: { readonly stderr: string; readonly exitCode: number }) {
    const message = messageOf(stderr);
    super(`${container}: ${message === "" ? `psql ended with code ${exitCode}` : message}`);
    this.name = "SqlError";
    // psql's own codes: 1 is an error of its own, 3 one of the script.
    this.isUnreachable = exitCode !== 1 && exitCode !== 3;
  }
}

/** psql's error lines; the `LINE 1: …` that follows would repeat the statement. */
function messageOf(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => /(ERROR|FATAL|PANIC|error):/.test(line));
  return (lines.length > 0 ? lines : [stderr.trim()]).join("; ").replace(/^psql:[^:]*:\d+: /, "");
}
