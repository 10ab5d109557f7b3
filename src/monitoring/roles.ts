import type { AlertContext } from "./alert.ts";
import { perNode, select } from "./promql.ts";

/**
 * Who leads, as the nodes say it: no rule, label or file holds a role as a constant, so all of them are right after a leader has
 * moved. A node that does not answer keeps the role that it had until another node leads.
 */

/** 1 for a node that leads, 0 for a replica, as last known; no series for a node of which nothing is known. */
const leads = "pgstack:node_leads";
/** 1 for the role that a node has, 0 for the others. Every node has all three, so a role that ends leaves no old series behind. */
const role = "pgstack:node_role";

/** For how long Prometheus may be away itself until it no longer knows the roles of nodes that are down. */
const memory = "[1h]";

/** A series that Prometheus records, before the alerts that read it. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

const targets = (context: AlertContext): string => perNode(select(context, "up", { job: "postgres" }));
const inRecovery = (context: AlertContext): string => perNode(select(context, "pgstack_node_in_recovery"));

/** What is recorded of each node's role. */
export function roleRules(context: AlertContext): readonly RecordingRule[] {
  const known = select(context, leads);
  const named = (name: string, expression: string): string => `label_replace(${expression}, "role", "${name}", "", "")`;
  return [
    {
      record: leads,
      expr: [
        `1 - ${inRecovery(context)}`,
        `or on (stack, node) (0 * ${targets(context)} and on (stack) ${inRecovery(context)} == 0)`,
        `or on (stack, node) (last_over_time(${known}${memory}) and on (stack, node) ${targets(context)})`,
      ].join("\n"),
    },
    {
      record: role,
      expr: [
        named("leader", known),
        `or ${named("replica", `1 - ${known}`)}`,
        `or ${named("unknown", `(0 * ${known} or on (stack, node) 0 * ${targets(context)} + 1)`)}`,
      ].join("\n"),
    },
  ];
}

/** What is left of an expression on nodes that answer and lead. */
export function ofLeader(context: AlertContext, expression: string): string {
  return `(${expression} and on (stack, node) ${inRecovery(context)} == 0)`;
}

/** What is left of an expression on nodes that answer and are replicas. */
export function ofReplicas(context: AlertContext, expression: string): string {
  return `(${expression} and on (stack, node) ${inRecovery(context)} == 1)`;
}

/** What is left of an expression on nodes that had this role last, whether they answer or not. */
export function ofLast(context: AlertContext, which: "leader" | "replica", expression: string): string {
  return `(${expression} and on (stack, node) ${select(context, leads)} == ${which === "leader" ? 1 : 0})`;
}

/** What is left of an expression on nodes that may lead, as far as is known. */
export function unlessReplica(context: AlertContext, expression: string): string {
  return `(${expression} unless on (stack, node) ${select(context, leads)} == 0)`;
}

/** The expression with the role that each node had last as the label `role`: `leader`, `replica` or `unknown`. */
export function withRole(context: AlertContext, expression: string): string {
  return `(${expression}) * on (stack, node) group_left (role) (${select(context, role)} == 1)`;
}
