/** Series of a cluster as its targets give them, with the labels that they had when the exporters were scraped: what the dashboards ask for. */

type Labels = Readonly<Record<string, string>>;

/** Metrics of a target and the labels of their series besides the target's. */
type Metrics = readonly (readonly [names: readonly string[], series: readonly Labels[]])[];

const database = { datid: "16384", datname: "app" };
/** postgres_exporter gives pgstack's own metrics, and few others, the label `server`. */
const server: readonly Labels[] = [{ server: "pg:5432" }];
const unlabelled: readonly Labels[] = [{}];

/** Names of metrics that begin alike. */
function named(prefix: string, ...words: readonly string[]): readonly string[] {
  return words.flatMap((text) => text.split(" ")).map((word) => `${prefix}${word}`);
}

const ofNode: Metrics = [
  [["up", "pg_up", "pg_postmaster_start_time_seconds"], unlabelled],
  [
    named(
      "pgstack_",
      "node_timeline node_settings_pending_restart node_settings_by_hand node_connections_used node_connections_max",
      "node_prepared_oldest_seconds node_checksum_failures node_archive_waiting_seconds",
      "node_idle_in_transaction_seconds node_transaction_id_age node_disk_size_bytes node_disk_free_bytes node_wal_bytes",
      "heartbeat_age_seconds",
    ),
    server,
  ],
  [
    named(
      "pg_stat_database_",
      "xact_commit xact_rollback tup_inserted tup_updated tup_deleted active_time_seconds_total blks_hit blks_read",
      "blk_read_time blk_write_time temp_bytes deadlocks conflicts",
    ),
    [database, { datid: "5", datname: "postgres" }],
  ],
  [["pg_database_size_bytes"], [{ datname: "app" }, { datname: "template1" }]],
  [["pg_locks_count"], ["rowexclusivelock", "accesssharelock"].map((mode) => ({ datname: "app", mode }))],
  [
    ["pg_stat_activity_count", "pg_stat_activity_max_tx_duration"],
    ["active", "idle"].map((state) => ({
      datname: "app",
      state,
      usename: "app",
      backend_type: "client backend",
      wait_event_type: "Client",
    })),
  ],
  [
    named(
      "pg_stat_",
      "checkpointer_num_timed_total checkpointer_num_requested_total checkpointer_restartpoints_done_total",
      "checkpointer_write_time_total checkpointer_sync_time_total checkpointer_buffers_written_total",
      "bgwriter_buffers_clean_total bgwriter_buffers_alloc_total",
    ),
    unlabelled,
  ],
];

const ofLeader = (replicas: readonly string[]): Metrics => [
  [["pgstack_replicas_declared", "pgstack_replicas_streaming"], server],
  [named("pgstack_slot_", "active declared behind_bytes cap_bytes lost xmin_age"), replicas.map((slot) => ({ slot, server: "pg:5432" }))],
  [["pgstack_replica_replay_behind_bytes"], replicas.map((replica) => ({ replica, server: "pg:5432" }))],
  [["pg_replication_slot_slot_current_wal_lsn"], replicas.map((name) => ({ slot_name: name, slot_type: "physical" }))],
];

const ofReplica: Metrics = [[named("pgstack_", "node_replay_paused receiver_streaming receiver_message_age_seconds"), server]];

const routes = ["app", "app_ro", "pgbouncer"];

const ofPooler: Metrics = [
  [named("", "up pgbouncer_up pgbouncer_used_clients pgbouncer_config_max_client_connections"), unlabelled],
  [
    named("pgbouncer_databases_", "current_connections max_connections paused disabled"),
    routes.map((name) => ({ name, database: "app", host: "pg1", port: "5432", force_user: "", pool_mode: "" })),
  ],
  [
    named(
      "pgbouncer_pools_",
      "client_active_connections client_waiting_connections client_maxwait_seconds server_active_connections",
      "server_idle_connections server_used_connections server_testing_connections server_login_connections",
    ),
    // Several users on a route.
    routes.flatMap((name) => ["app", "reports"].map((user) => ({ database: name, user }))),
  ],
  [
    named(
      "pgbouncer_stats_",
      "queries_pooled_total sql_transactions_pooled_total received_bytes_total sent_bytes_total",
      "queries_duration_seconds_total server_in_transaction_seconds_total client_wait_seconds_total",
    ),
    routes.map((name) => ({ database: name })),
  ],
];

/** Series in the notation of promtool, and the metrics that they are of. */
export interface ClusterSeries {
  readonly metrics: ReadonlySet<string>;
  readonly series: readonly { readonly series: string; readonly values: string }[];
}

/** What a cluster of the leader `pg1` and these replicas gives; every value grows by 1 with each sample unless it says what a node is. */
export function clusterSeries(replicas: readonly string[], alerts: readonly Labels[]): ClusterSeries {
  const node = (name: string): Labels => ({ job: "postgres", instance: `${name}-exporter:9187`, node: name });
  const processes = Array.from({ length: Math.max(2, replicas.length) }, (_, index) => `pgbouncer-${index + 1}`);
  const all = [
    ...targetSeries(node("pg1"), [...ofNode, ...ofLeader(replicas)]),
    ...replicas.flatMap((name) => targetSeries(node(name), [...ofNode, ...ofReplica])),
    ...processes.flatMap((process) => targetSeries({ job: "pooler", instance: `${process}-exporter:9127`, process }, ofPooler)),
    ...["pg1", ...replicas].map((name, index) => ({
      metric: "pgstack_node_in_recovery",
      labels: { ...node(name), server: "pg:5432" },
      values: index === 0 ? "0x40" : "1x40",
    })),
    ...alerts.map((labels) => ({ metric: "ALERTS", labels: { alertstate: "firing", ...labels }, values: "1x40" })),
  ];
  return {
    metrics: new Set(all.map(({ metric }) => metric)),
    series: all.map(({ metric, labels, values }) => ({ series: `${metric}${braces({ stack: "test", ...labels })}`, values })),
  };
}

function targetSeries(
  target: Labels,
  metrics: Metrics,
): readonly { readonly metric: string; readonly labels: Labels; readonly values: string }[] {
  return metrics.flatMap(([names, series]) =>
    names.flatMap((metric) => series.map((labels) => ({ metric, labels: { ...target, ...labels }, values: "1+1x40" }))),
  );
}

function braces(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(",")}}`;
}
