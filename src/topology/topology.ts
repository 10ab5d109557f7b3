import type { NodeView } from "./view.ts";

/** Who leads and who follows, as the nodes themselves answered at one moment. */
export interface Topology {
  /** Every node that was asked, in the order of their names. */
  readonly members: readonly NodeView[];
  /** The node that takes writes; undefined while none does, and while more than one does. */
  readonly leader: NodeView | undefined;
  /** Nodes that take writes: more than one is a fork. */
  readonly writable: readonly NodeView[];
}

/** The topology that answers of all nodes give. */
export function topologyOf(members: readonly NodeView[]): Topology {
  const writable = members.filter(({ state }) => state === "writable");
  return { members, writable, leader: writable.length === 1 ? writable[0] : undefined };
}

/** Whether a replica does not follow the node that leads, or has no slot there. False while that cannot be told. */
export function isLost({ members, leader }: Topology, name: string): boolean {
  const node = members.find((member) => member.name === name);
  if (leader === undefined || node?.state !== "recovery") return false;
  return node.follows !== leader.name || !leader.slots.includes(name);
}

/** The part that a node plays; undefined for one that is down, does not answer, or is one of two that take writes. */
export function roleIn({ members, leader }: Topology, name: string): "leader" | "replica" | undefined {
  if (leader?.name === name) return "leader";
  return members.some((member) => member.name === name && member.state === "recovery") ? "replica" : undefined;
}
