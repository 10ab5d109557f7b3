import type { ClusterConfig } from "../config/schema.ts";
import { nodeName } from "./names.ts";

/** Names of a stack's nodes, in order: pg1 … pgN+1 for N replicas. */
export function nodeNames({ replicas }: Pick<ClusterConfig, "replicas">): readonly string[] {
  return Array.from({ length: replicas + 1 }, (_, index) => nodeName(index + 1));
}

/** The node that begins a new cluster. */
export function firstNode({ leader }: Pick<ClusterConfig, "leader">): string {
  return leader ?? nodeName(1);
}

/**
 * Numbers of the pooler's processes: one for each replica, so that a read has one server to go to. At least two, so that one serves
 * while the other is replaced.
 */
export function processNumbers({ replicas, pooler }: Pick<ClusterConfig, "replicas" | "pooler">): readonly number[] {
  return Array.from({ length: pooler.processes ?? Math.max(2, replicas) }, (_, index) => index + 1);
}
