/** What a node does: the leader takes writes, a replica follows it. */
export type NodeRole = "leader" | "replica";
