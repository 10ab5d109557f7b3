import type { ClusterConfig } from "../config/schema.ts";
import { poolSizes } from "./connections.ts";
import { planUsers } from "./declared.ts";
import { replicaNames } from "./members.ts";
import { configVolumeName, containerName, services, socketVolumeName } from "./names.ts";
import { paths } from "../layout.ts";
import { maxDbConnections, planPoolerSettings, planRouteParams } from "./pgbouncer-defaults.ts";
import type { ClusterPlan, PoolerPlan, RoutePlan } from "./types.ts";
import { readRouteName } from "../read-route.ts";
import { parseDurationS, parseMemoryMb } from "../text/units.ts";

/** The pooler and two routes for each database; reads go to the leader when there is no replica. */
export function planPooler(config: ClusterConfig, prefix: string, maxConnections: number): PoolerPlan {
  const { pooler, database, leader } = config;
  const replicas = replicaNames(config);
  const readHosts = replicas.length === 0 ? [leader] : replicas;
  const sizes = poolSizes(config, maxConnections);
  const routes = (name: string, most: (size: number) => number): Pick<PoolerPlan, "write" | "read"> => {
    const { write, read } = sizes[name] ?? { write: pooler.poolSize, read: pooler.poolSize };
    return {
      write: route(name, [leader], { poolSize: write, most: most(write), reads: false }),
      read: route(readRouteName(name), readHosts, { poolSize: read, most: most(read), reads: true }),
    };
  };
  // With more users than the owner each connection counts in the budget: nothing may open beyond it.
  const isAlone = Object.keys(config.databases).length === 0 && Object.keys(config.users).length === 0;
  const first = routes(database, (size) => (isAlone ? maxDbConnections(size, pooler.reserveSize) : size + pooler.reserveSize));
  const others = Object.keys(config.databases)
    .toSorted()
    .map((name) => ({ database: name, ...routes(name, (size) => size) }));
  const pools = [first, ...others].flatMap(({ write, read }) => [write.poolSize, read.poolSize]);
  return {
    ...poolerNames(prefix),
    hostPort: config.ports.pooler,
    memoryMb: parseMemoryMb(pooler.memory),
    drainTimeoutS: parseDurationS(pooler.drainTimeout),
    nofile: openFiles(
      pooler.maxClients,
      pools.reduce((sum, size) => sum + size + pooler.reserveSize, 0),
    ),
    ...first,
    others,
    // The server would refuse what is above a role's limit; here clients wait instead.
    userLimits: planUsers(config).flatMap(({ name, pooled, connectionLimit }) =>
      pooled && connectionLimit > 0 ? [{ user: name, connections: connectionLimit }] : [],
    ),
    settings: [
      ...planPoolerSettings({
        mode: pooler.mode,
        maxClients: pooler.maxClients,
        poolSize: pooler.poolSize,
        reserveSize: pooler.reserveSize,
        reserveTimeoutS: parseDurationS(pooler.reserveTimeout),
        queryWaitTimeoutS: parseDurationS(pooler.queryWaitTimeout),
        idleTransactionTimeoutS: pooler.idleTransactionTimeout === undefined ? undefined : parseDurationS(pooler.idleTransactionTimeout),
      }),
      { name: "auth_file", value: `${paths.config}/userlist.txt`, why: "verifiers of the roles that may come" },
    ],
  };
}

/** What of the pooler is on the engine. */
export function poolerNames(prefix: string): Pick<PoolerPlan, "container" | "listener" | "configVolume" | "socketVolume"> {
  return {
    container: containerName(prefix, services.pgbouncer),
    listener: containerName(prefix, services.pooler),
    configVolume: configVolumeName(prefix, services.pooler),
    socketVolume: socketVolumeName(prefix, services.pooler),
  };
}

/** Memory limit of the listener's container, in MB. Measured use: about 7. */
export const listenerMemoryMb = 32;

function route(
  name: string,
  hosts: readonly string[],
  { poolSize, most, reads }: { readonly poolSize: number; readonly most: number; readonly reads: boolean },
): RoutePlan {
  const { pool_size: _, ...parameters } = Object.fromEntries(
    planRouteParams({ poolSize, most, reads }).map(({ key, value }) => [key, value]),
  );
  return { name, hosts, poolSize, parameters };
}

/** Every route with the database that it leads to: first all of the first database. */
export function routesOf({
  database,
  pooler,
}: Pick<ClusterPlan, "database" | "pooler">): readonly (RoutePlan & { readonly database: string })[] {
  return [{ database: database.name, write: pooler.write, read: pooler.read }, ...pooler.others].flatMap(
    ({ database: of, write, read }) => [
      { ...write, database: of },
      { ...read, database: of },
    ],
  );
}

/** Enough for about 15000 clients, so that an ordinary change of `maxClients` does not replace the pooler's container. */
const usualOpenFiles = 16_384;

/** PgBouncer's own rule (doc/config.md, max_client_conn): one per client and server connection, and some for itself. */
function openFiles(clients: number, servers: number): number {
  return Math.max(usualOpenFiles, 2 ** Math.ceil(Math.log2(clients + servers + 256)));
}
