/**
 * Every PostgreSQL setting that pgstack gives a value, with the reason and where it comes from. The one place of these
 * defaults; stack config (`settings`) wins over them. Names, ports, paths, `listen_addresses`, `cluster_name`,
 * `primary_conninfo` and `synchronous_standby_names` follow from the cluster and belong to the plan.
 *
 * The list is the same for all nodes: a promotion needs no restart, and a replica never has less than its leader of what
 * PostgreSQL compares at start (`max_connections`, `max_worker_processes`, `max_wal_senders`).
 */
import { maxReplicas } from "../config/schema.ts";
import { type Disk, pgtune, type Workload } from "./pgtune.ts";
import { applyDeviations, type TunedSettings } from "./pgtune-deviations.ts";
import { formatMemory } from "../text/units.ts";

/** Headings of postgresql.conf, in order; the last two are the plan's. */
export type SettingSection =
  | "connections"
  | "memory"
  | "write-ahead log"
  | "replication"
  | "planner and input/output"
  | "parallel workers and vacuum"
  | "sessions and security"
  | "statistics"
  | "logging"
  | "time"
  | "stack config"
  | "this node";

export interface DefaultSetting {
  readonly name: string;
  /** As PostgreSQL reads it, with its unit. */
  readonly value: string;
  readonly section: SettingSection;
  /** Reason and source, one line. */
  readonly why: string;
}

export interface DefaultSettingsInput {
  /** PostgreSQL's major version, 15 or later. */
  readonly major: number;
  readonly workload: Workload;
  /** Memory limit of the node's container. */
  readonly memoryMb: number;
  /** CPU limit of the node's container; undefined: none. */
  readonly cpus: number | undefined;
  readonly disk: Disk;
  /** `max_connections`, reserved ones included. */
  readonly connections: number;
  /** Name of the IANA database. */
  readonly timezone: string;
  /** Libraries for `shared_preload_libraries`, in order. */
  readonly preload: readonly string[];
  /** `max_slot_wal_keep_size` in MB. */
  readonly slotWalKeepMb: number;
  /** `idle_replication_slot_timeout` with its unit, such as `1d`; used from PostgreSQL 18 on. */
  readonly idleSlotTimeout: string;
}

/** `superuser_reserved_connections`: room for checks and repairs when applications have taken the rest. */
export const reservedConnections = 5;

/** `max_connections` for a node without a declared number: 100 below 8GB of memory, else 200. */
export function recommendedConnections(memoryMb: number): number {
  return memoryMb < 8 * 1024 ? 100 : 200;
}

/**
 * Size of `/dev/shm` in MB, where parallel queries share memory: an eighth of memory up to 1GB, from 16GB on a sixteenth up
 * to 2GB; never less than Docker's own 64MB.
 */
export function shmSizeMb(memoryMb: number): number {
  const wanted = Math.max(Math.min(memoryMb / 8, 1024), Math.min(memoryMb / 16, 2048));
  return Math.max(64, Math.floor(wanted));
}

/** Name, value (absent: the setting is left out) and reason. */
type Row = readonly [name: string, value: string | number | undefined, why: string];

/** All settings in the order in which they are printed; each name once. */
export function planDefaultSettings(input: DefaultSettingsInput): readonly DefaultSetting[] {
  const tuned = tunedSettings(input);
  const sections: readonly (readonly [SettingSection, readonly Row[]])[] = [
    ["connections", connectionRows(input)],
    ["memory", memoryRows(tuned, input)],
    ["write-ahead log", walRows(tuned)],
    ["replication", replicationRows(input)],
    ["planner and input/output", plannerRows(tuned)],
    ["parallel workers and vacuum", workerRows(tuned)],
    ["sessions and security", sessionRows(input)],
    ["statistics", statisticsRows(input)],
    ["logging", loggingRows],
    ["time", timeRows(input)],
  ];
  return sections.flatMap(([section, rows]) =>
    rows.flatMap(([name, value, why]) => (value === undefined ? [] : [{ name, value: String(value), section, why }])),
  );
}

function tunedSettings(input: DefaultSettingsInput): TunedSettings {
  const { major, workload, disk, connections } = input;
  const memoryKb = input.memoryMb * 1024;
  // A CPU limit may be a fraction; workers are whole, and PGTune counts whole CPUs.
  const cpus = input.cpus === undefined ? undefined : Math.floor(input.cpus);
  const tuned = pgtune({ major, workload, memoryKb, cpus, connections, disk, databaseSize: "mid_ram" });
  return applyDeviations(tuned, { major, memoryKb, cpus, disk });
}

/**
 * `max_wal_senders` and `max_replication_slots`: two for each replica that a stack may ever have (a clone streams on a
 * second one) and four to spare, rounded up to a multiple of 8. The same for every stack, since a change needs a restart of
 * every node, and scaling must not: an unused one costs a few kB of shared memory.
 */
const walSenders = Math.ceil((maxReplicas * 2 + 4) / 8) * 8;

function connectionRows({ connections }: DefaultSettingsInput): readonly Row[] {
  return [
    ["max_connections", connections, "the pooler's server connections, exporters, administrators and the reserve; equal on all nodes"],
    ["superuser_reserved_connections", reservedConnections, "checks and repairs get in when all others are taken"],
  ];
}

/**
 * `temp_file_limit` in MB: `slotWalCap` is what stack config says of the disk, the share of it that a single unforeseen query may take.
 * Never below memory, whose size every sort may want once, nor below 1GB, and at most 200GB (Pigsty's bounds).
 */
export function tempFileLimitMb({ slotWalKeepMb, memoryMb }: Pick<DefaultSettingsInput, "slotWalKeepMb" | "memoryMb">): number {
  return Math.min(Math.max(slotWalKeepMb, memoryMb, 1024), 200 * 1024);
}

function memoryRows(tuned: TunedSettings, input: DefaultSettingsInput): readonly Row[] {
  const autovacuum = tuned.autovacuum_work_mem;
  return [
    ["shared_buffers", formatMemory(tuned.shared_buffers), "a quarter of the container's limit (PGTune)"],
    ["effective_cache_size", formatMemory(tuned.effective_cache_size), "three quarters of the container's limit (PGTune)"],
    ["maintenance_work_mem", formatMemory(tuned.maintenance_work_mem), "by memory and workload (PGTune), at most 2GB"],
    ["autovacuum_work_mem", autovacuum === undefined ? undefined : formatMemory(autovacuum), "per worker, at most 2GB (PGTune)"],
    ["work_mem", formatMemory(tuned.work_mem), "per sort or hash, by memory and connections (PGTune), rounded down"],
    [
      "temp_file_limit",
      formatMemory(tempFileLimitMb(input) * 1024),
      "a runaway sort must not fill the disk: slotWalCap, no less than memory (bounds: Pigsty)",
    ],
    ["huge_pages", tuned.huge_pages, "none are reserved for containers, and they escape the memory limit"],
  ];
}

function walRows(tuned: TunedSettings): readonly Row[] {
  return [
    ["wal_level", "replica", "what streaming needs; `logical` writes more"],
    ["wal_buffers", formatMemory(tuned.wal_buffers), "3 % of shared_buffers, at most 16MB (PGTune)"],
    ["min_wal_size", formatMemory(tuned.min_wal_size), "a quarter of max_wal_size"],
    ["max_wal_size", formatMemory(tuned.max_wal_size), "by memory: fewer forced checkpoints, less WAL for the replicas"],
    ["checkpoint_timeout", "15min", "fewer full-page images than with 5min (Autobase)"],
    ["checkpoint_completion_target", tuned.checkpoint_completion_target, "writes spread over the interval (PostgreSQL's default)"],
    ["wal_compression", tuned.wal_compression, "full-page images compressed: less WAL for every replica (PGTune)"],
    ["wal_log_hints", "on", "for pg_rewind; costs nothing when data checksums are on, and still holds if those are turned off"],
    // `on` without a command keeps every WAL file forever; archive_timeout would only fill more of them. A change
    // needs a restart, which comes with backups.
    ["archive_mode", "off", "there is no archive: `on` without a command only piles up WAL"],
  ];
}

function replicationRows(input: DefaultSettingsInput): readonly Row[] {
  const slotKeep = input.slotWalKeepMb;
  return [
    ["max_wal_senders", walSenders, "two per replica and room to scale without a restart"],
    ["max_replication_slots", walSenders, "as max_wal_senders"],
    ["wal_keep_size", formatMemory(Math.min(512, slotKeep) * 1024), "a second net under the slots (CloudNativePG)"],
    ["max_slot_wal_keep_size", formatMemory(slotKeep * 1024), "a replica that stays away must not fill the leader's disk"],
    [
      "idle_replication_slot_timeout",
      input.major >= 18 ? input.idleSlotTimeout : undefined,
      "a forgotten slot lets go of its WAL (Pigsty)",
    ],
    ["wal_sender_timeout", "10s", "a dead replica is noticed in 10 s, not in PostgreSQL's 60; busy machines still pass"],
    ["wal_receiver_timeout", "10s", "a dead leader likewise"],
    ["wal_retrieve_retry_interval", "1s", "a replica is back a second after its leader; PostgreSQL's 5 s are for archives"],
    ["wal_receiver_status_interval", "1s", "fresh lag figures (Pigsty)"],
    ["hot_standby_feedback", "on", "vacuum on the leader spares rows that replicas still read (Autobase, Pigsty)"],
    ["max_standby_streaming_delay", "30s", "a read may hold up replay for this long (PostgreSQL's default)"],
  ];
}

function plannerRows(tuned: TunedSettings): readonly Row[] {
  return [
    ["random_page_cost", tuned.random_page_cost, "by disk and workload (PGTune)"],
    ["effective_io_concurrency", tuned.effective_io_concurrency, "by disk (PGTune, nvme as ssd)"],
    ["default_statistics_target", tuned.default_statistics_target, "by workload (PGTune)"],
    ["jit", tuned.jit, "short queries pay more for compiling than it gives (PGTune)"],
    ["io_method", tuned.io_method, "Docker's seccomp profile forbids io_uring"],
    ["io_workers", tuned.io_workers, "a quarter of the CPUs (PGTune)"],
  ];
}

function workerRows(tuned: TunedSettings): readonly Row[] {
  return [
    ["max_worker_processes", tuned.max_worker_processes, "by CPUs (PGTune), at least 8"],
    ["max_parallel_workers", tuned.max_parallel_workers, "the number of CPUs (PGTune)"],
    ["max_parallel_workers_per_gather", tuned.max_parallel_workers_per_gather, "half of the CPUs (PGTune)"],
    ["max_parallel_maintenance_workers", tuned.max_parallel_maintenance_workers, "half of the CPUs, at most 4 (PGTune)"],
    ["autovacuum_max_workers", tuned.autovacuum_max_workers, "more than 3 from 16 CPUs on (PGTune)"],
  ];
}

function sessionRows({ major }: DefaultSettingsInput): readonly Row[] {
  return [
    ["idle_in_transaction_session_timeout", "10min", "a forgotten transaction holds locks and old rows (Autobase, Pigsty)"],
    ["password_encryption", "scram-sha-256", "the only kind that pg_hba.conf admits"],
    ["allow_alter_system", major >= 17 ? "off" : undefined, "this file stays the truth (CloudNativePG)"],
  ];
}

function statisticsRows({ preload }: DefaultSettingsInput): readonly Row[] {
  return [
    ["shared_preload_libraries", preload.join(","), "adding one needs a restart"],
    ["track_io_timing", "on", "tells slow disks from slow queries"],
    [
      "pg_stat_statements.track_utility",
      preload.includes("pg_stat_statements") ? "off" : undefined,
      "BEGIN and COMMIT of every transaction cost time and tell nothing; role statements stay out",
    ],
  ];
}

const loggingRows: readonly Row[] = [
  ["log_destination", "stderr", "the engine keeps the log"],
  ["logging_collector", "off", "the engine keeps the log, with a size limit"],
  ["log_line_prefix", "%m [%p] %q%u@%d/%a ", "time, process, and for sessions role, database and application"],
  ["log_statement", "none", "statements that set passwords must never be in the log"],
  ["log_min_duration_statement", "500ms", "slow statements; 100 ms is noisy (Pigsty)"],
  ["log_connections", "off", "probes and exporters connect every few seconds; the pooler holds the rest"],
  ["log_disconnections", "off", "as log_connections"],
  ["log_lock_waits", "on", "who waited longer than a second for a lock"],
  ["log_checkpoints", "on", "shows forced checkpoints (max_wal_size too small)"],
  ["log_autovacuum_min_duration", "1s", "shows vacuums that fall behind"],
  ["log_replication_commands", "on", "shows clones, slots and reconnecting replicas"],
];

function timeRows({ timezone }: DefaultSettingsInput): readonly Row[] {
  return [
    ["timezone", timezone, "of sessions, from stack config"],
    ["log_timezone", timezone, "as timezone"],
  ];
}
