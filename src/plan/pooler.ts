import type { ClusterConfig } from "../config/schema.ts";
import { readPoolSize } from "./connections.ts";
import { configVolumeName, containerName, nodeName, services } from "./names.ts";
import { paths } from "./paths.ts";
import { planPoolerSettings, planRouteParams } from "./pgbouncer-defaults.ts";
import type { PoolerPlan, RoutePlan } from "./types.ts";
import { parseDurationS, parseMemoryMb } from "./units.ts";

/** The pooler and its two routes; reads go to the leader when there is no replica. */
export function planPooler(config: ClusterConfig, prefix: string, maxConnections: number): PoolerPlan {
  const { pooler, database, leader } = config;
  const replicas = Array.from({ length: config.replicas + 1 }, (_, index) => nodeName(index + 1)).filter((name) => name !== leader);
  const readHosts = replicas.length === 0 ? [leader] : replicas;
  const readSize = readPoolSize(config, maxConnections);
  return {
    container: containerName(prefix, services.pooler),
    configVolume: configVolumeName(prefix, services.pooler),
    hostPort: config.ports.pooler,
    memoryMb: parseMemoryMb(pooler.memory),
    drainTimeoutS: parseDurationS(pooler.drainTimeout),
    nofile: openFiles(pooler.maxClients, pooler.poolSize + readSize + 2 * pooler.reserveSize),
    write: route(database, [leader], pooler.poolSize, pooler.reserveSize, false),
    read: route(`${database}_ro`, readHosts, readSize, pooler.reserveSize, true),
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

function route(name: string, hosts: readonly string[], poolSize: number, reserveSize: number, reads: boolean): RoutePlan {
  const { pool_size: _, ...parameters } = Object.fromEntries(
    planRouteParams({ poolSize, reserveSize, reads }).map(({ key, value }) => [key, value]),
  );
  return { name, hosts, poolSize, parameters };
}

/** Enough for about 15000 clients, so that an ordinary change of `maxClients` does not replace the pooler's container. */
const usualOpenFiles = 16_384;

/** PgBouncer's own rule (doc/config.md, max_client_conn): one per client and server connection, and some for itself. */
function openFiles(clients: number, servers: number): number {
  return Math.max(usualOpenFiles, 2 ** Math.ceil(Math.log2(clients + servers + 256)));
}
