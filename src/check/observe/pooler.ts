import type { Client } from "pg";

import type { Observed, PoolerDatabase, PoolerFacts } from "../observation.ts";
import { consoleOf, withConnection } from "./connection.ts";
import type { ObserveContext } from "./context.ts";

interface DatabaseRow {
  readonly name: string;
  readonly host: string | null;
  readonly pool_size: number;
  readonly paused: number;
  readonly disabled: number;
}

interface PoolRow {
  readonly database: string;
  readonly sv_active: string;
  readonly sv_idle: string;
  readonly sv_used: string;
}

/** Asks the pooler's console, as `monitoring`. The console understands the simple protocol alone: no parameters. */
export async function observePooler(context: ObserveContext): Promise<Observed<PoolerFacts>> {
  const { target } = context;
  return withConnection(context, consoleOf(context), async (client) => {
    const { rows } = await client.query<DatabaseRow>("SHOW DATABASES");
    return {
      version: await version(client),
      databases: rows.map(databaseOf),
      isHeld: await isHeld(client),
      readServers: await servers(client, target.readRoute),
      readPoolSize: poolSize(rows, target.readRoute),
    };
  });
}

async function version(client: Client): Promise<string> {
  const { rows } = await client.query<{ version: string }>("SHOW VERSION");
  return (rows[0]?.version ?? "unknown").replace(/^PgBouncer /, "");
}

function databaseOf({ name, host, paused, disabled }: DatabaseRow): PoolerDatabase {
  return {
    name,
    host: host ?? undefined,
    paused: paused !== 0,
    disabled: disabled !== 0,
  };
}

/** PAUSE and SUSPEND without a database. Older poolers than 1.19 cannot tell. */
async function isHeld(client: Client): Promise<boolean> {
  try {
    const { rows } = await client.query<{ key: string; value: string }>("SHOW STATE");
    return rows.some(({ key, value }) => key === "active" && value === "no");
  } catch {
    return false;
  }
}

function poolSize(rows: readonly DatabaseRow[], route: string): number | undefined {
  return rows.find(({ name }) => name === route)?.pool_size;
}

async function servers(client: Client, route: string): Promise<number> {
  const { rows } = await client.query<PoolRow>("SHOW POOLS");
  return rows
    .filter(({ database }) => database === route)
    .reduce((sum, row) => sum + Number(row.sv_active) + Number(row.sv_idle) + Number(row.sv_used), 0);
}
