import type { NodeRole } from "../node-role.ts";
import type { LastCheck } from "./last-check.ts";

/**
 * State of a cluster at one moment: plain data with stable keys, without secrets. Null stands for what is not known or does
 * not apply; nothing unknown is ever shown as 0.
 */
export interface ClusterStatus {
  readonly stack: string;
  /** When it was looked at, in ISO 8601. */
  readonly at: string;
  /** Everything answers, streams and serves. */
  readonly ok: boolean;
  readonly problems: readonly StatusProblem[];
  readonly nodes: readonly NodeStatus[];
  readonly slots: readonly SlotStatus[];
  readonly pooler: PoolerStatus;
  /** The check at the end of the last deployment; null for a bundle. */
  readonly lastCheck: LastCheck | null;
}

/** What a problem is about; exit codes follow from it. */
export type ProblemKind = "unreachable" | "replication" | "routing";

export interface StatusProblem {
  readonly kind: ProblemKind;
  /** Node, slot, route or `pooler`. */
  readonly where: string;
  readonly text: string;
}

/**
 * `writable`, `read-only`: a node that is no replica of anybody, or should not be one. `streaming`, `catching up`, `paused`:
 * connected replicas. `disconnected`: answers, but receives nothing.
 */
export type NodeState =
  | "writable"
  | "read-only"
  | "second primary"
  | "streaming"
  | "catching up"
  | "paused"
  | "disconnected"
  | "starting"
  | "another server"
  | "no answer";

export interface NodeStatus {
  readonly name: string;
  /** As declared. */
  readonly role: NodeRole;
  readonly container: string;
  readonly state: NodeState;
  /** Why it does not answer. */
  readonly failure: string | null;
  readonly version: string | null;
  readonly uptimeSeconds: number | null;
  readonly timeline: number | null;
  readonly lag: LagStatus;
  readonly connections: { readonly used: number; readonly max: number } | null;
  readonly disk: { readonly sizeBytes: number; readonly freeBytes: number } | null;
  readonly walBytes: number | null;
  /** Settings that wait for a restart. */
  readonly pendingRestarts: number | null;
}

export interface LagStatus {
  /** WAL that the leader has written and this replica has not replayed. */
  readonly bytes: number | null;
  /** `slot`: the replica is not connected, so the position of its slot counts. */
  readonly from: "stream" | "slot" | null;
  /** Age of the leader's last heartbeat as this node shows it. */
  readonly seconds: number | null;
}

export interface SlotStatus {
  readonly name: string;
  readonly declared: boolean;
  readonly state: "active" | "inactive" | "at risk" | "lost" | "missing" | "unknown";
  /** WAL that the leader keeps for it. */
  readonly retainedBytes: number | null;
  /** More than this the leader does not keep; null when there is no limit, or it is not known. */
  readonly capBytes: number | null;
}

export interface PoolerStatus {
  readonly container: string;
  readonly answers: boolean;
  readonly failure: string | null;
  readonly version: string | null;
  readonly clients: { readonly used: number; readonly max: number | null } | null;
  readonly routes: readonly RouteStatus[];
}

export interface RouteStatus {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly state: "open" | "paused" | "disabled";
  readonly active: number;
  readonly waiting: number;
  readonly maxWaitSeconds: number;
  readonly serversUsed: number;
  readonly serversMax: number;
}
