import type { DashboardLimits } from "./limits.ts";
import { below, noneOf, roles, yes } from "./limits.ts";
import { onNode, query, rate, sometimes } from "./query.ts";
import type { CurvesSpec, DashboardSpec, PanelSpec, StatSpec } from "./spec.ts";

/** One node, or several side by side. */
export function nodeDashboard(limits: DashboardLimits): DashboardSpec {
  return {
    uid: "pgstack-node",
    title: "Node",
    description: "PostgreSQL on the chosen nodes: load, memory and disk, WAL and checkpoints, vacuum and locks.",
    variables: ["stack", "node"],
    sections: [
      { height: 4, panels: state() },
      { title: "Load", height: 8, panels: load(limits) },
      { title: "Memory and disk", height: 8, panels: disk(limits) },
      { title: "WAL and checkpoints", height: 8, panels: checkpoints() },
      { title: "Vacuum and locks", height: 8, panels: age(limits) },
    ],
  };
}

/** A counter's growth per second, all databases of a node together. */
function perSecond(metric: string): string {
  return `sum by (node) (${rate(onNode(metric))})`;
}

function curve(spec: Omit<CurvesSpec, "kind" | "width"> & { readonly width?: number }): CurvesSpec {
  return { kind: "curves", width: 8, ...spec };
}

function stat(spec: Omit<StatSpec, "kind" | "width">): StatSpec {
  return { kind: "stat", width: 4, ...spec };
}

function state(): readonly PanelSpec[] {
  return [
    stat({
      title: "Role",
      description: "The role that the server reports. Good: exactly one leader.",
      unit: "none",
      queries: [query(onNode("pgstack_node_in_recovery"), "{{node}}")],
      words: roles,
    }),
    stat({
      title: "Reachable",
      description: "Whether the exporter can log in to the server. Good: yes.",
      unit: "none",
      queries: [query(onNode("pg_up"), "{{node}}")],
      words: yes,
    }),
    stat({
      title: "Uptime",
      description: "Time since the server was started. Good: it only drops after planned restarts.",
      unit: "s",
      queries: [query(`time() - ${onNode("pg_postmaster_start_time_seconds")}`, "{{node}}")],
      decimals: 0,
    }),
    stat({
      title: "Timeline",
      description: "It grows by one with each promotion. Good: the same on all nodes.",
      unit: "none",
      queries: [query(onNode("pgstack_node_timeline"), "{{node}}")],
    }),
    stat({
      title: "Pending restart",
      description: "Settings that take effect only after a restart. Good: 0; otherwise run pulumi up.",
      unit: "none",
      queries: [query(onNode("pgstack_node_settings_pending_restart"), "{{node}}")],
      steps: noneOf("orange"),
    }),
    stat({
      title: "Set by hand",
      description: "Settings that do not come from the rendered file. Good: 0; otherwise pulumi up --refresh restores them.",
      unit: "none",
      queries: [query(onNode("pgstack_node_settings_by_hand"), "{{node}}")],
      steps: noneOf("orange"),
    }),
  ];
}

function load(limits: DashboardLimits): readonly PanelSpec[] {
  return [
    curve({
      title: "Connections",
      description: "Client sessions, and the most that clients may have. Good: well below the limit.",
      unit: "none",
      queries: [
        query(onNode("pgstack_node_connections_used"), "{{node}}"),
        query(onNode("pgstack_node_connections_max"), "{{node}} limit"),
      ],
    }),
    curve({
      title: "Sessions by state",
      description: "Sessions by state. Good: few are idle in a transaction; active ones do not exceed the number of cores for long.",
      unit: "none",
      queries: [query(`sum by (node, state) (${onNode("pg_stat_activity_count", 'state!="disabled"')}) > 0`, "{{node}} {{state}}")],
    }),
    curve({
      title: "Oldest idle transaction",
      description: "Age of the oldest session that is idle in a transaction: it holds its locks and blocks vacuum. Good: seconds.",
      unit: "s",
      queries: [query(onNode("pgstack_node_idle_in_transaction_seconds"), "{{node}}")],
      steps: below(limits.IdleInTransaction),
    }),
    curve({
      title: "Transactions",
      description: "Commits and rollbacks per second. Good: as usual, and few rollbacks.",
      unit: "ops",
      queries: [
        query(perSecond("pg_stat_database_xact_commit"), "{{node}} commit"),
        query(perSecond("pg_stat_database_xact_rollback"), "{{node}} rollback"),
      ],
    }),
    curve({
      title: "Rows changed",
      description: "Rows that are inserted, updated and deleted per second. A replica's stay at 0: it replays them.",
      unit: "cps",
      queries: ["inserted", "updated", "deleted"].map((what) => query(perSecond(`pg_stat_database_tup_${what}`), `{{node}} ${what}`)),
    }),
    curve({
      title: "Busy time",
      description:
        "Seconds that sessions execute statements for, per second: how many are at work at once. Good: below the number of cores.",
      unit: "none",
      queries: [query(perSecond("pg_stat_database_active_time_seconds_total"), "{{node}}")],
    }),
  ];
}

function disk(limits: DashboardLimits): readonly PanelSpec[] {
  const [hit, read] = [perSecond("pg_stat_database_blks_hit"), perSecond("pg_stat_database_blks_read")];
  return [
    curve({
      title: "Cache hits",
      description:
        "Share of pages that were in shared_buffers. Good: above 99 % for an application; less means a larger container pays off.",
      unit: "percentunit",
      max: 1,
      queries: [query(`${hit} / (${hit} + ${read})`, "{{node}}")],
    }),
    curve({
      title: "Time for reads and writes",
      description: "Seconds that sessions wait for the disk, per second. Good: near 0.",
      unit: "none",
      // PostgreSQL counts milliseconds.
      queries: ["read", "write"].map((what) => query(`${perSecond(`pg_stat_database_blk_${what}_time`)} / 1000`, `{{node}} ${what}`)),
    }),
    curve({
      title: "Temporary files",
      description: "Bytes per second that sorts and hashes write to disk because work_mem is too small for them. Good: 0, or occasional.",
      unit: "Bps",
      queries: [query(perSecond("pg_stat_database_temp_bytes"), "{{node}}")],
    }),
    curve({
      title: "Disk used",
      description: "Share of the data volume's file system. A full one stops the server. Good: below the dashed lines.",
      unit: "percentunit",
      max: 1,
      queries: [query(`1 - ${onNode("pgstack_node_disk_free_bytes")} / ${onNode("pgstack_node_disk_size_bytes")}`, "{{node}}")],
      steps: below(limits.DiskFull),
    }),
    curve({
      title: "Disk free",
      description: "What is left of the data volume's file system. Good: it does not fall towards 0.",
      unit: "bytes",
      queries: [query(onNode("pgstack_node_disk_free_bytes"), "{{node}}")],
    }),
    curve({
      title: "Size of databases",
      description: "Size of each database on disk. Good: it grows as your data does.",
      unit: "bytes",
      queries: [query(`max by (datname) (${onNode("pg_database_size_bytes", 'datname!~"template.*"')})`, "{{datname}}")],
    }),
  ];
}

function checkpoints(): readonly PanelSpec[] {
  const each = (name: string): string => `60 * ${rate(onNode(`pg_stat_checkpointer_${name}_total`))}`;
  return [
    curve({
      title: "Checkpoints",
      description: "Checkpoints per minute by cause. Good: only timed ones; many requested ones mean that max_wal_size is too small.",
      unit: "cpm",
      queries: [query(each("num_timed"), "{{node}} timed"), query(each("num_requested"), "{{node}} requested")],
    }),
    curve({
      title: "Restartpoints",
      description: "A replica's checkpoints per minute. Good: about as many as the leader has checkpoints.",
      unit: "cpm",
      queries: [query(each("restartpoints_done"), "{{node}}")],
    }),
    curve({
      title: "Time in checkpoints",
      description: "Seconds that the checkpointer writes and waits for the disk, per second. Good: syncs are near 0.",
      unit: "none",
      // PostgreSQL counts milliseconds.
      queries: ["write", "sync"].map((what) =>
        query(`${rate(onNode(`pg_stat_checkpointer_${what}_time_total`))} / 1000`, `{{node}} ${what}`),
      ),
    }),
    curve({
      title: "Buffers written",
      description:
        "Pages per second that checkpoints and the background writer write. Good: sessions have clean pages, as usual for your load.",
      unit: "cps",
      queries: [
        query(rate(onNode("pg_stat_checkpointer_buffers_written_total")), "{{node}} checkpoints"),
        query(rate(onNode("pg_stat_bgwriter_buffers_clean_total")), "{{node}} background writer"),
      ],
    }),
    curve({
      title: "Size of pg_wal",
      description: "WAL on disk. Good: about max_wal_size; more is kept for a replica that is behind.",
      unit: "bytes",
      queries: [query(onNode("pgstack_node_wal_bytes"), "{{node}}")],
    }),
    curve({
      title: "Pages read into the cache",
      description: "Pages per second that are allocated in shared_buffers. Good: low once the cache is warm.",
      unit: "cps",
      queries: [query(rate(onNode("pg_stat_bgwriter_buffers_alloc_total")), "{{node}}")],
    }),
  ];
}

function age(limits: DashboardLimits): readonly PanelSpec[] {
  return [
    curve({
      title: "Locks",
      description: "Locks that are held or waited for, by mode. Good: no accessexclusivelock for long.",
      unit: "none",
      queries: [sometimes(`sum by (node, mode) (${onNode("pg_locks_count", 'mode!="accesssharelock"')}) > 0`, "{{node}} {{mode}}")],
    }),
    curve({
      title: "Deadlocks",
      description: "Deadlocks per minute in each database. Good: 0.",
      unit: "cpm",
      queries: [
        query(`60 * sum by (node, datname) (${rate(onNode("pg_stat_database_deadlocks", 'datname!=""'))})`, "{{node}} {{datname}}"),
      ],
      steps: below(limits.Deadlocks),
    }),
    curve({
      title: "Cancelled by replay",
      description: "Queries per minute that a replica cancelled because they blocked replay. Good: 0.",
      unit: "cpm",
      queries: [query(`60 * ${perSecond("pg_stat_database_conflicts")}`, "{{node}}")],
    }),
    curve({
      title: "Transaction ids used",
      description:
        "Age of the oldest row that vacuum has not frozen, as a share of the 2³¹ available ids. Near 1 the server takes no writes. Good: it falls again and again.",
      unit: "percentunit",
      queries: [query(`${onNode("pgstack_node_transaction_id_age")} / 2 ^ 31`, "{{node}}")],
      steps: below(limits.TransactionIdAge),
      width: 12,
    }),
    curve({
      title: "Longest transaction",
      description: "Age of the oldest transaction that a session is in. Good: minutes at most; it blocks vacuum.",
      unit: "s",
      queries: [query(`max by (node) (${onNode("pg_stat_activity_max_tx_duration")})`, "{{node}}")],
      width: 12,
    }),
    curve({
      title: "Oldest prepared transaction",
      description: "Age of the oldest prepared transaction, which no session will end. Good: 0, or seconds.",
      unit: "s",
      queries: [query(onNode("pgstack_node_prepared_oldest_seconds"), "{{node}}")],
      steps: below(limits.PreparedTransactions),
    }),
    curve({
      title: "Oldest WAL to be archived",
      description: "How long the oldest WAL file has waited to be archived; it stays on the disk until then. Good: seconds.",
      unit: "s",
      queries: [query(onNode("pgstack_node_archive_waiting_seconds"), "{{node}}")],
      steps: below(limits.ArchiveFailing),
    }),
    curve({
      title: "Damaged pages",
      description: "Pages that did not match their checksum when they were read. Good: 0.",
      unit: "none",
      queries: [query(onNode("pgstack_node_checksum_failures"), "{{node}}")],
    }),
  ];
}
