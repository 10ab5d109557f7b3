import type { DashboardLimits } from "./limits.ts";
import { below, noneOf, roles, yes } from "./limits.ts";
import { countOf, inStack, lagSeconds, query, rate, sometimes } from "./query.ts";
import type { DashboardSpec, PanelSpec, TableSpec } from "./spec.ts";

/** Everything on one screen: whether all is well, and if not, where to look. */
export function clusterDashboard(limits: DashboardLimits): DashboardSpec {
  return {
    uid: "pgstack-cluster",
    title: "Cluster",
    description: "Overall health: the first row should be green. The other dashboards have details.",
    variables: ["stack"],
    sections: [
      { height: 4, panels: signs(limits) },
      { height: 7, panels: work() },
      { height: 7, panels: room(limits) },
      { height: 7, panels: [nodes(limits), alerts] },
    ],
  };
}

function signs(limits: DashboardLimits): readonly PanelSpec[] {
  const common = { kind: "stat", width: 3 } as const;
  const leader = `${inStack("pgstack_node_in_recovery")} == 0`;
  return [
    {
      ...common,
      title: "Firing alerts",
      description: "Alerts that fire now; they are listed below. Good: 0.",
      unit: "none",
      queries: [query(countOf(inStack("ALERTS", 'alertstate="firing"')), "firing")],
      steps: noneOf("red"),
    },
    {
      ...common,
      title: "Leader",
      description: "The node that takes writes. Good: exactly one name. Two names mean a split cluster.",
      unit: "none",
      queries: [query(`${leader} or on () label_replace(vector(-1), "node", "none", "", "")`, "{{node}}")],
      steps: [
        { color: "red", from: null },
        { color: "green", from: 0 },
      ],
      names: true,
    },
    {
      ...common,
      title: "Down",
      description: "Servers, poolers and exporters that do not answer. Good: 0.",
      unit: "none",
      queries: [query(["up", "pg_up", "pgbouncer_up"].map((metric) => countOf(`${inStack(metric)} == 0`)).join(" + "), "down")],
      steps: noneOf("red"),
    },
    {
      ...common,
      title: "Replicas missing",
      description: "Declared replicas that do not stream from the leader. Good: 0. Unknown without a leader.",
      unit: "none",
      queries: [query(`max(${inStack("pgstack_replicas_declared")}) - max(${inStack("pgstack_replicas_streaming")})`, "missing")],
      steps: noneOf("red"),
    },
    {
      ...common,
      title: "Lag",
      description: "How much older the newest row on the slowest replica is than on the leader. Good: below a second or two.",
      unit: "s",
      queries: [sometimes(`max(${lagSeconds})`, "lag")],
      steps: below(limits.ReplicaLagSeconds),
      decimals: 0,
    },
    {
      ...common,
      title: "Slot cap used",
      description: "WAL that the leader keeps for the replica that is furthest behind, as a share of the cap. Good: near 0.",
      unit: "percentunit",
      queries: [sometimes(`max(${inStack("pgstack_slot_behind_bytes")} / ${inStack("pgstack_slot_cap_bytes")})`, "kept")],
      steps: below(limits.SlotRetainedWal),
      decimals: 0,
    },
    {
      ...common,
      title: "Connections used",
      description: "Share of the connections that clients may have, on the fullest node. Good: below the first limit.",
      unit: "percentunit",
      queries: [query(`max(${inStack("pgstack_node_connections_used")} / ${inStack("pgstack_node_connections_max")})`, "used")],
      steps: below(limits.ConnectionsUsed),
      decimals: 0,
    },
    {
      ...common,
      title: "Longest wait",
      description:
        "How long the first client in a queue of the pooler has waited. Good: 0; seconds are a pool that is too small or paused.",
      unit: "s",
      queries: [query(`max(${inStack("pgbouncer_pools_client_maxwait_seconds", 'database!="pgbouncer"')})`, "wait")],
      steps: below({ critical: { limit: limits.PoolerClientsWaiting?.critical?.limit } }),
    },
  ];
}

function work(): readonly PanelSpec[] {
  const transactions = ["commit", "rollback"].map((end) => `sum by (node) (${rate(inStack(`pg_stat_database_xact_${end}`))})`);
  return [
    {
      kind: "curves",
      title: "Transactions",
      description: "Transactions per second on each node. Good: what your application usually does.",
      unit: "ops",
      width: 8,
      queries: [query(transactions.join(" + "), "{{node}}")],
    },
    {
      kind: "curves",
      title: "Queries through the pooler",
      description: "Queries per second by route. Good: as usual; reads are on the route for reads.",
      unit: "ops",
      width: 8,
      queries: [
        query(`sum by (database) (${rate(inStack("pgbouncer_stats_queries_pooled_total", 'database!="pgbouncer"'))})`, "{{database}}"),
      ],
    },
    {
      kind: "curves",
      title: "Replicas",
      description: "Replicas that stream, and how many are declared. Good: the same number.",
      unit: "none",
      width: 8,
      queries: [
        query(`max(${inStack("pgstack_replicas_streaming")})`, "streaming"),
        query(`max(${inStack("pgstack_replicas_declared")})`, "declared"),
      ],
      decimals: 0,
    },
  ];
}

function room(limits: DashboardLimits): readonly PanelSpec[] {
  return [
    {
      kind: "curves",
      title: "Lag of replicas",
      description: "How much older the newest row on each replica is than on the leader. Good: below the dashed lines.",
      unit: "s",
      width: 8,
      queries: [sometimes(lagSeconds, "{{node}}")],
      steps: below(limits.ReplicaLagSeconds),
    },
    {
      kind: "curves",
      title: "Connections",
      description: "Share of the connections that clients may have, on each node. Good: below the dashed lines.",
      unit: "percentunit",
      width: 8,
      queries: [query(`${inStack("pgstack_node_connections_used")} / ${inStack("pgstack_node_connections_max")}`, "{{node}}")],
      steps: below(limits.ConnectionsUsed),
      max: 1,
    },
    {
      kind: "curves",
      title: "Clients of the pooler",
      description: "Clients with a server connection, and clients that wait for one. Good: no client waits.",
      unit: "none",
      width: 8,
      queries: [
        query(`sum(${inStack("pgbouncer_pools_client_active_connections", 'database!="pgbouncer"')})`, "active"),
        query(`sum(${inStack("pgbouncer_pools_client_waiting_connections", 'database!="pgbouncer"')})`, "waiting"),
      ],
    },
  ];
}

function nodes(limits: DashboardLimits): TableSpec {
  const perNode = (expr: string): ReturnType<typeof query> => query(`max by (node) (${expr})`, "");
  return {
    kind: "table",
    title: "Nodes",
    description:
      "Current state of each node. Good: one leader, the same timeline everywhere, nothing pending. A name leads to the node's dashboard.",
    unit: "none",
    width: 14,
    by: "node",
    queries: [
      perNode(inStack("pg_up")),
      perNode(inStack("pgstack_node_in_recovery")),
      perNode(inStack("pgstack_node_timeline")),
      perNode(inStack("pgstack_heartbeat_age_seconds")),
      perNode(`1 - ${inStack("pgstack_node_disk_free_bytes")} / ${inStack("pgstack_node_disk_size_bytes")}`),
      perNode(inStack("pgstack_node_settings_pending_restart")),
      perNode(inStack("pgstack_node_settings_by_hand")),
    ],
    columns: [
      {
        field: "node",
        heading: "Node",
        link: { title: "Node", url: "/d/pgstack-node?var-stack=${stack}&var-node=${__value.raw}&${__url_time_range}" },
      },
      { field: "Value #A", heading: "Answers", words: yes },
      { field: "Value #B", heading: "Role", words: roles },
      { field: "Value #C", heading: "Timeline" },
      { field: "Value #D", heading: "Heartbeat", unit: "s", steps: below(limits.HeartbeatStale) },
      { field: "Value #E", heading: "Disk used", unit: "percentunit", steps: below(limits.DiskFull) },
      { field: "Value #F", heading: "Pending restart", steps: noneOf("orange") },
      { field: "Value #G", heading: "Set by hand", steps: noneOf("orange") },
    ],
  };
}

const alerts: TableSpec = {
  kind: "table",
  title: "Alerts",
  empty: "no alert fires",
  description: "Alerts that fire now. Good: an empty list. docs/monitoring.md says what to do about each.",
  unit: "none",
  width: 10,
  queries: [sometimes(inStack("ALERTS", 'alertstate="firing"'), "")],
  columns: [
    {
      field: "severity",
      heading: "Severity",
      words: { critical: { text: "critical", color: "red" }, warning: { text: "warning", color: "orange" } },
    },
    { field: "alertname", heading: "Alert" },
    { field: "node", heading: "Node" },
    { field: "slot", heading: "Slot" },
  ],
};
