import type { LoginProbe } from "./logins.ts";

/**
 * What a cluster looked like at one moment: plain data, without judgement. Observers never throw for something they
 * see; a failure is a value like any other.
 */

/**
 * How a request failed. `silent`: no answer that a server of ours would give (refused connection, lost connection,
 * deadline). `starting`: a server that does not serve yet or any more. `refused`: it let this role not in.
 * `error`: any other answer.
 */
export type FailureKind = "silent" | "starting" | "refused" | "error";

/** A failed request; its message holds no password. */
export interface Failure {
  readonly kind: FailureKind;
  /** SQLSTATE, error code of the system, or a word such as TIMEOUT. */
  readonly code: string;
  readonly message: string;
}

/** A value, or why it is missing. */
export type Observed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** WAL receiver of a replica. */
export interface ReceiverFacts {
  readonly status: string;
  /** Timeline of the WAL that it receives. */
  readonly timeline: number | undefined;
}

/** Replication slot. */
export interface SlotFacts {
  readonly name: string;
  readonly type: string;
  readonly active: boolean;
  /** `reserved`, `extended`, `unreserved` or `lost`. */
  readonly walStatus: string | undefined;
  /** WAL in bytes that may still be written before the slot is at risk. */
  readonly safeWalBytes: number | undefined;
}

/** WAL sender. A running base backup is one too, so the name is what counts. */
export interface SenderFacts {
  readonly applicationName: string;
  readonly state: string;
}

/** What a node knows about those that receive WAL from it. */
export interface SendingFacts {
  readonly slots: readonly SlotFacts[];
  readonly senders: readonly SenderFacts[];
}

/** What a server counts and logs, but reports only on request. */
export interface DamageFacts {
  /** The failure since which no WAL has been archived. */
  readonly archive: { readonly file: string; readonly at: string; readonly failures: number } | undefined;
  /** Pages that did not match their checksums, by database; "" are the tables that all databases share. */
  readonly checksumFailures: readonly { readonly database: string; readonly failures: number; readonly last: string }[];
  readonly hasChecksums: boolean;
  /** Databases that were made with another version of their collation. */
  readonly oldCollations: readonly string[];
}

/** What a node says about itself. */
export interface NodeFacts {
  /** `cluster_name`: the node's own idea of its name. */
  readonly clusterName: string;
  readonly inRecovery: boolean;
  readonly systemIdentifier: string;
  /** Of the WAL in use: written on a primary, received on a replica. */
  readonly timeline: number | undefined;
  /** When a primary was promoted, such as `2026-11-28 20:10:03 UTC`; undefined for one that always was one. */
  readonly leadsSince?: string | undefined;
  /** Such as `17.6`. */
  readonly version: string;
  readonly major: number;
  /** WAL position: written on a primary, replayed on a replica. */
  readonly lsn: string | undefined;
  readonly receiver: ReceiverFacts | undefined;
  /** `not paused`, `pause requested` or `paused`; undefined on a primary. */
  readonly replayPause: string | undefined;
  /** Settings that wait for a restart. */
  readonly pendingRestart: readonly string[];
  /** What the server would not start with in its files, one line each. */
  readonly fileErrors: readonly string[];
  /** Settings that `ALTER SYSTEM` or a hand in `postgresql.auto.conf` has given another value. */
  readonly overridden: readonly string[];
  /** What PostgreSQL itself knows to be damaged, or soon will be. */
  readonly damage: DamageFacts;
  /** Host in `primary_conninfo`; a promoted node keeps it. */
  readonly follows: string | undefined;
  readonly sending: SendingFacts;
}

/** Where the write route leads: a row written through it, and when each replica showed that. */
export interface HeartbeatObservation {
  /** `cluster_name` of the node that took the row; a probe asks for it without a write. */
  readonly write: Observed<{ readonly reached: string }>;
  /** By node, without the one that took the row; empty when nothing was written. */
  readonly replicas: Readonly<Record<string, Observed<{ readonly visible: boolean; readonly ms: number }>>>;
}

/** Where the read route of one process leads. */
export interface ReachedNode {
  readonly node: string;
  readonly inRecovery: boolean;
}

/** A database of the pooler. */
export interface PoolerDatabase {
  readonly name: string;
  readonly host: string | undefined;
  readonly paused: boolean;
  readonly disabled: boolean;
}

/** What the console of one process says. */
export interface PoolerFacts {
  /** Such as `1.24.1`. */
  readonly version: string;
  readonly databases: readonly PoolerDatabase[];
  /** All databases are paused or suspended, which the databases themselves do not show. */
  readonly isHeld: boolean;
}

/** What an exporter says about its target; undefined when the metric is missing. */
export interface ExporterFacts {
  readonly up: boolean | undefined;
  /** When its process started, in seconds since 1970. */
  readonly startedAt?: number | undefined;
}

/** Metrics endpoints, by node and by process of the pooler. */
export interface ExportersObservation {
  readonly nodes: Readonly<Record<string, Observed<ExporterFacts>>>;
  readonly processes: Readonly<Record<number, Observed<ExporterFacts>>>;
}

/** A target that Prometheus could not read, neither last nor the time before. */
export interface DownTarget {
  readonly job: string;
  readonly node: string | undefined;
  /** Process of the pooler. */
  readonly process?: number | undefined;
  readonly error: string;
  /** Time of the earlier of the two readings, in seconds since 1970; undefined when Prometheus does not say. */
  readonly since?: number | undefined;
}

/** What Prometheus says of its own work. */
export interface PrometheusFacts {
  /** Targets that it could not read twice in a row. */
  readonly downTargets: readonly DownTarget[];
  /** Rules that it cannot evaluate. */
  readonly brokenRules: readonly { readonly name: string; readonly error: string }[];
}

/** Prometheus, and what the stack has around it. */
export interface MonitoringObservation {
  readonly prometheus: Observed<PrometheusFacts>;
  readonly alertmanager?: Observed<true> | undefined;
  readonly grafana?: Observed<true> | undefined;
}

/** A login that was tried. */
export interface LoginOutcome {
  readonly probe: LoginProbe;
  readonly result: Observed<true>;
}

/** The whole cluster. */
export interface ClusterObservation {
  readonly nodes: Readonly<Record<string, Observed<NodeFacts>>>;
  readonly logins: readonly LoginOutcome[];
  /** The pooler's, by their numbers. */
  readonly processes: Readonly<Record<number, Observed<PoolerFacts>>>;
  /** Where their read route leads, by the same numbers. */
  readonly readRoutes: Readonly<Record<number, Observed<ReachedNode>>>;
  readonly heartbeat: HeartbeatObservation;
  /** Whether a node takes an INSERT, by node; undefined in a probe. */
  readonly inserts: Readonly<Record<string, Observed<true>>> | undefined;
  /** Undefined when the cluster has no exporters. */
  readonly exporters: ExportersObservation | undefined;
  /** Absent when the stack runs no Prometheus. */
  readonly monitoring?: MonitoringObservation | undefined;
  /** What differs of declared databases and users, one phrase each; absent when none are declared. */
  readonly declared?: Observed<readonly string[]> | undefined;
}

/** Wraps a value as observed. */
export function seen<T>(value: T): Observed<T> {
  return { ok: true, value };
}

/** Wraps a failure as observed. */
export function failed(failure: Failure): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure };
}

/** The value, or undefined when there is none. */
export function valueOf<T>(observed: Observed<T> | undefined): T | undefined {
  return observed?.ok === true ? observed.value : undefined;
}

/** A failure as text: what was said and its code. */
export function failureText({ code, message }: Failure): string {
  return `${message} (${code})`;
}
