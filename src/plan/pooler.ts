import type { ClusterConfig } from "../config/schema.ts";
import { poolSizes } from "./connections.ts";
import { planUsers } from "./declared.ts";
import { processNumbers } from "./members.ts";
import { configVolumeName, containerName, services, socketVolumeName } from "./names.ts";
import { paths } from "../layout.ts";
import { maxDbConnections, planPoolerSettings, planProcessSettings, planRouteParams } from "./pgbouncer-defaults.ts";
import { share } from "./share.ts";
import type { PoolerPlan, PoolerProcessPlan, RoutePlan } from "./types.ts";
import { readRouteName } from "../read-route.ts";
import { parseDurationS, parseMemoryMb } from "../text/units.ts";

/** The pooler and two routes for each database. */
export function planPooler(config: ClusterConfig, prefix: string, maxConnections: number): PoolerPlan {
  const { pooler, database } = config;
  const sizes = poolSizes(config, maxConnections);
  const routes = (name: string, most: (size: number) => number): Pick<PoolerPlan, "write" | "read"> => {
    const { write, read } = sizes[name] ?? { write: pooler.poolSize, read: pooler.poolSize };
    return {
      write: route(name, { poolSize: write, most: most(write), reads: false }),
      read: route(readRouteName(name), { poolSize: read, most: most(read), reads: true }),
    };
  };
  // With more users than the owner each connection counts in the budget: nothing may open beyond it.
  const isAlone = Object.keys(config.databases).length === 0 && Object.keys(config.users).length === 0;
  const first = routes(database, (size) => (isAlone ? maxDbConnections(size, pooler.reserveSize) : size + pooler.reserveSize));
  const others = Object.keys(config.databases)
    .toSorted()
    .map((name) => ({ database: name, ...routes(name, (size) => size) }));
  const pools = [first, ...others].flatMap(({ write, read }) => [write.poolSize, read.poolSize]);
  // The server would refuse what is above a role's limit; here clients wait instead.
  const userLimits = planUsers(config).flatMap(({ name, pooled, connectionLimit }) =>
    pooled && connectionLimit > 0 ? [{ user: name, connections: connectionLimit }] : [],
  );
  return {
    ...poolerNames(prefix),
    processes: planProcesses(config, prefix, userLimits),
    hostPort: config.ports.pooler,
    memoryMb: parseMemoryMb(pooler.memory),
    mode: pooler.mode,
    drainTimeoutS: parseDurationS(pooler.drainTimeout),
    nofile: openFiles(
      pooler.maxClients,
      pools.reduce((sum, size) => sum + size + pooler.reserveSize, 0),
    ),
    ...first,
    others,
    userLimits,
    settings: [
      ...planPoolerSettings({
        mode: pooler.mode,
        maxClients: pooler.maxClients,
        poolSize: pooler.poolSize,
        reserveTimeoutS: parseDurationS(pooler.reserveTimeout),
        queryWaitTimeoutS: parseDurationS(pooler.queryWaitTimeout),
        idleTransactionTimeoutS: pooler.idleTransactionTimeout === undefined ? undefined : parseDurationS(pooler.idleTransactionTimeout),
      }),
      { name: "auth_file", value: `${paths.config}/userlist.txt`, why: "verifiers of the roles that may come" },
    ],
  };
}

function planProcesses(config: ClusterConfig, prefix: string, userLimits: PoolerPlan["userLimits"]): readonly PoolerProcessPlan[] {
  const numbers = processNumbers(config);
  return numbers.map((number) => ({
    number,
    container: containerName(prefix, services.pgbouncer(number)),
    hostPort: config.ports.poolerConsole + number - 1,
    settings: planProcessSettings(number, share(config.pooler.reserveSize, numbers.length, number, 0)),
    userLimits: userLimits.map(({ user, connections }) => ({ user, connections: share(connections, numbers.length, number) })),
  }));
}

/** What of the pooler is on the engine besides its processes. */
export function poolerNames(prefix: string): Pick<PoolerPlan, "listener" | "configVolume" | "socketVolume"> {
  return {
    listener: containerName(prefix, services.pooler),
    configVolume: configVolumeName(prefix, services.pooler),
    socketVolume: socketVolumeName(prefix, services.pooler),
  };
}

/** Memory limit of the listener's container, in MB. Measured use: about 7. */
export const listenerMemoryMb = 32;

function route(name: string, { poolSize, most, reads }: Pick<RoutePlan, "poolSize" | "most" | "reads">): RoutePlan {
  const parameters = Object.fromEntries(planRouteParams(reads).map(({ key, value }) => [key, value]));
  return { name, reads, poolSize, most, parameters };
}

/** Enough for about 15000 clients, so that an ordinary change of `maxClients` does not replace the pooler's container. */
const usualOpenFiles = 16_384;

/** PgBouncer's own rule (doc/config.md, max_client_conn): one per client and server connection, and some for itself. */
function openFiles(clients: number, servers: number): number {
  return Math.max(usualOpenFiles, 2 ** Math.ceil(Math.log2(clients + servers + 256)));
}
