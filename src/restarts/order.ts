/** A setting of which a server runs with another value than its file has: only a restart changes that. */
export interface PendingSetting {
  readonly name: string;
  /** In the setting's base unit, as far as it is a number. */
  readonly running: string;
  readonly wanted: string;
}

/** What waits for a restart on one node. */
export interface PendingNode {
  readonly node: string;
  readonly role: "leader" | "replica";
  readonly pending: readonly PendingSetting[];
}

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

/**
 * Nodes to restart now, in order. Replicas first, so that a value that a server refuses is refused by one that nobody writes
 * to. The leader first when all that waits on it are lowered standby-limited settings: a replica may not go below the leader.
 * With raised and lowered ones together the replicas come before and after, which the next call tells.
 */
export function restartOrder(nodes: readonly PendingNode[]): readonly string[] {
  const waiting = nodes.filter(({ pending }) => pending.length > 0);
  const leader = waiting.find(({ role }) => role === "leader");
  const replicas = waiting.filter(({ role }) => role === "replica");
  if (leader === undefined) return replicas.map(({ node }) => node);
  // A replica that runs with the leader's larger value for now would come back with it: its turn is after the leader.
  const canChange = replicas.filter(({ pending }) => pending.some((setting) => !isLowered(setting)));
  return [...canChange, leader, ...replicas.filter((replica) => !canChange.includes(replica))].map(({ node }) => node);
}

/** Whether a replica can take this value only after the leader. */
export function isLowered({ name, running, wanted }: PendingSetting): boolean {
  return (standbyLimited as readonly string[]).includes(name) && Number(wanted) < Number(running);
}
