/**
 * PGTune's formulas for Linux, as of le0pard/pgtune of 2026-07-30 (src/features/configuration). pgstack's own deviations
 * are not here but listed in `pgtune-deviations.ts`.
 */

/** PGTune's kinds of load. Its fifth, `desktop`, sets `wal_level = minimal` and cannot be replicated. */
export type Workload = "web" | "oltp" | "dw" | "mixed";

export type Disk = "nvme" | "ssd" | "san" | "hdd";

/** Size of the database against memory; PGTune's default is `mid_ram`. */
export type DatabaseSize = "less_ram" | "mid_ram" | "greater_ram";

export interface PgtuneInput {
  /** PostgreSQL's major version, 12 or later. */
  readonly major: number;
  readonly workload: Workload;
  /** Memory that PostgreSQL may use, in kB; for a container its limit, not the host's memory. */
  readonly memoryKb: number;
  /** Undefined when not known: PGTune then does not set parallel workers. */
  readonly cpus: number | undefined;
  /** Undefined: PGTune's number for the workload. */
  readonly connections: number | undefined;
  readonly disk: Disk;
  readonly databaseSize: DatabaseSize;
}

/** PGTune's settings by PostgreSQL's names; memory in kB. An absent key: PGTune prints no such line. */
export interface PgtuneOutput {
  readonly max_connections: number;
  readonly shared_buffers: number;
  readonly effective_cache_size: number;
  readonly maintenance_work_mem: number;
  readonly checkpoint_completion_target: number;
  readonly wal_buffers: number;
  readonly default_statistics_target: number;
  readonly random_page_cost: number;
  readonly effective_io_concurrency: number;
  readonly work_mem: number;
  readonly huge_pages: "try" | "off";
  readonly min_wal_size: number;
  readonly max_wal_size: number;
  readonly wal_compression: "lz4" | "on";
  readonly max_worker_processes?: number;
  readonly max_parallel_workers_per_gather?: number;
  readonly max_parallel_workers?: number;
  readonly max_parallel_maintenance_workers?: number;
  readonly jit?: "off";
  readonly autovacuum_max_workers?: number;
  readonly autovacuum_work_mem?: number;
  readonly io_method?: "io_uring";
}

const MB = 1024;
const GB = 1024 * MB;

/** What depends only on the kind of load. WAL sizes in GB. */
const BY_WORKLOAD = {
  web: { connections: 200, maintenancePart: 16, minWalGb: 1, maxWalGb: 4, statistics: 100, workMemFactor: 1 },
  oltp: { connections: 300, maintenancePart: 16, minWalGb: 2, maxWalGb: 8, statistics: 100, workMemFactor: 1 },
  dw: { connections: 40, maintenancePart: 8, minWalGb: 4, maxWalGb: 16, statistics: 500, workMemFactor: 1 / 2 },
  mixed: { connections: 100, maintenancePart: 16, minWalGb: 1, maxWalGb: 4, statistics: 100, workMemFactor: 1 / 2 },
} as const satisfies Readonly<Record<Workload, object>>;

const IO_CONCURRENCY: Readonly<Record<Disk, number>> = { hdd: 2, ssd: 200, san: 300, nvme: 1000 };

const WORK_MEM_BY_SIZE: Readonly<Record<DatabaseSize, number>> = { less_ram: 1.3, mid_ram: 1, greater_ram: 0.9 };

/** PostgreSQL's default of `max_worker_processes`, which counts when PGTune sets none. */
const DEFAULT_WORKER_PROCESSES = 8;

/** PGTune's settings for a Linux server. */
export function pgtune(input: PgtuneInput): PgtuneOutput {
  const { major, workload, memoryKb, cpus, disk } = input;
  const load = BY_WORKLOAD[workload];
  const connections = input.connections ?? load.connections;
  const sharedBuffers = Math.floor(memoryKb / 4);
  const maintenance = Math.min(Math.floor(memoryKb / load.maintenancePart), 8 * GB);
  const parallel = parallelSettings(cpus, workload);
  return {
    max_connections: connections,
    shared_buffers: sharedBuffers,
    effective_cache_size: Math.floor((memoryKb * 3) / 4),
    maintenance_work_mem: maintenance,
    checkpoint_completion_target: 0.9,
    wal_buffers: walBuffers(sharedBuffers),
    default_statistics_target: load.statistics,
    random_page_cost: randomPageCost(input),
    effective_io_concurrency: IO_CONCURRENCY[disk],
    ...parallel,
    work_mem: workMem(input, connections, sharedBuffers, parallel),
    huge_pages: sharedBuffers >= 2 * GB ? "try" : "off",
    min_wal_size: load.minWalGb * GB,
    max_wal_size: load.maxWalGb * GB,
    // Short queries pay more for the compilation than it gives; a data warehouse keeps PostgreSQL's default.
    ...(workload === "dw" ? {} : { jit: "off" }),
    wal_compression: major >= 15 ? "lz4" : "on",
    ...autovacuumSettings(cpus, maintenance),
    ...(major >= 18 ? { io_method: "io_uring" } : {}),
  };
}

type Parallel = Pick<
  PgtuneOutput,
  "max_worker_processes" | "max_parallel_workers_per_gather" | "max_parallel_workers" | "max_parallel_maintenance_workers"
>;

/** From four CPUs on; PGTune lets only a data warehouse gather with more than four workers. */
function parallelSettings(cpus: number | undefined, workload: Workload): Parallel {
  if (cpus === undefined || cpus < 4) return {};
  const half = Math.ceil(cpus / 2);
  return {
    max_worker_processes: cpus,
    max_parallel_workers_per_gather: workload === "dw" ? half : Math.min(half, 4),
    max_parallel_workers: cpus,
    max_parallel_maintenance_workers: Math.min(half, 4),
  };
}

/** Memory in addition to shared buffers, in three parts for each connection and each worker; never below 4MB. */
function workMem(
  { memoryKb, workload, databaseSize }: PgtuneInput,
  connections: number,
  sharedBuffers: number,
  parallel: Parallel,
): number {
  const workers = parallel.max_worker_processes ?? DEFAULT_WORKER_PROCESSES;
  const base = (memoryKb - sharedBuffers) / ((connections + workers) * 3);
  const forWorkload = Math.floor(base * BY_WORKLOAD[workload].workMemFactor);
  return Math.max(Math.floor(forWorkload * WORK_MEM_BY_SIZE[databaseSize]), 4 * MB);
}

/** 3 % of shared buffers between 32kB and 16MB; just below 16MB it is rounded up. */
function walBuffers(sharedBuffers: number): number {
  const buffers = Math.floor((3 * sharedBuffers) / 100);
  return buffers > 14 * MB ? 16 * MB : Math.max(buffers, 32);
}

function randomPageCost({ databaseSize, disk, workload }: PgtuneInput): number {
  if (databaseSize === "less_ram") return 1.1;
  return disk === "hdd" || workload === "dw" ? 4 : 1.1;
}

/** Workers only for many CPUs; their memory is capped at 2GB each, since several run at once. */
function autovacuumSettings(
  cpus: number | undefined,
  maintenance: number,
): Pick<PgtuneOutput, "autovacuum_max_workers" | "autovacuum_work_mem"> {
  const workers = cpus === undefined || cpus < 16 ? undefined : cpus >= 32 ? 5 : 4;
  return {
    ...(workers === undefined ? {} : { autovacuum_max_workers: workers }),
    ...(maintenance >= 2 * GB ? { autovacuum_work_mem: 2 * GB } : {}),
  };
}
