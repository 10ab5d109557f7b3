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
  /** The node that takes writes; of two the one that applications use. */
  readonly leader: string | null;
  /** While no node takes writes: the one that led last, where that is known. */
  readonly ledLast: string | null;
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
  /** Node, slot, route, `pooler` or `cluster`. */
  readonly where: string;
  readonly text: string;
}

/**
 * `writable`: takes writes. `read-only`: led last and is in recovery, while no node takes writes. `streaming`, `catching up`, `paused`:
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
  /** What it does now, whatever is declared; null when that is not known. */
  readonly role: NodeRole | null;
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

/** The pooler: its processes, and what they have together. */
export interface PoolerStatus {
  readonly processes: readonly ProcessStatus[];
  /** Whether any of them answers. */
  readonly answers: boolean;
  readonly failure: string | null;
  readonly version: string | null;
  /** `max`: what each process accepts, as often as there are processes. */
  readonly clients: { readonly used: number; readonly max: number | null } | null;
  readonly routes: readonly RouteStatus[];
}

export interface ProcessStatus {
  /** `pgbouncer-1` */
  readonly name: string;
  readonly container: string;
  readonly answers: boolean;
  readonly failure: string | null;
  readonly clients: { readonly used: number; readonly max: number | null } | null;
  /** Route → the node that it leads to. */
  readonly leadsTo: Readonly<Record<string, string | null>>;
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
