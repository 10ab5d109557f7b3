import type { ClusterConfig } from "../config/schema.ts";
import { nodeName } from "./names.ts";

/** Names of a stack's nodes, in order: pg1 … pgN+1 for N replicas. */
export function nodeNames({ replicas }: Pick<ClusterConfig, "replicas">): readonly string[] {
  return Array.from({ length: replicas + 1 }, (_, index) => nodeName(index + 1));
}

/** All of them but the leader. With a leader that is no node of the stack, which is refused, all of them. */
export function replicaNames(config: Pick<ClusterConfig, "replicas" | "leader">): readonly string[] {
  return nodeNames(config).filter((name) => name !== config.leader);
}
