import exporterMetrics from "./exporter-metrics.json" with { type: "json" };

/**
 * Metrics that a stack's targets emit. Those of the exporters, of Prometheus and of Alertmanager are what the built images
 * (postgres_exporter 0.17.1, pgbouncer_exporter 0.10.2, Prometheus 2.53.3, Alertmanager 0.28) gave on PostgreSQL 17 with
 * the flags that pgstack gives them.
 */

/** pgstack's own queries (`queries.yaml`), with their labels in addition to the target's. */
export const ownMetrics: Readonly<Record<string, readonly string[]>> = {
  pgstack_node_in_recovery: [],
  pgstack_node_timeline: [],
  pgstack_node_settings_pending_restart: [],
  pgstack_node_settings_by_hand: [],
  pgstack_node_replay_paused: [],
  pgstack_node_connections_used: [],
  pgstack_node_connections_max: [],
  pgstack_node_idle_in_transaction_seconds: [],
  pgstack_node_prepared_oldest_seconds: [],
  pgstack_node_transaction_id_age: [],
  pgstack_node_checksum_failures: [],
  pgstack_node_archive_waiting_seconds: [],
  pgstack_node_disk_size_bytes: [],
  pgstack_node_disk_free_bytes: [],
  pgstack_node_wal_bytes: [],
  pgstack_heartbeat_age_seconds: [],
  pgstack_receiver_streaming: [],
  pgstack_receiver_message_age_seconds: [],
  pgstack_replicas_declared: [],
  pgstack_replicas_streaming: [],
  pgstack_slot_active: ["slot"],
  pgstack_slot_declared: ["slot"],
  pgstack_slot_behind_bytes: ["slot"],
  pgstack_slot_cap_bytes: ["slot"],
  pgstack_slot_lost: ["slot"],
  pgstack_slot_xmin_age: ["slot"],
  pgstack_replica_replay_behind_bytes: ["replica"],
};

/** What the rules record, with the labels in addition to `stack` and `node`. */
export const recordedMetrics: Readonly<Record<string, readonly string[]>> = {
  "pgstack:node_leads": [],
  "pgstack:node_role": ["role"],
};

/** What Prometheus itself adds about every target and every alert. */
const synthetic: readonly string[] = [
  "up",
  "scrape_duration_seconds",
  "scrape_samples_scraped",
  "scrape_samples_post_metric_relabeling",
  "scrape_series_added",
  "ALERTS",
  "ALERTS_FOR_STATE",
];

/** What decides which metrics there are. */
export interface MetricSources {
  readonly alertmanager: boolean;
  /** Exporters from images that the stack names: their metrics are unknown. */
  readonly foreignPostgresExporter: boolean;
  readonly foreignPoolerExporter: boolean;
}

/** Every metric name that a stack's Prometheus can have. */
export function knownMetrics({ alertmanager }: MetricSources): ReadonlySet<string> {
  return new Set([
    ...Object.keys(ownMetrics),
    ...Object.keys(recordedMetrics),
    ...synthetic,
    ...exporterMetrics.every,
    ...exporterMetrics.postgres,
    ...exporterMetrics.pooler,
    ...exporterMetrics.prometheus,
    ...(alertmanager ? exporterMetrics.alertmanager : []),
  ]);
}

/** Whether a metric is there, or may be: an exporter of the stack's own choice may emit anything that begins as its metrics do. */
export function mayExist(metric: string, sources: MetricSources): boolean {
  if (knownMetrics(sources).has(metric)) return true;
  if (sources.foreignPostgresExporter && metric.startsWith("pg_")) return true;
  return sources.foreignPoolerExporter && metric.startsWith("pgbouncer_");
}
