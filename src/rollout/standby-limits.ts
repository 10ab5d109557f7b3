import type { NodePlan } from "../plan/types.ts";

/**
 * Settings that a replica must have at least as large as the leader had when it wrote the WAL that the replica replays
 * (PostgreSQL, "Administrator's Overview" of hot standby).
 */
export const standbyLimited = [
  "max_connections",
  "max_worker_processes",
  "max_wal_senders",
  "max_prepared_transactions",
  "max_locks_per_transaction",
] as const;

/** PostgreSQL's own values of those that pgstack does not set. */
const serverDefaults: Readonly<Record<(typeof standbyLimited)[number], string>> = {
  max_connections: "100",
  max_worker_processes: "8",
  max_wal_senders: "10",
  max_prepared_transactions: "0",
  max_locks_per_transaction: "64",
};

/** Whether a replica can take a new value only after the leader. */
export function isLowered({
  name,
  running,
  wanted,
}: {
  readonly name: string;
  readonly running: string;
  readonly wanted: string;
}): boolean {
  return (standbyLimited as readonly string[]).includes(name) && Number(wanted) < Number(running);
}

/**
 * The standby-limited settings of a node, whether it declares them or not. The start script gets them too: a replica starts with
 * the leader's larger value until its turn comes.
 */
export function standbyLimits({ settings }: NodePlan): Readonly<Record<string, string>> {
  return Object.fromEntries(
    standbyLimited.map((name) => [name, settings.find((setting) => setting.name === name)?.value ?? serverDefaults[name]]),
  );
}
