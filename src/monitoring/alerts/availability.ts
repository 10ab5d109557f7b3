import type { AlertContext, AlertDefinition } from "../alert.ts";
import { goneOrUnsteady, perNode, range, select } from "../promql.ts";

/**
 * A server that is away answers its exporter with an error (`pg_up` 0). One that hangs lets the exporter wait, so the scrape
 * fails instead; that it is the server and not the exporter is what the other nodes see: the leader lost the replica's stream,
 * or every replica lost the leader's.
 */
function postgresDown(context: AlertContext): string {
  const parts = [goneOrUnsteady(select(context, "pg_up"), ["stack", "node", "role"], context)];
  if (context.replicas.length > 0) {
    const unreachable = (role: string): string => `max by (stack, node, role) (${select(context, "up", { job: "postgres", role })}) == 0`;
    parts.push(
      `or (${unreachable("replica")} and on (stack, node) label_replace(max by (stack, slot) (${select(context, "pgstack_slot_active")}), "node", "$1", "slot", "(.+)") == 0)`,
      `or (${unreachable("leader")} and on (stack) max by (stack) (${select(context, "pgstack_receiver_streaming")}) == 0)`,
    );
  }
  return parts.join("\n");
}

const exporterJobs = "~postgres|pooler";

/** Metrics of each custom query and collector that alerts depend on, and the nodes that must have them. */
function neededMetrics({ replicas }: AlertContext): readonly (readonly [metric: string, role: string])[] {
  const all = "~leader|replica";
  return [
    ["pgstack_node_in_recovery", all],
    ["pgstack_node_disk_free_bytes", all],
    ["pgstack_heartbeat_age_seconds", all],
    ["pg_stat_database_deadlocks", all],
    ...(replicas.length === 0
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
  const up = (role: string): string => perNode(`${select(context, "pg_up", { role })} == 1`);
  return [
    ...[context.leader, ...context.replicas].map((node) => named("up", `absent(${select(context, "up", { job: "postgres", node })})`)),
    named("up", `absent(${select(context, "up", { job: "pooler" })})`),
    ...neededMetrics(context).map(([metric, role]) => named(metric, `(${up(role)} unless on (stack, node) ${select(context, metric)})`)),
    named(
      "pgbouncer_pools",
      `(max by (stack) (${select(context, "pgbouncer_up")} == 1) unless on (stack) ${select(context, "pgbouncer_pools_client_waiting_connections")})`,
    ),
    ...["pg_exporter_last_scrape_error", "pg_exporter_user_queries_load_error"].map((metric) =>
      named(metric, `(${perNode(select(context, metric))} == 1 and on (stack, node) ${up("~leader|replica")})`),
    ),
  ].join("\nor ");
}

/** Nodes that report that they are not a replica; nodes that do not answer are not counted. */
function leaderCount(context: AlertContext): string {
  const recovery = select(context, "pgstack_node_in_recovery");
  const nodes = context.replicas.length + 1;
  return [
    `sum by (stack) (1 - ${perNode(recovery)}) > 1`,
    `or (sum by (stack) (1 - ${perNode(`min_over_time(${recovery}${range(60, context)})`)}) == 0 and on (stack) count by (stack) (${perNode(recovery)}) == ${nodes})`,
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
      "{{ $labels.node }} does not answer, or went away three times in ten minutes. " +
      '{{ if eq $labels.role "leader" }}Writes fail.{{ else }}Reads go to the other nodes.{{ end }}',
  },
  {
    name: "PoolerDown",
    topic: "availability",
    expressions: { critical: (context) => goneOrUnsteady(select(context, "pgbouncer_up"), ["stack"], context) },
    labels: [],
    summary: "The pooler is down",
    description: "PgBouncer does not answer its exporter, or went away three times in ten minutes. Applications reach no database.",
  },
  {
    name: "ExporterDown",
    topic: "availability",
    expressions: {
      critical: (context) => goneOrUnsteady(select(context, "up", { job: exporterJobs }), ["stack", "job", "node"], context),
    },
    labels: ["job", "node"],
    summary: "The exporter of {{ with $labels.node }}{{ . }}{{ else }}the pooler{{ end }} cannot be scraped",
    description: "No alert knows what it watches. Either the exporter is away, or what it watches hangs and lets it wait.",
  },
  {
    name: "MetricsMissing",
    topic: "availability",
    expressions: { critical: metricsMissing },
    labels: ["metric", "node", "job"],
    summary: "{{ $labels.metric }} is missing{{ with $labels.node }} for {{ . }}{{ end }}",
    description: "What should give it runs, but the metric is not there or its query fails. Alerts that need it cannot fire.",
  },
  {
    name: "LeaderCount",
    topic: "availability",
    expressions: { critical: leaderCount },
    labels: [],
    summary: "{{ $value }} nodes take writes instead of one",
    description:
      "With more than one, each has rows that the others lack, and every minute makes it worse. With none, all nodes are replicas and writes fail.",
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
