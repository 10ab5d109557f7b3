import type { ClusterConfig } from "../config/schema.ts";
import { reservedConnections } from "./postgres-defaults.ts";

/** What the budget depends on. */
type BudgetInput = Pick<ClusterConfig, "pooler" | "replicas" | "settings" | "database" | "databases" | "users">;

/** Connections for the exporter, the check and people with the `monitoring` role: its connection limit. */
export const monitoringConnections = 10;
/** Direct connections of the application's role that bypass the pooler: migrations, administration. */
export const directConnections = 10;

export interface ConnectionBudget {
  readonly parts: readonly { readonly what: string; readonly connections: number }[];
  readonly total: number;
}

/**
 * Connections that the leader must bear: the pools for writes and their reserves, reads as well when there is no replica, and
 * what goes past the pooler. Replicas bear no more: pools for reads are capped to what one of them can take. A further
 * database has one pool and nothing else, which its two routes share when both lead to the leader.
 */
export function connectionBudget(config: BudgetInput): ConnectionBudget {
  const parts = [...pools(config), ...overhead(config)];
  return { parts, total: sum(parts) };
}

/** Connections of the pools alone: those that work. What goes past them is there for a moment, or in need. */
export function pooledConnections(config: BudgetInput): number {
  return sum(pools(config));
}

function pools(config: BudgetInput): ConnectionBudget["parts"] {
  const { poolSize, reserveSize } = config.pooler;
  return [
    { what: "pooled for writes", connections: poolSize },
    { what: "in reserve for writes", connections: reserveSize },
    ...(config.replicas === 0
      ? [
          { what: "pooled for reads", connections: poolSize },
          { what: "in reserve for reads", connections: reserveSize },
        ]
      : []),
    ...Object.entries(config.databases).map(([name, { poolSize: size }]) => ({ what: `pooled for ${name}`, connections: size })),
  ];
}

/** Connections that bypass the pooler, on every node. */
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
 * Sizes of the pools by database. What reads want is the pool for each replica, but all together never more than a single
 * surviving replica can take, since every connection moves there when the others are gone.
 */
export function poolSizes(
  config: BudgetInput,
  maxConnections: number,
): Readonly<Record<string, { readonly write: number; readonly read: number }>> {
  const { poolSize, reserveSize } = config.pooler;
  const others = Object.entries(config.databases).map(([name, { poolSize: size }]) => [name, size] as const);
  if (config.replicas === 0) {
    // Both routes of a further database lead to the leader: half for each.
    const halves = others.map(([name, size]) => [name, { write: Math.ceil(size / 2), read: Math.floor(size / 2) }] as const);
    return { [config.database]: { write: poolSize, read: poolSize }, ...Object.fromEntries(halves) };
  }
  const all = [[config.database, poolSize] as const, ...others];
  const available = maxConnections - reserveSize - sum(overhead(config));
  const total = all.reduce((wanted, [, size]) => wanted + size * config.replicas, 0);
  const share = (size: number): number => (total <= available ? size : Math.max(1, Math.floor((size * available) / total)));
  return Object.fromEntries(all.map(([name, size]) => [name, { write: size, read: share(size * config.replicas) }]));
}

function sum(parts: readonly { readonly connections: number }[]): number {
  return parts.reduce((total, { connections }) => total + connections, 0);
}
