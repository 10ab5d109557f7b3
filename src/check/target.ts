import type { ClusterPlan, ExportersPlan, NodeRole, PasswordRole } from "../plan/types.ts";

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

/**
 * What the check compares a running cluster with: the part of the plan that can be seen from outside, as plain
 * data without secrets. Kept in the stack's outputs, so that the check needs neither config nor the engine.
 */
export interface CheckTarget {
  readonly stack: string;
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
  readonly poolerContainer: string;
  readonly exporters: CheckExporters | undefined;
  /** How long a check waits for the cluster to become what was declared. */
  readonly timeoutMs: number;
}

/** Passwords in clear, for those who log in during a check. Never part of a report. */
export type CheckSecrets = Readonly<Record<PasswordRole, string>>;

/** What the check of this cluster expects. */
export function checkTargetOf(plan: ClusterPlan): CheckTarget {
  return {
    stack: plan.stack,
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
    exporters: plan.exporters === undefined ? undefined : exportersOf(plan.exporters),
    timeoutMs: plan.checkTimeoutS * 1000,
  };
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
