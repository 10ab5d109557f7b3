import type { DatabaseRow } from "../../pgbouncer/show.ts";
import { isHeld, showDatabases, showVersion } from "../../pgbouncer/show.ts";
import type { Observed, PoolerDatabase, PoolerFacts } from "../observation.ts";
import { consoleAt } from "../../target/logins.ts";
import type { CheckProcess } from "../../target/target.ts";
import { pooled, withConnection } from "./connection.ts";
import type { ObserveContext } from "./context.ts";

/** Asks the console of one process, as `monitoring`. The console only supports the simple protocol: no parameters. */
export async function observeProcess(context: ObserveContext, process: CheckProcess): Promise<Observed<PoolerFacts>> {
  const { target, secrets } = context;
  return withConnection(context, pooled(consoleAt(target, secrets, process)), async (client) => ({
    databases: (await showDatabases(client)).map(databaseOf),
    version: await showVersion(client),
    isHeld: await isHeld(client),
  }));
}

function databaseOf({ name, host, paused, disabled }: DatabaseRow): PoolerDatabase {
  return {
    name,
    host: host ?? undefined,
    paused: paused !== 0,
    disabled: disabled !== 0,
  };
}
