import type { AlertContext, AlertDefinition } from "../alert.ts";
import { goneOrUnsteady, perNode, perSlot, promDuration, range, select } from "../promql.ts";
import { ofLast, unlessReplica, withRole } from "../roles.ts";

/**
 * A server that is away answers its exporter with an error (`pg_up` 0). One that hangs lets the exporter wait, so the scrape
 * fails instead; that it is the server and not the exporter is what the other nodes see: the leader lost the replica's stream,
 * or every replica lost the leader's.
 */
function postgresDown(context: AlertContext): string {
  const parts = [goneOrUnsteady(select(context, "pg_up"), ["stack", "node"], context)];
  if (context.nodes.length > 1) {
    const unreachable = `${perNode(select(context, "up", { job: "postgres" }))} == 0`;
    parts.push(
      `or (${ofLast(context, "replica", unreachable)} and on (stack, node) ${perSlot(select(context, "pgstack_slot_active"))} == 0)`,
      `or (${unlessReplica(context, unreachable)} and on (stack) max by (stack) (${select(context, "pgstack_receiver_streaming")}) == 0)`,
    );
  }
  return withRole(context, `\n${parts.join("\n")}\n`);
}

const exporterJobs = "~postgres|pooler";

/** Metrics of each custom query and collector that alerts depend on, and the nodes that must have them. */
function neededMetrics({ nodes }: AlertContext): readonly (readonly [metric: string, role: "leader" | "replica" | "all"])[] {
  return [
    ["pgstack_node_in_recovery", "all"],
    ["pgstack_node_disk_free_bytes", "all"],
    ["pgstack_heartbeat_age_seconds", "all"],
    ["pg_stat_database_deadlocks", "all"],
    ...(nodes.length === 1
      ? []
      : ([
          ["pgstack_receiver_streaming", "replica"],
          ["pgstack_replicas_declared", "leader"],
          ["pgstack_slot_active", "leader"],
        ] as const)),
  ];
}

function metricsMissing(context: AlertContext): string {
  const named = (metric: string, expression: string): string => `label_replace(${expression}, "metric", "${metric}", "", "")`;
  const up = `${perNode(select(context, "pg_up"))} == 1`;
  return [
    ...context.nodes.map((node) => named("up", `absent(${select(context, "up", { job: "postgres", node })})`)),
    ...context.processes.map((process) => named("up", `absent(${select(context, "up", { job: "pooler", process })})`)),
    ...neededMetrics(context).map(([metric, role]) =>
      named(metric, `(${role === "all" ? up : ofLast(context, role, up)} unless on (stack, node) ${select(context, metric)})`),
    ),
    named(
      "pgbouncer_pools",
      `(max by (stack, process) (${select(context, "pgbouncer_up")} == 1) unless on (stack, process) ${select(context, "pgbouncer_pools_client_waiting_connections")})`,
    ),
    ...["pg_exporter_last_scrape_error", "pg_exporter_user_queries_load_error"].map((metric) =>
      named(metric, `(${perNode(select(context, metric))} == 1 and on (stack, node) ${up})`),
    ),
  ].join("\nor ");
}

/**
 * Nodes that report that they are not a replica; nodes that do not answer are not counted. A node counts as a leader from its second
 * report on: by then the other nodes have reported too since it was promoted, and one that has become a replica has said so.
 */
function leaderCount(context: AlertContext): string {
  const recovery = select(context, "pgstack_node_in_recovery");
  const reports = `[${promDuration(2 * context.scrapeIntervalS)}]`;
  const leading = `${perNode(recovery)} == 0 and on (stack, node) ${perNode(`max_over_time(${recovery}${reports})`)} == 0`;
  return [
    `count by (stack) (${leading}) > 1`,
    `or (sum by (stack) (1 - ${perNode(`min_over_time(${recovery}${range(60, context)})`)}) == 0 and on (stack) count by (stack) (${perNode(recovery)}) == ${context.nodes.length})`,
  ].join("\n");
}

export const availability: readonly AlertDefinition[] = [
  {
    name: "PostgresDown",
    topic: "availability",
    expressions: { critical: postgresDown },
    labels: ["node", "role"],
    summary: "PostgreSQL on {{ $labels.node }} ({{ $labels.role }}) is down",
    description:
      "{{ $labels.node }} does not answer, or went down three times in ten minutes. " +
      '{{ if eq $labels.role "leader" }}Writes fail.{{ else if eq $labels.role "replica" }}Reads go to the other nodes.' +
      "{{ else }}No node that answers takes writes.{{ end }}",
  },
  {
    name: "PoolerDown",
    topic: "availability",
    expressions: { critical: (context) => goneOrUnsteady(select(context, "pgbouncer_up"), ["stack"], context, "all") },
    labels: [],
    summary: "The pooler is down",
    description: "No process of it answers its exporter, or all went down three times in ten minutes. Applications reach no database.",
  },
  {
    name: "PoolerProcessDown",
    topic: "availability",
    expressions: { warning: (context) => goneOrUnsteady(select(context, "pgbouncer_up"), ["stack", "process"], context) },
    labels: ["process"],
    summary: "{{ $labels.process }} is down",
    description:
      "This process of the pooler does not answer its exporter, or went down three times in ten minutes. The other processes serve " +
      "its clients, with their own server connections alone.",
  },
  {
    name: "ExporterDown",
    topic: "availability",
    expressions: {
      critical: (context) => goneOrUnsteady(select(context, "up", { job: exporterJobs }), ["stack", "job", "node", "process"], context),
    },
    labels: ["job", "node", "process"],
    summary: "The exporter of {{ with $labels.node }}{{ . }}{{ else }}{{ $labels.process }}{{ end }} cannot be scraped",
    description: "No alert covers its server. Either the exporter is down, or the server hangs and does not answer it.",
  },
  {
    name: "MetricsMissing",
    topic: "availability",
    expressions: { critical: metricsMissing },
    labels: ["metric", "node", "process", "job"],
    summary: "{{ $labels.metric }} is missing{{ with $labels.node }} for {{ . }}{{ end }}{{ with $labels.process }} for {{ . }}{{ end }}",
    description: "Its source runs, but the metric is missing or its query fails. Alerts that need it cannot fire.",
  },
  {
    name: "LeaderCount",
    topic: "availability",
    expressions: { critical: leaderCount },
    labels: [],
    summary: "{{ $value }} nodes take writes instead of one",
    description:
      "With more than one, each has rows that the others do not have, and every minute makes it worse. With none, all nodes are replicas and writes fail.",
  },
  {
    name: "TimelineSplit",
    topic: "availability",
    needsReplicas: true,
    expressions: {
      critical: (context) => {
        const timeline = select(context, "pgstack_node_timeline");
        return `${perNode(timeline)} < on (stack) group_left () max by (stack) (${timeline})`;
      },
    },
    labels: ["node"],
    summary: "{{ $labels.node }} is on timeline {{ $value }}, another node is ahead of it",
    description: "A node was promoted, and {{ $labels.node }} does not follow it. Their data differs from that point on.",
  },
];
