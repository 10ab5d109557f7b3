/** A node before a deployment. */
export interface RolloutNode {
  readonly name: string;
  /** Its container on the engine. An engine that did not answer counts as `running`: nothing is then lost by the order. */
  readonly container: "running" | "stopped" | "absent";
  /** Whether stack config has it cloned again. */
  readonly isRecloned: boolean;
}

/** One node's turn in a deployment. */
export interface Turn {
  readonly node: string;
  /** The node that is proven before this one's container is touched; undefined: it waits for none. */
  readonly after: string | undefined;
  /** Whether it waits for the roles on the leader too: it may need them for its first login there. */
  readonly afterRoles: boolean;
}

/** Each clone reads all of the leader's data: more at a time would take disk and network bandwidth from its clients. */
const clonesAtOnce = 4;

/**
 * The order in which nodes get their containers.
 *
 * A new cluster: leader, roles, then the replicas, several at a time, since they have no clients yet and parallel copies take
 * no longer than one. In a running cluster each node is changed after the previous one was proven, the leader last: a value with
 * which a server cannot start is then found on a node that takes no writes. Nodes that are down and have to be cloned again, such
 * as a former leader, come after the leader: the routes to it need not wait for their copy. A leader that does not run comes
 * first: without it no replica can be proven, and it takes no writes, so a mistake that is found on it costs no session.
 */
export function rolloutTurns(nodes: readonly RolloutNode[], leader: string): readonly Turn[] {
  const replicas = nodes.filter(({ name }) => name !== leader);
  const late = replicas.filter(({ container, isRecloned }) => container === "absent" || (container === "stopped" && isRecloned));
  const known = replicas.filter((node) => !late.includes(node)).map(({ name }) => name);
  const leaderFirst = nodes.some(({ name, container }) => name === leader && container !== "running");
  const first = leaderFirst ? [leader, ...known] : [...known, leader];
  const last = first.at(-1);
  return [
    ...first.map((node, at): Turn => ({ node, after: first[at - 1], afterRoles: leaderFirst && node !== leader })),
    ...late.map(({ name }, at): Turn => ({ node: name, after: late[at - clonesAtOnce]?.name ?? last, afterRoles: true })),
  ];
}

/** Whether one node is proven before another one's container is touched. */
export function precedes(turns: readonly Turn[], first: string, second: string): boolean {
  const after = turns.find(({ node }) => node === second)?.after;
  return after !== undefined && (after === first || precedes(turns, first, after));
}
