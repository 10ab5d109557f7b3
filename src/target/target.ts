import { declaredSpec } from "../plan/declared-spec.ts";
import { monitoringServices } from "../plan/monitoring.ts";
import type { ClusterPlan, ClusterSecrets, ExportersPlan, PasswordRole } from "../plan/types.ts";
import type { NodeRole } from "../node-role.ts";
import type { DatabaseSpec, UserSpec } from "../postgres/declared.ts";

/** One node as the check expects it. */
export interface CheckNode {
  readonly name: string;
  readonly role: NodeRole;
  /** Port at `accessHost`. */
  readonly port: number;
  /** Replication slot on the leader; undefined for the leader. */
  readonly slot: string | undefined;
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
  readonly poolerPort: number;
  readonly poolerContainer: string;
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
 * data without secrets. Kept in the stack's outputs, so that the check needs neither config nor the engine.
 */
export interface CheckTarget {
  readonly stack: string;
  /** The Docker engine that it runs on, for its logs; absent in stacks of older versions. */
  readonly engine?: string | undefined;
  readonly accessHost: string;
  readonly leader: string;
  readonly database: string;
  readonly appUser: string;
  /** PostgreSQL's declared major version. */
  readonly major: number;
  readonly nodes: readonly CheckNode[];
  readonly writeRoute: string;
  readonly readRoute: string;
  /** Nodes that the read route must reach, and the only ones it may reach. */
  readonly rotation: readonly string[];
  readonly poolerPort: number;
  /** PgBouncer's, for the advice in a finding. */
  readonly poolerContainer: string;
  /** The one that holds the pooler's port; absent in what earlier versions have left. */
  readonly listenerContainer?: string | undefined;
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
    engine: plan.engine.host,
    accessHost: plan.engine.accessHost,
    leader: plan.leader,
    database: plan.database.name,
    appUser: plan.database.owner,
    major: plan.major,
    nodes: plan.nodes.map(({ name, role, hostPort, slot, container }) => ({
      name,
      role,
      port: hostPort,
      slot,
      container,
    })),
    writeRoute: plan.pooler.write.name,
    readRoute: plan.pooler.read.name,
    rotation: plan.pooler.read.hosts,
    poolerPort: plan.pooler.hostPort,
    poolerContainer: plan.pooler.container,
    listenerContainer: plan.pooler.listener,
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
    poolerPort: exporters.pooler.hostPort,
    poolerContainer: exporters.pooler.container,
  };
}

/** The replicas of a cluster. */
export function replicasOf(target: CheckTarget): readonly CheckNode[] {
  return target.nodes.filter((node) => node.role === "replica");
}
