import type { ClusterPlan, NodePlan } from "../plan/types.ts";
import { settingsOf } from "../postgres/settings.ts";
import { standbyLimited } from "./order.ts";

/** PostgreSQL's own values of the standby-limited settings that pgstack does not set. */
const serverDefaults: Readonly<Record<(typeof standbyLimited)[number], string>> = {
  max_connections: "100",
  max_worker_processes: "8",
  max_wal_senders: "10",
  max_prepared_transactions: "0",
  max_locks_per_transaction: "64",
};

/** The standby-limited settings of a node, whether it declares them or not. */
export function standbyLimits({ settings }: NodePlan): Readonly<Record<string, string>> {
  return Object.fromEntries(
    standbyLimited.map((name) => [name, settings.find((setting) => setting.name === name)?.value ?? serverDefaults[name]]),
  );
}

/** Settings that take effect only at a restart: the same for all nodes. */
export function restartSettings({ nodes, leader, major }: ClusterPlan): Readonly<Record<string, string>> {
  const node = nodes.find(({ name }) => name === leader);
  if (node === undefined) return {};
  const known = settingsOf(major);
  const shared = node.settings.filter(({ section }) => section !== "this node");
  return {
    ...standbyLimits(node),
    // Of a version without a table any setting may be one of them.
    ...Object.fromEntries(
      shared.filter(({ name }) => known === undefined || known[name]?.context === "postmaster").map(({ name, value }) => [name, value]),
    ),
  };
}
