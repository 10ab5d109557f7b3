/** Series of a healthy cluster as its targets give them, and what faults make of them, in promtool's notation. */

export interface Series {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: string;
}

export type Labels = Readonly<Record<string, string>>;

/** A change of every series of a metric (a pattern) that has these labels: other values, or none at all from the beginning. */
export interface Change {
  readonly metric: string;
  readonly labels: Labels;
  /** A function gets the healthy value. */
  readonly values: string | ((before: number) => string) | undefined;
}

/** Faults begin at this sample: two minutes at 15 s. */
export const healthySamples = 8;
/** "For ever" in a series; the input has as many samples as its case needs. */
const samples = 1_000_000;
/** Ends every series a little after a moment. */
export const until = (values: string, count: number): string => values.replaceAll(`x${samples}`, `x${count}`);

/** One value for ever. */
export const always = (value: number): string => `${value}x${samples}`;
/** A value until the fault, another one from it on. */
export const turns = (before: number, after: number): string => `${before}x${healthySamples - 1} ${after}x${samples}`;
/** The healthy value until the fault, turns no samples. */
export const gone = (before: number): string => `${before}x${healthySamples - 1} stale`;
/** One value after the other, again and again. */
export const alternating = (...values: readonly number[]): string => Array.from({ length: 60 }, () => values.join(" ")).join(" ");

function nodeTarget(node: string): Labels {
  return { job: "postgres", instance: `${node}-exporter:9187`, stack: "test", node };
}

function processTarget(process: string): Labels {
  return { job: "pooler", instance: `${process}-exporter:9127`, stack: "test", process };
}

/** Processes of the pooler that a stack of these nodes has. */
function processesOf(nodes: readonly string[]): readonly string[] {
  return Array.from({ length: Math.max(2, nodes.length - 1) }, (_, index) => `pgbouncer-${index + 1}`);
}
const server = (node: string): Labels => ({ server: `${node}:5432` });

/** Figures that every node has when all is well. */
const nodeFigures: Readonly<Record<string, number>> = {
  pgstack_node_timeline: 1,
  pgstack_node_settings_pending_restart: 0,
  pgstack_node_settings_by_hand: 0,
  pgstack_node_connections_used: 20,
  pgstack_node_connections_max: 100,
  pgstack_node_idle_in_transaction_seconds: 0,
  pgstack_node_prepared_oldest_seconds: 0,
  pgstack_node_transaction_id_age: 1000,
  pgstack_node_checksum_failures: 0,
  pgstack_node_archive_waiting_seconds: 0,
  pgstack_node_disk_size_bytes: 100e9,
  pgstack_node_disk_free_bytes: 50e9,
  pgstack_node_wal_bytes: 1e9,
  pgstack_heartbeat_age_seconds: 1,
};

const slotFigures: Readonly<Record<string, number>> = {
  pgstack_slot_active: 1,
  pgstack_slot_declared: 1,
  pgstack_slot_behind_bytes: 0,
  pgstack_slot_cap_bytes: 4e9,
  pgstack_slot_lost: 0,
  pgstack_slot_xmin_age: 1,
};

const poolFigures: Readonly<Record<string, number>> = {
  pgbouncer_pools_client_waiting_connections: 0,
  pgbouncer_pools_client_maxwait_seconds: 0,
};

function node(name: string, leader: string): readonly Series[] {
  const target = nodeTarget(name);
  const own = { ...target, ...server(name) };
  const figures = { ...nodeFigures, pgstack_node_in_recovery: name === leader ? 0 : 1 };
  return [
    { metric: "up", labels: target, values: always(1) },
    { metric: "pg_up", labels: target, values: always(1) },
    { metric: "pg_exporter_last_scrape_error", labels: target, values: always(0) },
    {
      metric: "pg_exporter_user_queries_load_error",
      labels: { ...target, filename: "/etc/pgstack/queries.yaml", hashsum: "4d51" },
      values: always(0),
    },
    { metric: "pg_stat_database_deadlocks", labels: { ...target, datname: "app", datid: "16384" }, values: always(3) },
    ...Object.entries(figures).map(([metric, value]) => ({ metric, labels: own, values: always(value) })),
    ...(name === leader ? [] : replicaView(name)),
  ];
}

/** What a replica says about its stream. */
export function replicaView(name: string): readonly Series[] {
  const own = { ...nodeTarget(name), ...server(name) };
  return ["pgstack_node_replay_paused", "pgstack_receiver_streaming", "pgstack_receiver_message_age_seconds"].map((metric) => ({
    metric,
    labels: own,
    values: always(metric === "pgstack_node_replay_paused" ? 0 : 1),
  }));
}

/** What a leader says about its replicas and their slots. */
export function leaderView(leader: string, replicas: readonly string[]): readonly Series[] {
  const own = { ...nodeTarget(leader), ...server(leader) };
  return [
    { metric: "pgstack_replicas_declared", labels: own, values: always(replicas.length) },
    { metric: "pgstack_replicas_streaming", labels: own, values: always(replicas.length) },
    ...replicas.flatMap((replica) => [
      { metric: "pgstack_replica_replay_behind_bytes", labels: { ...own, replica }, values: always(0) },
      ...slotSeries(replica, slotFigures, leader),
    ]),
  ];
}

/** Series of a slot on a leader. */
export function slotSeries(slot: string, figures: Readonly<Record<string, number>>, leader = "pg1"): readonly Series[] {
  const own = { ...nodeTarget(leader), ...server(leader), slot };
  return Object.entries(figures).map(([metric, value]) => ({ metric, labels: own, values: always(value) }));
}

function pooler(process: string): readonly Series[] {
  const one = (metric: string, value: number, labels: Labels = {}): Series => ({
    metric,
    labels: { ...processTarget(process), ...labels },
    values: always(value),
  });
  return [
    one("up", 1),
    one("pgbouncer_up", 1),
    one("pgbouncer_used_clients", 100),
    one("pgbouncer_config_max_client_connections", 1000),
    ...["app", "app_ro", "pgbouncer"].flatMap((route) => [
      ...Object.entries(poolFigures).map(([metric, value]) => one(metric, value, { database: route, user: "app" })),
      one("pgbouncer_databases_paused", 0, { name: route, database: "app", host: "pg1", port: "5432", force_user: "", pool_mode: "" }),
    ]),
  ];
}

/** Everything that a healthy stack's targets give. */
export function healthy(nodes: readonly string[], leader: string): readonly Series[] {
  return [
    ...nodes.flatMap((name) => node(name, leader)),
    ...leaderView(
      leader,
      nodes.filter((name) => name !== leader),
    ),
    ...processesOf(nodes).flatMap(pooler),
  ];
}

/** The series from the moment of the fault on only. */
export function fromThen(series: readonly Series[]): readonly Series[] {
  return series.map((one) => ({ ...one, values: `_x${healthySamples} ${one.values}` }));
}

/** The series with the changes; each change must hit at least one series, so that a case cannot miss its target. */
export function changed(series: readonly Series[], changes: readonly Change[]): readonly Series[] {
  return changes.reduce<readonly Series[]>((current, change) => {
    const hit = current.filter((one) => matches(one, change));
    if (hit.length === 0) throw new Error(`no series ${change.metric} with ${JSON.stringify(change.labels)}`);
    return current.flatMap((one) => {
      if (!matches(one, change)) return [one];
      if (change.values === undefined) return [];
      return [{ ...one, values: typeof change.values === "string" ? change.values : change.values(Number.parseFloat(one.values)) }];
    });
  }, series);
}

function matches({ metric, labels }: Series, change: Change): boolean {
  return (
    new RegExp(`^(?:${change.metric})$`).test(metric) && Object.entries(change.labels).every(([label, value]) => labels[label] === value)
  );
}
