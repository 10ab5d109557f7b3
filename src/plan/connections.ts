import type { ClusterConfig } from "../config/schema.ts";
import { processNumbers } from "./members.ts";
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
  const { reserveSize } = config.pooler;
  const poolSize = inProcesses(config, config.pooler.poolSize);
  return [
    { what: "pooled for writes", connections: poolSize },
    { what: "in reserve for writes", connections: reserveSize },
    ...(config.replicas === 0
      ? [
          { what: "pooled for reads", connections: poolSize },
          { what: "in reserve for reads", connections: reserveSize },
        ]
      : []),
    ...Object.entries(config.databases).map(([name, { poolSize: size }]) => {
      const { write, read } = halves(size);
      // Without replicas both routes lead to the leader.
      const opened = config.replicas === 0 ? [write, read] : [size];
      return { what: `pooled for ${name}`, connections: opened.reduce((total, part) => total + inProcesses(config, part), 0) };
    }),
  ];
}

/** Where both routes of a further database lead to the leader. */
function halves(size: number): { readonly write: number; readonly read: number } {
  return { write: Math.ceil(size / 2), read: Math.floor(size / 2) };
}

/** Each process of the pooler has one connection of each pool at least. */
function inProcesses(config: BudgetInput, size: number): number {
  return Math.max(size, processNumbers(config).length);
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
    const halved = others.map(([name, size]) => [name, halves(size)] as const);
    return { [config.database]: { write: poolSize, read: poolSize }, ...Object.fromEntries(halved) };
  }
  const all = [[config.database, poolSize] as const, ...others];
  const available = maxConnections - reserveSize - sum(overhead(config));
  // Each process has one of each pool at least; what is left is shared in proportion.
  const least = inProcesses(config, 0);
  const more = (size: number): number => inProcesses(config, size * config.replicas) - least;
  const wanted = all.reduce((total, [, size]) => total + more(size), 0);
  const left = Math.max(0, available - least * all.length);
  const part = (size: number): number => least + (wanted <= left ? more(size) : Math.floor((more(size) * left) / wanted));
  return Object.fromEntries(all.map(([name, size]) => [name, { write: size, read: part(size) }]));
}

function sum(parts: readonly { readonly connections: number }[]): number {
  return parts.reduce((total, { connections }) => total + connections, 0);
}
