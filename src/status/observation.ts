import type { Observed } from "../check/observation.ts";

/** What one look at a cluster saw: plain data, without judgement. What could not be read is null. */
export interface StatusObservation {
  /** When the look began. */
  readonly at: Date;
  /** By node. */
  readonly nodes: Readonly<Record<string, Observed<SeenNode>>>;
  /** The pooler's, by their numbers. */
  readonly processes: Readonly<Record<number, Observed<SeenProcess>>>;
}

/** What a node says about itself. */
export interface SeenNode {
  /** `cluster_name`: the node's own idea of its name. */
  readonly clusterName: string;
  readonly inRecovery: boolean;
  /** Such as `17.6`. */
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Of the WAL in use: written on a primary, received on a replica. */
  readonly timeline: number | null;
  /** Status of its WAL receiver; null when there is none. */
  readonly receiver: string | null;
  readonly replayPaused: boolean;
  /** Client sessions now, this one included. */
  readonly connectionsUsed: number;
  /** Without those that are kept for the superuser. */
  readonly connectionsMax: number;
  readonly pendingRestarts: number;
  readonly walBytes: number | null;
  /** Age of the leader's last heartbeat as this node shows it. */
  readonly heartbeatSeconds: number | null;
  readonly disk: { readonly sizeBytes: number; readonly freeBytes: number } | null;
  /** When a primary was promoted; null for one that always was one. */
  readonly leadsSince: string | null;
  /** WAL position, written or replayed. */
  readonly position: string | null;
  /** Host in `primary_conninfo`; a promoted node keeps it. */
  readonly follows: string | null;
  readonly sending: SeenSending;
}

/** What a node knows about those that receive WAL from it. */
export interface SeenSending {
  readonly slots: readonly SeenSlot[];
  readonly senders: readonly SeenSender[];
  /** `max_slot_wal_keep_size`; null when there is no limit. */
  readonly slotCapBytes: number | null;
}

export interface SeenSlot {
  readonly name: string;
  readonly active: boolean;
  /** `reserved`, `extended`, `unreserved` or `lost`. */
  readonly walStatus: string | null;
  /** WAL that the leader has written since the slot's position; null when the slot holds none. */
  readonly behindBytes: number | null;
}

export interface SeenSender {
  readonly applicationName: string;
  /** `startup`, `catchup`, `streaming`, `backup` or `stopping`. */
  readonly state: string;
  /** WAL that the leader has written and the receiver has not replayed; null for a base backup. */
  readonly behindBytes: number | null;
}

/** What the console of one process says. */
export interface SeenProcess {
  /** Such as `1.24.1`. */
  readonly version: string;
  readonly routes: readonly SeenRoute[];
  /** All routes are paused or suspended, which the routes themselves do not show. */
  readonly isHeld: boolean;
  readonly clientsUsed: number;
  readonly clientsMax: number | null;
}

/** A database of one process; the pools of all its users together. */
export interface SeenRoute {
  readonly name: string;
  readonly host: string | null;
  readonly paused: boolean;
  readonly disabled: boolean;
  readonly clientsActive: number;
  readonly clientsWaiting: number;
  /** How long the first of those who wait has waited. */
  readonly maxWaitSeconds: number;
  readonly serversUsed: number;
  readonly serversMax: number;
}
