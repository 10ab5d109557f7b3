import type { ClusterConfig } from "../config/schema.ts";
import { maxDbConnections } from "./pgbouncer-defaults.ts";
import { reservedConnections } from "./postgres-defaults.ts";

/** What the budget depends on. */
type BudgetInput = Pick<ClusterConfig, "pooler" | "replicas" | "settings" | "database" | "databases" | "users">;

/** Connections for the exporter, the check and people with the `monitoring` role: its connection limit. */
export const monitoringConnections = 10;
/** Direct connections of the application's role beside the pooler: migrations, administration. */
export const directConnections = 10;

export interface ConnectionBudget {
  readonly parts: readonly { readonly what: string; readonly connections: number }[];
  readonly total: number;
}

/**
 * Connections that the leader must bear: the pools for writes and their reserves, reads as well when there is no replica, and
 * what goes past the pooler. Replicas bear no more: pools for reads are capped to what one of them can take.
 */
export function connectionBudget(config: BudgetInput): ConnectionBudget {
  const { poolSize, reserveSize } = config.pooler;
  const shared = sharedConnections(config);
  const onLeader = (purpose: "writes" | "reads"): ConnectionBudget["parts"] => [
    { what: `pooled for ${purpose}`, connections: poolSize },
    { what: `in reserve for ${purpose}`, connections: reserveSize },
    ...(shared === 0 ? [] : [{ what: `for ${purpose} of other users`, connections: shared }]),
    ...Object.entries(config.databases).map(([name, { poolSize: size }]) => ({
      what: `for ${purpose} of ${name}`,
      connections: maxDbConnections(size, reserveSize),
    })),
  ];
  return budgetOf([...onLeader("writes"), ...(config.replicas === 0 ? onLeader("reads") : []), ...overhead(config)]);
}

/** The least that a replica must bear when it is the only one left: a pool of one for each database. */
export function readBudget(config: BudgetInput): ConnectionBudget {
  const parts = Object.entries(readExtras(config)).map(([name, extra]) => ({
    what: `at least for reads of ${name}`,
    connections: extra + 1,
  }));
  return budgetOf([...parts, ...overhead(config)]);
}

/** What a route of the first database may open beyond pool and reserve for users beside its owner. */
function sharedConnections({ database, users }: BudgetInput): number {
  const isShared = Object.values(users).some(({ access, pooled }) => pooled && Object.hasOwn(access, database));
  return isShared ? maxDbConnections(0, 0) : 0;
}

/** What the read route of each database may open beyond its pool. */
function readExtras(config: BudgetInput): Readonly<Record<string, number>> {
  const { reserveSize } = config.pooler;
  return {
    [config.database]: reserveSize + sharedConnections(config),
    ...Object.fromEntries(Object.keys(config.databases).map((name) => [name, maxDbConnections(0, reserveSize)])),
  };
}

/** What goes past the pooler, on every node. */
function overhead({ settings, users }: BudgetInput): ConnectionBudget["parts"] {
  const number = (name: string, otherwise: number): number => {
    const given = Number(settings[name] ?? otherwise);
    return Number.isNaN(given) ? otherwise : given;
  };
  const reserved = number("superuser_reserved_connections", reservedConnections);
  const forRole = number("reserved_connections", 0);
  return [
    { what: "for monitoring", connections: monitoringConnections },
    { what: "direct", connections: directConnections },
    ...Object.entries(users).flatMap(([name, { pooled, connectionLimit }]) =>
      pooled || connectionLimit === undefined ? [] : [{ what: `direct for ${name}`, connections: connectionLimit }],
    ),
    { what: "reserved for the superuser", connections: reserved },
    ...(forRole === 0 ? [] : [{ what: "reserved (reserved_connections)", connections: forRole }]),
  ];
}

/**
 * Sizes of the read routes' pools by database: what each wants (its pool for each replica), but all together never more than
 * a single surviving replica can take, since every connection moves there when the others are gone.
 */
export function readPoolSizes(config: BudgetInput, maxConnections: number): Readonly<Record<string, number>> {
  const factor = Math.max(1, config.replicas);
  const wanted = {
    [config.database]: config.pooler.poolSize * factor,
    ...Object.fromEntries(Object.entries(config.databases).map(([name, { poolSize }]) => [name, poolSize * factor])),
  };
  if (config.replicas === 0) return wanted;
  const extras = Object.values(readExtras(config)).reduce((total, extra) => total + extra, 0);
  const available = maxConnections - extras - sum(overhead(config));
  const total = Object.values(wanted).reduce((all, size) => all + size, 0);
  const share = (size: number): number => (total <= available ? size : Math.max(1, Math.floor((size * available) / total)));
  return Object.fromEntries(Object.entries(wanted).map(([name, size]) => [name, share(size)]));
}

function budgetOf(parts: ConnectionBudget["parts"]): ConnectionBudget {
  return { parts, total: sum(parts) };
}

function sum(parts: readonly { readonly connections: number }[]): number {
  return parts.reduce((total, { connections }) => total + connections, 0);
}
