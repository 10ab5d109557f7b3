import type { ConfigRow, RunningRoute } from "../../pgbouncer/console.ts";
import type { RoutesText } from "../../pgbouncer/routes.ts";
import type { Readiness } from "../../postgres/readiness.ts";
import type { PendingNode } from "../../rollout/pending.ts";
import type { Topology } from "../../topology/topology.ts";

/** Why a node's start script does not start its server. */
export interface Refusal {
  /** Its lines: what is wrong first, then what to do. */
  readonly lines: readonly string[];
  /** How long ago it was written, in milliseconds. */
  readonly ageMs: number;
}

/** The cluster as `setup` sees and changes it. Tests have one of their own. */
export interface SetupWorld {
  /** Asks every node whether it takes writes. */
  readonly look: () => Promise<Topology>;
  /** Undefined for a node that was not refused. */
  readonly refusal: (node: string) => Promise<Refusal | undefined>;
  /** Makes roles, databases and extensions as they are declared. */
  readonly makeRoles: (leader: string) => Promise<void>;
  /** What differs from the declared roles and databases; empty when nothing does. */
  readonly rolesDrift: (leader: string) => Promise<string>;
  /** How far a replica is on its way to serving what the leader has. */
  readonly readiness: (node: string, leader: string) => Promise<Readiness>;
  /** Has a replica that answers stream from this leader. */
  readonly follow: (node: string, leader: string) => Promise<void>;
  /** What a clone has received so far, in MB; undefined when none is running. */
  readonly copiedMb: (node: string, leader: string) => Promise<string | undefined>;
  /** Has a node read its files again. What is wrong with them, empty when nothing is; undefined when it did not read them. */
  readonly reload: (node: string) => Promise<string | undefined>;
  /** What is wrong with a node's files; empty when nothing is. */
  readonly fileErrors: (node: string) => Promise<string>;
  readonly pending: (node: string) => Promise<PendingNode>;
  /** Drops the slots of nodes that are no replicas any more. */
  readonly dropSlots: (leader: string, replicas: readonly string[]) => Promise<SlotsLeft>;
  /** Text of the wanted routes; undefined when there is none. */
  readonly readRoutes: () => Promise<string | undefined>;
  readonly writeRoutes: (files: readonly RoutesText[]) => Promise<void>;
  /** Has a process of the pooler read its files again. */
  readonly reloadProcess: (process: number) => Promise<void>;
  readonly processRoutes: (process: number) => Promise<readonly RunningRoute[]>;
  readonly processConfig: (process: number) => Promise<readonly ConfigRow[]>;
  /** A line for users. */
  readonly say: (line: string) => void;
  /** A clock in milliseconds that never goes back. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export interface SlotsLeft {
  readonly dropped: readonly string[];
  /** In use by a node that is not declared but runs. */
  readonly inUse: readonly string[];
}
