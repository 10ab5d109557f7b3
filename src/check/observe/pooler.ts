import type { Client } from "pg";

import type { DatabaseRow } from "../../pgbouncer/show.ts";
import { isHeld, showDatabases, showVersion } from "../../pgbouncer/show.ts";
import type { Observed, PoolerDatabase, PoolerFacts } from "../observation.ts";
import { consoleOf, withConnection } from "./connection.ts";
import type { ObserveContext } from "./context.ts";

interface PoolRow {
  readonly database: string;
  readonly sv_active: string;
  readonly sv_idle: string;
  readonly sv_used: string;
}

/** Asks the pooler's console, as `monitoring`. The console only supports the simple protocol: no parameters. */
export async function observePooler(context: ObserveContext): Promise<Observed<PoolerFacts>> {
  const { target } = context;
  return withConnection(context, consoleOf(context), async (client) => {
    const rows = await showDatabases(client);
    return {
      version: await showVersion(client),
      databases: rows.map(databaseOf),
      isHeld: await isHeld(client),
      readServers: await servers(client, target.readRoute),
      readPoolSize: poolSize(rows, target.readRoute),
    };
  });
}

function databaseOf({ name, host, paused, disabled }: DatabaseRow): PoolerDatabase {
  return {
    name,
    host: host ?? undefined,
    paused: paused !== 0,
    disabled: disabled !== 0,
  };
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
