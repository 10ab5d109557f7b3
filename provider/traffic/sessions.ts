import type { Servers } from "./world.ts";

type Asked = Pick<Servers, "sql">;

/** Only clients' sessions: those of pgstack itself, replication and background workers end by themselves. */
const clients = "backend_type = 'client backend' and pid <> pg_backend_pid() and usename is distinct from 'monitoring'";

/**
 * Sessions in a transaction or query for longer than `olderS` seconds, for messages: who, how long, in which state. Never the statement.
 *
 * @param client - address of the client whose sessions count. @default - sessions of all clients
 */
export async function longTransactions(world: Asked, container: string, olderS: number, client?: string): Promise<string> {
  const of = client === undefined ? "" : `and client_addr = '${client}' `;
  return world.sql(
    container,
    `select string_agg(format('pid %s (%s@%s%s) in a transaction for %s s, %s', pid, usename, datname,
         nullif('/' || application_name, '/'), round(extract(epoch from clock_timestamp() - xact_start)), state), '; ' order by xact_start)
       from pg_stat_activity where ${clients} ${of}and xact_start < clock_timestamp() - ${olderS} * interval '1 second';`,
  );
}

/** The longest-running sessions of a node, for people. */
export async function longestQueries(world: Asked, container: string): Promise<string> {
  const found = await longTransactions(world, container, 0);
  return found === "" ? "no session is in a transaction, so a client holds its connection (pool mode session?)" : found;
}
