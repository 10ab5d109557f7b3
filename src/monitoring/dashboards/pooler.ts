import type { DashboardLimits } from "./limits.ts";
import { below, no, noneOf, upTo, yes } from "./limits.ts";
import { inStack, query, rate } from "./query.ts";
import type { CurvesSpec, DashboardSpec, PanelSpec, StatSpec } from "./spec.ts";

/** Without PgBouncer's own console. */
const routes = 'database!="pgbouncer"';

/** The same of the metrics that name a route `name`: their `database` is the one on the server. */
const namedRoutes = 'name!="pgbouncer"';

/** What clients meet: queues, routes and how long their queries take. */
export function poolerDashboard(limits: DashboardLimits): DashboardSpec {
  return {
    uid: "pgstack-pooler",
    title: "Pooler",
    description: "PgBouncer: waiting clients, traffic of each route, and usage of its limits.",
    variables: ["stack"],
    sections: [
      { height: 4, panels: state(limits) },
      { title: "Clients", height: 8, panels: clients(limits) },
      { title: "Servers", height: 8, panels: servers() },
      { title: "Traffic", height: 8, panels: traffic() },
    ],
  };
}

function curve(spec: Omit<CurvesSpec, "kind" | "width">): CurvesSpec {
  return { kind: "curves", width: 8, ...spec };
}

function stat(spec: Omit<StatSpec, "kind" | "width">): StatSpec {
  return { kind: "stat", width: 4, ...spec };
}

/** Sum over the users of each route. */
function byRoute(metric: string): string {
  return `sum by (database) (${inStack(metric, routes)})`;
}

function perSecond(metric: string): string {
  return `sum by (database) (${rate(inStack(metric, routes))})`;
}

const clientsUsed = `sum(${inStack("pgbouncer_used_clients")}) / sum(${inStack("pgbouncer_config_max_client_connections")})`;

function state(limits: DashboardLimits): readonly PanelSpec[] {
  return [
    stat({
      title: "Reachable",
      description: "Whether the exporter can query the pooler. Good: yes.",
      unit: "none",
      queries: [query(`min(${inStack("pgbouncer_up")})`, "pooler")],
      words: yes,
    }),
    stat({
      title: "Clients waiting",
      description: "Clients that wait for a server connection. Good: 0, or only briefly.",
      unit: "none",
      queries: [query(`sum(${inStack("pgbouncer_pools_client_waiting_connections", routes)})`, "waiting")],
      steps: upTo(limits.PoolerClientsWaiting?.warning, "orange"),
    }),
    stat({
      title: "Longest wait",
      description: "How long the first client in a queue has waited. Good: 0.",
      unit: "s",
      queries: [query(`max(${inStack("pgbouncer_pools_client_maxwait_seconds", routes)})`, "wait")],
      steps: below({ critical: { limit: limits.PoolerClientsWaiting?.critical?.limit } }),
    }),
    stat({
      title: "Routes paused",
      description: "Routes whose clients are held, by PAUSE. pgstack pauses them for seconds while it restarts the leader. Good: 0.",
      unit: "none",
      queries: [query(`sum(max by (name) (${inStack("pgbouncer_databases_paused", namedRoutes)}))`, "paused")],
      steps: noneOf("orange"),
    }),
    stat({
      title: "Routes disabled",
      description: "Routes that take no new clients, by DISABLE. Good: 0.",
      unit: "none",
      queries: [query(`sum(max by (name) (${inStack("pgbouncer_databases_disabled", namedRoutes)}))`, "disabled")],
      steps: noneOf("orange"),
    }),
    stat({
      title: "Client limit used",
      description: "Clients against max_client_conn. Beyond it clients are refused. Good: below the first limit.",
      unit: "percentunit",
      queries: [query(clientsUsed, "used")],
      steps: below(limits.PoolerClientsUsed),
      decimals: 0,
    }),
  ];
}

function clients(limits: DashboardLimits): readonly PanelSpec[] {
  return [
    curve({
      title: "Clients",
      description: "Clients that have a server connection or need none, and clients that wait for one. Good: no client waits.",
      unit: "none",
      queries: [
        query(byRoute("pgbouncer_pools_client_active_connections"), "{{database}} active"),
        query(byRoute("pgbouncer_pools_client_waiting_connections"), "{{database}} waiting"),
      ],
    }),
    curve({
      title: "Longest wait by route",
      description:
        "How long the first client in each route's queue has waited. Good: 0; seconds mean that the pool is too small, paused or without server.",
      unit: "s",
      queries: [query(`max by (database) (${inStack("pgbouncer_pools_client_maxwait_seconds", routes)})`, "{{database}}")],
      steps: below({ critical: { limit: limits.PoolerClientsWaiting?.critical?.limit } }),
    }),
    curve({
      title: "Client limit",
      description: "Clients against max_client_conn. Beyond it clients are refused. Good: below the dashed lines.",
      unit: "percentunit",
      queries: [query(clientsUsed, "used")],
      steps: below(limits.PoolerClientsUsed),
      max: 1,
    }),
  ];
}

/** States of a connection to a server, by PgBouncer's names. */
const serverStates = ["active", "idle", "used", "testing", "login"] as const;

function servers(): readonly PanelSpec[] {
  return [
    curve({
      title: "Server connections",
      description: "Connections to servers by state; `used` is idle and checked before it is given out. Good: idle ones are left.",
      unit: "none",
      queries: serverStates.map((name) => query(`sum(${inStack(`pgbouncer_pools_server_${name}_connections`, routes)})`, name)),
      stacked: true,
    }),
    curve({
      title: "Pools used",
      description: "Connections of each route against the most that it may have. Good: below 1; at 1 clients wait.",
      unit: "percentunit",
      queries: [
        query(
          `sum by (name) (${inStack("pgbouncer_databases_current_connections", namedRoutes)}) / ` +
            `sum by (name) (${inStack("pgbouncer_databases_max_connections", namedRoutes)} > 0)`,
          "{{name}}",
        ),
      ],
      max: 1,
    }),
    {
      kind: "timeline",
      width: 8,
      title: "Paused",
      description: "Whether a route's clients are held. Good: no, but for seconds while pgstack restarts the leader or changes passwords.",
      unit: "none",
      queries: [query(`max by (name) (${inStack("pgbouncer_databases_paused", namedRoutes)})`, "{{name}}")],
      words: no("orange"),
    },
  ];
}

function traffic(): readonly PanelSpec[] {
  const queries = perSecond("pgbouncer_stats_queries_pooled_total");
  const transactions = perSecond("pgbouncer_stats_sql_transactions_pooled_total");
  return [
    curve({
      title: "Queries",
      description: "Queries per second by route. Good: as usual; reads are on the route for reads.",
      unit: "ops",
      queries: [query(queries, "{{database}}")],
    }),
    curve({
      title: "Transactions",
      description: "Transactions per second by route. Good: as usual.",
      unit: "ops",
      queries: [query(transactions, "{{database}}")],
    }),
    curve({
      title: "Bytes",
      description: "Bytes per second from and to clients. Good: as usual; a jump is a query that returns too much.",
      unit: "Bps",
      queries: [
        query(perSecond("pgbouncer_stats_received_bytes_total"), "{{database}} received"),
        query(perSecond("pgbouncer_stats_sent_bytes_total"), "{{database}} sent"),
      ],
    }),
    curve({
      title: "Time of a query",
      description: "How long a query takes on the server, on average. Good: as usual.",
      unit: "s",
      queries: [query(`${perSecond("pgbouncer_stats_queries_duration_seconds_total")} / ${queries}`, "{{database}}")],
    }),
    curve({
      title: "Time of a transaction",
      description: "How long a transaction keeps its server connection, on average. Good: short; time between its statements counts too.",
      unit: "s",
      queries: [query(`${perSecond("pgbouncer_stats_server_in_transaction_seconds_total")} / ${transactions}`, "{{database}}")],
    }),
    curve({
      title: "Waiting for a server",
      description: "Seconds that clients wait for a server connection, per second: how many wait on average. Good: near 0.",
      unit: "none",
      queries: [query(perSecond("pgbouncer_stats_client_wait_seconds_total"), "{{database}}")],
    }),
  ];
}
