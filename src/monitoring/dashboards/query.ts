/** PromQL as the panels write it. Variables of the dashboard (`$stack`, `$node`) are in it until Grafana, or a test, replaces them. */

/** One query of a panel. */
export interface Query {
  readonly expr: string;
  /** Name of each of its curves; `{{label}}` takes the value of a label. */
  readonly legend: string;
  /** That no series is an answer too, such as when no alert fires. */
  readonly mayBeEmpty?: boolean;
}

export function query(expr: string, legend: string): Query {
  return { expr, legend };
}

/** A query that has no series when all is well, or where a cluster has nothing of the kind. */
export function sometimes(expr: string, legend: string): Query {
  return { expr, legend, mayBeEmpty: true };
}

/** A metric of the whole cluster. */
export function inStack(metric: string, ...matchers: readonly string[]): string {
  return `${metric}{${['stack="$stack"', ...matchers].join(",")}}`;
}

/** A metric of the nodes that are chosen. */
export function onNode(metric: string, ...matchers: readonly string[]): string {
  return inStack(metric, 'node=~"$node"', ...matchers);
}

/** Growth per second of a counter. Grafana takes the range from the scrape interval and the width of the panel. */
export function rate(selector: string): string {
  return `rate(${selector}[$__rate_interval])`;
}

/** How many series an expression has; 0 instead of nothing. */
export function countOf(expr: string): string {
  return `(count(${expr}) or vector(0))`;
}

/** How much older the newest heartbeat on each replica is than the leader's: a heartbeat that is not written is no lag. */
export const lagSeconds = `clamp_min(${heartbeatOf("replica")} - on (stack) group_left () min by (stack) (${heartbeatOf("leader")}), 0)`;

/** Age of the heartbeat on nodes that answer and have this role now. */
function heartbeatOf(role: "leader" | "replica"): string {
  const inRecovery = `max by (stack, node) (${inStack("pgstack_node_in_recovery")}) == ${role === "leader" ? 0 : 1}`;
  return `(max by (stack, node) (${inStack("pgstack_heartbeat_age_seconds")}) and on (stack, node) ${inRecovery})`;
}

/** What replaces the variables of an expression outside of Grafana. */
export interface VariableValues {
  readonly stack: string;
  /** A node's name or a regular expression of names. */
  readonly node: string;
  /** Instead of `$__rate_interval`, such as `1m`. */
  readonly rateInterval: string;
}

/** The expression as Grafana would send it. */
export function withVariables(expr: string, { stack, node, rateInterval }: VariableValues): string {
  return expr.replaceAll("$__rate_interval", rateInterval).replaceAll("$stack", stack).replaceAll("$node", node);
}
