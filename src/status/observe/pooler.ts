import { consoleAt } from "../../target/logins.ts";
import type { CheckProcess } from "../../target/target.ts";
import { consoleDatabase } from "../../plan/pgbouncer-defaults.ts";
import type { Observed } from "../../check/observation.ts";
import { pooled, withConnection } from "../../check/observe/connection.ts";
import type { ObserveContext } from "../../check/observe/context.ts";
import type { DatabaseRow } from "../../pgbouncer/show.ts";
import { isHeld, showDatabases, showVersion } from "../../pgbouncer/show.ts";
import type { SeenProcess, SeenRoute } from "../observation.ts";

/** Counters come as text: the console sends them as 64-bit numbers. */
interface PoolRow {
  readonly database: string;
  readonly cl_active: string;
  readonly cl_waiting: string;
  readonly sv_active: string;
  readonly sv_idle: string;
  readonly sv_used: string;
  readonly sv_tested: string;
  readonly sv_login: string;
  readonly maxwait: string;
  readonly maxwait_us: string;
}

interface KeyRow {
  readonly key: string;
  readonly value: string;
}

/** Asks the console of one process, as `monitoring`. The console only supports the simple protocol: no parameters. */
export async function observeProcess(context: ObserveContext, process: CheckProcess): Promise<Observed<SeenProcess>> {
  return withConnection(context, pooled(consoleAt(context.target, context.secrets, process)), async (client) => {
    const databases = await showDatabases(client);
    const pools = await client.query<PoolRow>("SHOW POOLS");
    const lists = await client.query<{ list: string; items: number }>("SHOW LISTS");
    const config = await client.query<KeyRow>("SHOW CONFIG");
    const max = config.rows.find(({ key }) => key === "max_client_conn")?.value;
    return {
      version: await showVersion(client),
      routes: databases.filter(({ name }) => name !== consoleDatabase).map((row) => routeOf(row, pools.rows)),
      isHeld: await isHeld(client),
      clientsUsed: lists.rows.find(({ list }) => list === "used_clients")?.items ?? 0,
      clientsMax: max === undefined ? null : Number(max),
    };
  });
}

function routeOf({ name, host, pool_size, paused, disabled }: DatabaseRow, pools: readonly PoolRow[]): SeenRoute {
  const own = pools.filter(({ database }) => database === name);
  const sum = (...columns: readonly (keyof PoolRow)[]): number =>
    own.reduce((total, row) => total + columns.reduce((part, column) => part + Number(row[column]), 0), 0);
  return {
    name,
    host: host === "" ? null : host,
    paused: paused !== 0,
    disabled: disabled !== 0,
    clientsActive: sum("cl_active"),
    clientsWaiting: sum("cl_waiting"),
    maxWaitSeconds: Math.max(0, ...own.map((row) => Number(row.maxwait) + Number(row.maxwait_us) / 1e6)),
    serversUsed: sum("sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login"),
    serversMax: pool_size,
  };
}
