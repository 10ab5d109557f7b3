import type { Client } from "pg";

/** A line of SHOW DATABASES: a route, or the console itself, which has no host. */
export interface DatabaseRow {
  readonly name: string;
  readonly host: string | null;
  /** The server's. */
  readonly database: string;
  readonly pool_size: number;
  readonly paused: number;
  readonly disabled: number;
}

export async function showDatabases(client: Client): Promise<readonly DatabaseRow[]> {
  return (await client.query<DatabaseRow>("SHOW DATABASES")).rows;
}

/** PgBouncer's version, such as `1.24.1`. */
export async function showVersion(client: Client): Promise<string> {
  const { rows } = await client.query<{ version: string }>("SHOW VERSION");
  return (rows[0]?.version ?? "unknown").replace(/^PgBouncer /, "");
}

/** PAUSE and SUSPEND without a database. Older poolers than 1.19 cannot tell. */
export async function isHeld(client: Client): Promise<boolean> {
  try {
    const { rows } = await client.query<{ key: string; value: string }>("SHOW STATE");
    return rows.some(({ key, value }) => key === "active" && value === "no");
  } catch {
    return false;
  }
}
