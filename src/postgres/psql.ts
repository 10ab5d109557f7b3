import { liftedOptions } from "./lifted-settings.ts";
import { quietSession } from "./quiet-session.ts";

/** How a script reaches psql: its commands and what goes to standard input, where no process list shows it. */
export interface PsqlCall {
  readonly command: readonly string[];
  /** Value of PGOPTIONS: what stack config says about all sessions does not bind this one. */
  readonly options: string;
  readonly input: string;
}

/**
 * A script for psql as the superuser, who has no way in but a node's socket. The session logs no statement.
 *
 * @param socketFolder - folder of the node's socket
 * @param sql - may hold psql's own commands such as `\gexec`
 * @param major - the server's major version, which decides on the settings that it knows
 */
export function psqlCall(socketFolder: string, sql: string, { database, major }: { database: string; major: number }): PsqlCall {
  return {
    command: ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", socketFolder, "-U", "postgres", "-d", database, "-f", "-"],
    options: liftedOptions(major),
    input: `${quietSession}${sql}`,
  };
}

/** psql's error lines; the `LINE 1: …` that follows would repeat the statement. */
export function psqlMessage(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => /(ERROR|FATAL|PANIC|error):/.test(line));
  return (lines.length > 0 ? lines : [stderr.trim()]).join("; ").replace(/^psql:[^:]*:\d+: /, "");
}
