import type { NodeRole } from "../node-role.ts";

/** What waits for a restart on one node. */
export interface Waiting {
  readonly node: string;
  /** Undefined for a node that is down. */
  readonly role: NodeRole | undefined;
  /** Whether a restart at any time applies something. */
  readonly any: boolean;
  /** Whether standby-limited settings are lowered: a replica takes them only once the leader runs with them. */
  readonly lowered: boolean;
}

/**
 * Nodes to restart now, in order. Those that are down first: one of them may be the leader. Then replicas, so that a value that
 * a server refuses is refused by one that nobody writes to. The leader first when all that waits on it are lowered
 * standby-limited settings: a replica may not go below the leader. With raised and lowered ones together the replicas come
 * before and after, which the next call tells.
 */
export function restartOrder(nodes: readonly Waiting[]): readonly string[] {
  return passOf(nodes).map(({ node }) => node);
}

/** Every turn until nothing waits any more; a replica that has to lower a limit too may have two. */
export function restartTurns(nodes: readonly Waiting[]): readonly string[] {
  const turns: string[] = [];
  for (let left = nodes; ;) {
    const pass = passOf(left);
    if (pass.length === 0) return turns;
    for (const { node } of pass) {
      turns.push(node);
      const keepsLimit = left.some(({ role, lowered }) => role === "leader" && lowered);
      left = left.map((one) =>
        one.node === node ? { ...one, any: false, lowered: one.lowered && one.role === "replica" && keepsLimit } : one,
      );
    }
  }
}

function passOf(nodes: readonly Waiting[]): readonly Waiting[] {
  const waiting = nodes.filter(({ any, lowered }) => any || lowered);
  const down = waiting.filter(({ role }) => role === undefined);
  const leader = waiting.filter(({ role }) => role === "leader");
  const replicas = waiting.filter(({ role }) => role === "replica");
  // A replica that runs with the leader's larger value for now would come back with it: its turn is after the leader.
  const canChange = replicas.filter(({ any }) => leader.length === 0 || any);
  return [...down, ...canChange, ...leader, ...replicas.filter((replica) => !canChange.includes(replica))];
}
