import type { AlertContext, AlertDefinition } from "../alert.ts";
import { both } from "../alert.ts";
import { perNode, range, select } from "../promql.ts";

/** One series per route; the pooler's own console is not one. */
function perRoute(context: AlertContext, metric: string, label: "database" | "name"): string {
  const selector = select(context, metric, { [label]: "!pgbouncer" });
  return `label_replace(max by (stack, ${label}) (${selector}), "route", "$1", "${label}", "(.+)")`;
}

const waiting = (context: AlertContext): string => {
  const selector = select(context, "pgbouncer_pools_client_waiting_connections", { database: "!pgbouncer" });
  return `label_replace(sum by (stack, database) (${selector}), "route", "$1", "database", "(.+)")`;
};

export const connections: readonly AlertDefinition[] = [
  {
    name: "ConnectionsUsed",
    topic: "connections",
    expressions: both((context, limit) => {
      const used = perNode(select(context, "pgstack_node_connections_used"));
      return `${used} / on (stack, node) ${perNode(select(context, "pgstack_node_connections_max"))} > ${limit}`;
    }),
    labels: ["node"],
    summary: "{{ $labels.node }} uses {{ $value | humanizePercentage }} of its connections",
    description: "When all are taken, {{ $labels.node }} refuses new ones, including server connections of the pooler.",
  },
  {
    name: "PoolerClientsWaiting",
    topic: "connections",
    expressions: {
      warning: (context, limit) => `${waiting(context)} > ${limit}`,
      critical: (context, limit) => `${perRoute(context, "pgbouncer_pools_client_maxwait_seconds", "database")} > ${limit}`,
    },
    labels: ["route", "database"],
    summary: "Clients wait on route {{ $labels.route }}",
    description:
      "All server connections of {{ $labels.route }} are taken, paused or gone " +
      "(warning: {{ $value | humanize }} clients wait; critical: one has waited for so many seconds).",
  },
  {
    name: "PoolerClientsUsed",
    topic: "connections",
    expressions: both(
      (context, limit) =>
        `max by (stack, process) (${select(context, "pgbouncer_used_clients")}) / max by (stack, process) (${select(context, "pgbouncer_config_max_client_connections")}) > ${limit}`,
    ),
    labels: ["process"],
    summary: "{{ $labels.process }} has {{ $value | humanizePercentage }} of the clients that it accepts",
    description: "Beyond pooler.maxClients a process of the pooler refuses new clients.",
  },
  {
    name: "PoolerPaused",
    topic: "connections",
    expressions: both((context) => `${perRoute(context, "pgbouncer_databases_paused", "name")} == 1`),
    labels: ["route", "name"],
    summary: "Route {{ $labels.route }} is paused",
    description: "Its clients wait until it resumes. Pauses of a deployment end by themselves after 30 s; this one has lasted longer.",
  },
  {
    name: "IdleInTransaction",
    topic: "connections",
    expressions: both((context, limit) => `${perNode(select(context, "pgstack_node_idle_in_transaction_seconds"))} > ${limit}`),
    labels: ["node"],
    summary: "A transaction on {{ $labels.node }} has idled for {{ $value | humanizeDuration }}",
    description: "It holds its locks and a server connection, and keeps dead rows from being removed.",
  },
  {
    name: "PreparedTransactions",
    topic: "connections",
    expressions: both((context, limit) => `${perNode(select(context, "pgstack_node_prepared_oldest_seconds"))} > ${limit}`),
    labels: ["node"],
    summary: "A prepared transaction on {{ $labels.node }} has been open for {{ $value | humanizeDuration }}",
    description:
      "It belongs to no session and does not end by itself: its locks, and the rows that vacuum must keep, stay even across restarts.",
  },
  {
    name: "Deadlocks",
    topic: "connections",
    expressions: {
      warning: (context, limit) =>
        `sum by (stack, node, datname) (rate(${select(context, "pg_stat_database_deadlocks")}${range(300, context)})) * 60 > ${limit}`,
    },
    labels: ["node", "datname"],
    summary: "{{ $value | humanize }} deadlocks per minute in {{ $labels.datname }}",
    description: "Each one ends a transaction with an error, after it waited for a second.",
  },
];
