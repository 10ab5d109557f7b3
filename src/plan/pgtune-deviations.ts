/**
 * Where pgstack differs from PGTune, and why. PGTune plans for a whole host; a pgstack node has a container's share of
 * one, and shares that host with other nodes.
 */
import type { Disk, PgtuneOutput } from "./pgtune.ts";

/** PGTune's settings with pgstack's deviations; memory in kB. */
export interface TunedSettings extends Omit<PgtuneOutput, "io_method"> {
  readonly io_method?: "io_uring" | "worker";
  /** PGTune prints it only for `io_method = worker`. */
  readonly io_workers?: number;
}

/** What a deviation may depend on in addition to PGTune's own value. */
export interface DeviationContext {
  readonly major: number;
  /** The container's memory limit in kB. */
  readonly memoryKb: number;
  readonly cpus: number | undefined;
  readonly disk: Disk;
}

export interface Deviation {
  /** The settings it changes. */
  readonly names: readonly (keyof TunedSettings)[];
  /** PGTune's rule and pgstack's. */
  readonly differs: string;
  readonly why: string;
  /** The changed settings only. */
  readonly apply: (tuned: TunedSettings, context: DeviationContext) => Partial<TunedSettings>;
}

const MB = 1024;
const GB = 1024 * MB;

/** The steps that `work_mem` is rounded down to, in kB. */
const WORK_MEM_STEPS = [64 * MB, 32 * MB, 16 * MB, 8 * MB, 4 * MB] as const;

/** PostgreSQL's default of `max_worker_processes`. */
const DEFAULT_WORKER_PROCESSES = 8;

export const deviations: readonly Deviation[] = [
  {
    names: ["maintenance_work_mem"],
    differs: "PGTune caps it at 8GB, pgstack at 2GB",
    why: "several autovacuum workers and an index build take it at once inside one memory limit",
    apply: (tuned) => ({ maintenance_work_mem: Math.min(tuned.maintenance_work_mem, 2 * GB) }),
  },
  {
    names: ["work_mem"],
    differs: "PGTune prints kB to the last digit, pgstack rounds down to 4, 8, 16, 32 or 64MB",
    why: "a number people can compare, unchanged by small changes of the limit; a query that needs more sets it itself",
    apply: (tuned) => ({
      work_mem: WORK_MEM_STEPS.find((step) => step <= tuned.work_mem) ?? 4 * MB,
    }),
  },
  {
    names: ["max_wal_size", "min_wal_size"],
    differs: "PGTune goes by the workload, pgstack by memory",
    why: "WAL between checkpoints should fit the node's size: all nodes and the slots' WAL share a disk",
    apply: (_tuned, { memoryKb }) => walSizes(memoryKb),
  },
  {
    names: ["effective_io_concurrency"],
    differs: "PGTune gives nvme 1000, pgstack 200 as for ssd",
    why: "several nodes share the device: more requests at once only make its queue longer",
    apply: (tuned, { disk }) => ({
      effective_io_concurrency: disk === "nvme" ? 200 : tuned.effective_io_concurrency,
    }),
  },
  {
    names: ["huge_pages"],
    differs: "PGTune says `try` from 2GB of shared buffers on, pgstack always `off`",
    why:
      "nothing reserves huge pages for a container, so `try` gains nothing; on a host that has some it takes them from their " +
      "owner, they do not count against the container's memory limit, and where a hugetlb limit forbids them PostgreSQL dies of SIGBUS",
    apply: () => ({ huge_pages: "off" }),
  },
  {
    names: ["max_worker_processes"],
    differs: "PGTune sets the number of CPUs, pgstack at least PostgreSQL's 8",
    why: "a lower number saves nothing, and a replica with fewer than its leader refuses to start: another CPU limit must not change it",
    apply: ({ max_worker_processes: workers }) =>
      workers === undefined ? {} : { max_worker_processes: Math.max(workers, DEFAULT_WORKER_PROCESSES) },
  },
  {
    names: ["io_method", "io_workers"],
    differs: "PGTune takes io_uring on Linux, pgstack `worker`",
    why: "the usual seccomp profile of Docker forbids io_uring: PostgreSQL 18 would not start",
    apply: (_tuned, { major, cpus }) => {
      if (major < 18) return {};
      // PGTune's own rule for `worker`; it prints no line for PostgreSQL's default of 3.
      const workers = Math.min(32, Math.floor((cpus ?? 1) / 4));
      return { io_method: "worker", ...(workers > 3 ? { io_workers: workers } : {}) };
    },
  },
];

/** PGTune's settings with every deviation applied. */
export function applyDeviations(tuned: PgtuneOutput, context: DeviationContext): TunedSettings {
  return deviations.reduce<TunedSettings>((settings, { apply }) => ({ ...settings, ...apply(settings, context) }), tuned);
}

/**
 * `max_wal_size`: as much as memory up to 4GB, then half of it, between 1GB and 16GB. `min_wal_size`: a quarter of that.
 * Rounded down to 64MB, so that both are whole WAL segments (16MB).
 */
function walSizes(memoryKb: number): Pick<TunedSettings, "max_wal_size" | "min_wal_size"> {
  const wanted = Math.max(Math.min(memoryKb, 4 * GB), Math.floor(memoryKb / 2));
  const clamped = Math.min(Math.max(wanted, GB), 16 * GB);
  const maxWal = clamped - (clamped % (64 * MB));
  return { max_wal_size: maxWal, min_wal_size: maxWal / 4 };
}
