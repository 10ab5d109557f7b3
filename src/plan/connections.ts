import type { ClusterConfig } from "../config/schema.ts";
import { reservedConnections } from "./postgres-defaults.ts";

/** What the budget depends on. */
type BudgetInput = Pick<ClusterConfig, "pooler" | "replicas" | "settings">;

/** Connections for the exporter, the check and people with the `monitoring` role: its connection limit. */
export const monitoringConnections = 10;
/** Direct connections of the application's role beside the pooler: migrations, administration. */
export const directConnections = 10;

export interface ConnectionBudget {
  readonly parts: readonly { readonly what: string; readonly connections: number }[];
  readonly total: number;
}

/**
 * Connections that the leader must bear: the write route's pool and reserve, reads as well when there is no replica, and
 * what goes past the pooler. Replicas bear no more: the read route's pool is capped to what one of them can take.
 */
export function connectionBudget(config: BudgetInput): ConnectionBudget {
  const { poolSize, reserveSize } = config.pooler;
  const parts = [
    { what: "pooled for writes", connections: poolSize },
    { what: "in reserve for writes", connections: reserveSize },
    ...(config.replicas === 0
      ? [
          { what: "pooled for reads", connections: poolSize },
          { what: "in reserve for reads", connections: reserveSize },
        ]
      : []),
    ...overhead(config),
  ];
  return { parts, total: sum(parts) };
}

/** What goes past the pooler, on every node. */
function overhead({ settings }: BudgetInput): ConnectionBudget["parts"] {
  const number = (name: string, otherwise: number): number => {
    const given = Number(settings[name] ?? otherwise);
    return Number.isNaN(given) ? otherwise : given;
  };
  const reserved = number("superuser_reserved_connections", reservedConnections);
  const forRole = number("reserved_connections", 0);
  return [
    { what: "for monitoring", connections: monitoringConnections },
    { what: "direct", connections: directConnections },
    { what: "reserved for the superuser", connections: reserved },
    ...(forRole === 0 ? [] : [{ what: "reserved (reserved_connections)", connections: forRole }]),
  ];
}

/**
 * Size of the read route's pool: `poolSize` for each replica, but never more than a single surviving replica can take,
 * since every connection moves there when the others are gone.
 */
export function readPoolSize(config: BudgetInput, maxConnections: number): number {
  const { poolSize, reserveSize } = config.pooler;
  if (config.replicas === 0) return poolSize;
  return Math.max(1, Math.min(poolSize * config.replicas, maxConnections - reserveSize - sum(overhead(config))));
}

function sum(parts: readonly { readonly connections: number }[]): number {
  return parts.reduce((total, { connections }) => total + connections, 0);
}
