import type { AlertName } from "../../config/alerts.ts";
import type { Step, Words } from "./spec.ts";

/** The alerts whose thresholds panels show. */
export type LimitName = Extract<
  AlertName,
  | "ReplicaLagSeconds"
  | "ReplicaLagBytes"
  | "HeartbeatStale"
  | "SlotRetainedWal"
  | "XminAge"
  | "ConnectionsUsed"
  | "PoolerClientsWaiting"
  | "PoolerClientsUsed"
  | "IdleInTransaction"
  | "Deadlocks"
  | "PreparedTransactions"
  | "ArchiveFailing"
  | "TransactionIdAge"
  | "DiskFull"
>;

/** Where an alert begins to fire, in the smallest unit. */
export interface Limit {
  readonly warning?: { readonly limit: number | undefined };
  readonly critical?: { readonly limit: number | undefined };
}

/** Thresholds by alert, as the plan of the alerts has them. Without one a panel draws no line. */
export type DashboardLimits = Readonly<Partial<Record<LimitName, Limit>>>;

/** Green, orange from the warning on, red from the critical value on. Undefined where no alert looks at the value. */
export function below(limit: Limit | undefined): readonly Step[] | undefined {
  const [warning, critical] = [limit?.warning?.limit, limit?.critical?.limit];
  if (warning === undefined && critical === undefined) return undefined;
  return [
    { color: "green", from: null },
    ...(warning === undefined ? [] : [{ color: "orange", from: warning } as const]),
    ...(critical === undefined ? [] : [{ color: "red", from: critical } as const]),
  ];
}

/** The same for things that are counted: they are too many only beyond the threshold. */
export function upTo(limit: Limit["warning"], color: "orange" | "red"): readonly Step[] | undefined {
  if (limit?.limit === undefined) return undefined;
  return [
    { color: "green", from: null },
    { color, from: limit.limit + 1 },
  ];
}

/** Green at 0, else as bad as said. */
export function noneOf(color: "orange" | "red"): readonly Step[] {
  return [
    { color: "green", from: null },
    { color, from: 1 },
  ];
}

/** 1 is good. */
export const yes: Words = { "0": { text: "no", color: "red" }, "1": { text: "yes", color: "green" } };

/** 0 is good, else it is as bad as said. */
export function no(color: "orange" | "red"): Words {
  return { "0": { text: "no", color: "green" }, "1": { text: "yes", color } };
}

/** What `pgstack_node_in_recovery` says. */
export const roles: Words = { "0": { text: "leader", color: "text" }, "1": { text: "replica", color: "text" } };
