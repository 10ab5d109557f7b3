import { declaredSpec } from "../plan/declared-spec.ts";
import { monitoringServices } from "../plan/monitoring.ts";
import type { ClusterPlan, ClusterSecrets, ExportersPlan, PasswordRole } from "../plan/types.ts";
import type { DatabaseSpec, UserSpec } from "../postgres/declared.ts";

/** One node. Its slot on whichever node leads is named like it. */
export interface CheckNode {
  readonly name: string;
  /** Port at `accessHost`. */
  readonly port: number;
  /** Container, for the advice in a finding. */
  readonly container: string;
}

/** Ports that metrics are published on. */
export interface CheckExporters {
  readonly nodes: readonly {
    readonly node: string;
    readonly port: number;
    readonly container: string;
  }[];
  readonly processes: readonly CheckProcess[];
}

/** A process of the pooler, or its exporter. */
export interface CheckProcess {
  /** From 1 on. */
  readonly number: number;
  /** Port at `accessHost` of this one alone. */
  readonly port: number;
  readonly container: string;
}

/** A web service of the cluster. */
export interface CheckService {
  readonly host: string;
  readonly port: number;
  readonly container: string;
}

/** Monitoring of the cluster; each part is optional. */
export interface CheckMonitoring {
  readonly prometheus: CheckService;
  readonly alertmanager?: CheckService | undefined;
  readonly grafana?: CheckService | undefined;
}

/**
 * What the check compares a running cluster with: the part of the plan that can be seen from outside, as plain
 * data without secrets. Who leads is not among it: that is observed. Kept in the stack's outputs, so that the check needs neither config nor the engine.
 */
export interface CheckTarget {
  readonly stack: string;
  /** The Docker engine that it runs on, for its logs; absent in stacks of older versions. */
  readonly engine?: string | undefined;
  readonly accessHost: string;
  /** The node that is to lead, where stack config names one: reported, never acted on. */
  readonly wish?: string | undefined;
  readonly database: string;
  readonly appUser: string;
  /** PostgreSQL's declared major version. */
  readonly major: number;
  readonly nodes: readonly CheckNode[];
  readonly writeRoute: string;
  readonly readRoute: string;
  readonly poolerPort: number;
  /** The container that holds the pooler's port. */
  readonly listenerContainer: string;
  /** What serves that port, in order. */
  readonly processes: readonly CheckProcess[];
  readonly exporters: CheckExporters | undefined;
  /** Absent when the stack runs no Prometheus. */
  readonly monitoring?: CheckMonitoring | undefined;
  /** Absent when nothing is declared in addition to the first database and its owner. */
  readonly declared?: CheckDeclared | undefined;
  /** How long a check waits for the cluster to become what was declared. */
  readonly timeoutMs: number;
}

/** Databases and users in addition to the first ones, as the leader must have them, and how users log in. */
export interface CheckDeclared {
  readonly databases: readonly DatabaseSpec[];
  readonly users: readonly UserSpec[];
  /** Databases with routes: their own name for writes, with `_ro` for reads. */
  readonly routed: readonly string[];
  /** Users that come through the pooler. */
  readonly pooled: readonly string[];
}

/** A declared user as a role that logs in. */
export type UserRole = `user:${string}`;

/** Passwords in plain text, for logins during a check. Never part of a report. */
export type CheckSecrets = Readonly<Record<PasswordRole, string>> & Readonly<Record<UserRole, string>>;

export const userRole = (name: string): UserRole => `user:${name}`;

/** The part of a cluster's secrets that a check needs. */
export function checkSecretsOf({ passwords, users }: ClusterSecrets): CheckSecrets {
  return { ...passwords, ...Object.fromEntries(Object.entries(users).map(([name, password]) => [userRole(name), password] as const)) };
}

/** What the check of this cluster expects. */
export function checkTargetOf(plan: ClusterPlan): CheckTarget {
  return {
    stack: plan.stack,
    ...(plan.wishedLeader === undefined ? {} : { wish: plan.wishedLeader }),
    engine: plan.engine.host,
    accessHost: plan.engine.accessHost,
    database: plan.database.name,
    appUser: plan.database.owner,
    major: plan.major,
    nodes: plan.nodes.map(({ name, hostPort, container }) => ({ name, port: hostPort, container })),
    writeRoute: plan.pooler.write.name,
    readRoute: plan.pooler.read.name,
    poolerPort: plan.pooler.hostPort,
    listenerContainer: plan.pooler.listener,
    processes: plan.pooler.processes.map(processOf),
    exporters: plan.exporters === undefined ? undefined : exportersOf(plan.exporters),
    ...monitoringOf(plan),
    ...declaredOf(plan),
    timeoutMs: plan.checkTimeoutS * 1000,
  };
}

function declaredOf(plan: ClusterPlan): Pick<CheckTarget, "declared"> {
  const { databases = [], users = [] } = declaredSpec(plan);
  if (databases.length === 0 && users.length === 0) return {};
  return {
    declared: {
      databases,
      users,
      routed: plan.pooler.others.map(({ database }) => database),
      pooled: plan.users.filter(({ pooled }) => pooled).map(({ name }) => name),
    },
  };
}

function monitoringOf({ monitoring }: ClusterPlan): Pick<CheckTarget, "monitoring"> {
  if (monitoring === undefined) return {};
  const found = monitoringServices(monitoring).map(
    ([name, { published, hostPort, container }]) => [name, { host: published.host, port: hostPort, container }] as const,
  );
  return { monitoring: Object.fromEntries(found) as unknown as CheckMonitoring };
}

function exportersOf(exporters: ExportersPlan): CheckExporters {
  return {
    nodes: exporters.nodes.map(({ node, hostPort, container }) => ({
      node,
      port: hostPort,
      container,
    })),
    processes: exporters.processes.map(processOf),
  };
}

function processOf({ number, hostPort, container }: ExportersPlan["processes"][number]): CheckProcess {
  return { number, port: hostPort, container };
}
