import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maxReplicas } from "../../../src/config/schema.ts";
import { pgtune, type Disk, type Workload } from "../../../src/plan/pgtune.ts";
import { applyDeviations, deviations } from "../../../src/plan/pgtune-deviations.ts";
import { type DefaultSettingsInput, planDefaultSettings, recommendedConnections, shmSizeMb } from "../../../src/plan/postgres-defaults.ts";
import { parseMemoryMb } from "../../../src/text/units.ts";
import { aPlan } from "../../../testing/stacks.ts";

const GB = 1024 * 1024;

function anInput(over: Partial<DefaultSettingsInput> = {}): DefaultSettingsInput {
  return {
    major: 17,
    workload: "oltp",
    memoryMb: 1024,
    cpus: undefined,
    disk: "ssd",
    connections: 100,
    timezone: "UTC",
    preload: ["pg_stat_statements"],
    slotWalKeepMb: 4096,
    idleSlotTimeout: "1d",
    ...over,
  };
}

/** Name → value of the planned settings. */
function valuesOf(over: Partial<DefaultSettingsInput> = {}): Map<string, string> {
  return new Map(planDefaultSettings(anInput(over)).map(({ name, value }) => [name, value]));
}

describe("temp_file_limit", () => {
  it.each([
    [1024, 4096, "4GB"],
    [64, 64, "1GB"],
    [8192, 4096, "8GB"],
    [2048, 500 * 1024, "200GB"],
    [512 * 1024, 4096, "200GB"],
  ])("with %i MB of memory and %i MB for slots", (memoryMb, slotWalKeepMb, expected) => {
    expect(valuesOf({ memoryMb, slotWalKeepMb }).get("temp_file_limit")).toBe(expected);
  });

  it("is what stack config says", () => {
    expect(aPlan({ settings: { temp_file_limit: -1 } }).nodes[0]?.settings).toContainEqual(
      expect.objectContaining({ name: "temp_file_limit", value: "-1" }),
    );
  });
});

describe("the table of memory settings", () => {
  // PGTune's own numbers where they differ, for oltp: work_mem 4854kB, 9709kB, 10082kB, 20164kB, 40329kB, 80659kB (rounded
  // down here); maintenance_work_mem 4GB with 64GB of memory (capped here); max_wal_size 8GB everywhere (by memory here).
  it.each([
    [2, "512MB", "1536MB", "4MB", "128MB", 100, "2GB", "512MB", 256],
    [4, "1GB", "3GB", "8MB", "256MB", 100, "4GB", "1GB", 512],
    [8, "2GB", "6GB", "8MB", "512MB", 200, "4GB", "1GB", 1024],
    [16, "4GB", "12GB", "16MB", "1GB", 200, "8GB", "2GB", 1024],
    [32, "8GB", "24GB", "32MB", "2GB", 200, "16GB", "4GB", 2048],
    [64, "16GB", "48GB", "64MB", "2GB", 200, "16GB", "4GB", 2048],
  ])("with %i GB", (gb, sharedBuffers, cacheSize, workMem, maintenance, connections, maxWal, minWal, shm) => {
    const memoryMb = gb * 1024;
    expect(recommendedConnections(memoryMb)).toBe(connections);
    expect(shmSizeMb(memoryMb)).toBe(shm);
    const values = valuesOf({ memoryMb, connections });
    expect(Object.fromEntries(values)).toMatchObject({
      shared_buffers: sharedBuffers,
      effective_cache_size: cacheSize,
      work_mem: workMem,
      maintenance_work_mem: maintenance,
      max_connections: String(connections),
      max_wal_size: maxWal,
      min_wal_size: minWal,
    });
  });

  it.each([
    [256, "64MB", "4MB", "16MB", "1GB", "256MB", 64],
    [512, "128MB", "4MB", "32MB", "1GB", "256MB", 64],
    [1024, "256MB", "4MB", "64MB", "1GB", "256MB", 128],
    [1536, "384MB", "4MB", "96MB", "1536MB", "384MB", 192],
  ])("below the table, with %i MB", (memoryMb, sharedBuffers, workMem, maintenance, maxWal, minWal, shm) => {
    expect(shmSizeMb(memoryMb)).toBe(shm);
    expect(Object.fromEntries(valuesOf({ memoryMb }))).toMatchObject({
      shared_buffers: sharedBuffers,
      work_mem: workMem,
      maintenance_work_mem: maintenance,
      max_wal_size: maxWal,
      min_wal_size: minWal,
    });
  });
});

describe("planDefaultSettings", () => {
  const anyInput = fc.record({
    major: fc.constantFrom(15, 16, 17, 18),
    workload: fc.constantFrom<Workload>("web", "oltp", "dw", "mixed"),
    memoryMb: fc.integer({ min: 128, max: 256 * 1024 }),
    cpus: fc.option(fc.double({ min: 0.1, max: 64, noNaN: true }), { nil: undefined }),
    disk: fc.constantFrom<Disk>("nvme", "ssd", "san", "hdd"),
    connections: fc.integer({ min: 10, max: 1000 }),
    replicas: fc.integer({ min: 0, max: 15 }),
  });

  it("lists every name once and gives every setting a value, a section and a reason", () => {
    fc.assert(
      fc.property(anyInput, (over) => {
        const settings = planDefaultSettings(anInput(over));
        const names = settings.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        const sections = settings.map(({ section }) => section);
        // Sections are not torn apart: postgresql.conf has one heading each.
        expect(sections.filter((section, index) => section !== sections[index - 1])).toEqual([...new Set(sections)]);
        for (const { name, value, why } of settings) {
          expect(name).toMatch(/^[a-z_]+(\.[a-z_]+)?$/);
          expect(value).not.toMatch(/undefined|NaN|\n/);
          expect(why).toMatch(/^\S.*[^.\s]$/);
        }
      }),
    );
  });

  it("leaves to the plan what follows from the cluster", () => {
    const names = [...valuesOf({ major: 18 }).keys()];
    expect(names).not.toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^(listen_addresses|port|cluster_name|primary_conninfo|primary_slot_name|synchronous_standby_names|hba_file|data_directory|.*_director(y|ies))$/,
        ),
      ]),
    );
  });

  it("never gives less memory for a larger limit", () => {
    fc.assert(
      fc.property(anyInput, fc.integer({ min: 0, max: 64 * 1024 }), (over, more) => {
        const small = valuesOf(over);
        const large = valuesOf({ ...over, memoryMb: over.memoryMb + more });
        for (const name of ["shared_buffers", "work_mem", "effective_cache_size", "maintenance_work_mem", "max_wal_size", "min_wal_size"]) {
          expect(kbOf(large.get(name)), name).toBeGreaterThanOrEqual(kbOf(small.get(name)));
        }
        expect(shmSizeMb(over.memoryMb + more)).toBeGreaterThanOrEqual(shmSizeMb(over.memoryMb));
      }),
    );
  });

  it("keeps work_mem of all connections and shared buffers within the limit", () => {
    fc.assert(
      fc.property(anyInput, (over) => {
        // Below this work_mem is at its floor of 4MB, PostgreSQL's default, whatever the limit.
        fc.pre(over.memoryMb * 0.75 >= 4 * over.connections);
        const values = valuesOf(over);
        const used = kbOf(values.get("work_mem")) * over.connections + kbOf(values.get("shared_buffers"));
        expect(used).toBeLessThanOrEqual(over.memoryMb * 1024);
      }),
    );
  });

  it("has WAL senders and slots for the most replicas that a stack may have, so that scaling needs no restart", () => {
    expect(maxReplicas).toBe(15);
    expect(valuesOf().get("max_wal_senders")).toBe("40");
    expect(valuesOf().get("max_replication_slots")).toBe("40");
  });

  it("has settings of a version from that version on", () => {
    const newer = ["allow_alter_system", "idle_replication_slot_timeout", "io_method"];
    const present = (major: number): string[] => newer.filter((name) => valuesOf({ major }).has(name));
    expect([15, 16, 17, 18].map(present)).toEqual([[], [], ["allow_alter_system"], newer]);
    expect(valuesOf({ major: 18 }).get("io_method")).toBe("worker");
  });

  it("sets parallel workers from four CPUs on, whole ones", () => {
    const names = [...valuesOf({ cpus: 4.5 }).keys()];
    expect(names).toContain("max_parallel_workers");
    expect(valuesOf({ cpus: 4.5 }).get("max_parallel_workers")).toBe("4");
    expect(valuesOf({ cpus: 3.9 }).has("max_parallel_workers")).toBe(false);
    expect(valuesOf({ cpus: undefined }).has("max_worker_processes")).toBe(false);
  });

  it("keeps no more WAL without a slot than the slots may keep", () => {
    expect(valuesOf().get("wal_keep_size")).toBe("512MB");
    expect(valuesOf({ slotWalKeepMb: 256 }).get("wal_keep_size")).toBe("256MB");
    expect(valuesOf({ slotWalKeepMb: 256 }).get("max_slot_wal_keep_size")).toBe("256MB");
  });

  it("prints the settings of a small node", () => {
    const lines = planDefaultSettings(anInput({ major: 18, cpus: 20 })).map(({ section, name, value }) => `${section}: ${name} = ${value}`);
    expect(lines).toMatchInlineSnapshot(`
      [
        "connections: max_connections = 100",
        "connections: superuser_reserved_connections = 5",
        "memory: shared_buffers = 256MB",
        "memory: effective_cache_size = 768MB",
        "memory: maintenance_work_mem = 64MB",
        "memory: work_mem = 4MB",
        "memory: temp_file_limit = 4GB",
        "memory: huge_pages = off",
        "write-ahead log: wal_level = replica",
        "write-ahead log: wal_buffers = 7864kB",
        "write-ahead log: min_wal_size = 256MB",
        "write-ahead log: max_wal_size = 1GB",
        "write-ahead log: checkpoint_timeout = 15min",
        "write-ahead log: checkpoint_completion_target = 0.9",
        "write-ahead log: wal_compression = lz4",
        "write-ahead log: wal_log_hints = on",
        "write-ahead log: archive_mode = off",
        "replication: max_wal_senders = 40",
        "replication: max_replication_slots = 40",
        "replication: wal_keep_size = 512MB",
        "replication: max_slot_wal_keep_size = 4GB",
        "replication: idle_replication_slot_timeout = 1d",
        "replication: wal_sender_timeout = 10s",
        "replication: wal_receiver_timeout = 10s",
        "replication: wal_retrieve_retry_interval = 1s",
        "replication: wal_receiver_status_interval = 1s",
        "replication: hot_standby_feedback = on",
        "replication: max_standby_streaming_delay = 30s",
        "planner and input/output: random_page_cost = 1.1",
        "planner and input/output: effective_io_concurrency = 200",
        "planner and input/output: default_statistics_target = 100",
        "planner and input/output: jit = off",
        "planner and input/output: io_method = worker",
        "planner and input/output: io_workers = 5",
        "parallel workers and vacuum: max_worker_processes = 20",
        "parallel workers and vacuum: max_parallel_workers = 20",
        "parallel workers and vacuum: max_parallel_workers_per_gather = 4",
        "parallel workers and vacuum: max_parallel_maintenance_workers = 4",
        "parallel workers and vacuum: autovacuum_max_workers = 4",
        "sessions and security: idle_in_transaction_session_timeout = 10min",
        "sessions and security: password_encryption = scram-sha-256",
        "sessions and security: allow_alter_system = off",
        "statistics: shared_preload_libraries = pg_stat_statements",
        "statistics: track_io_timing = on",
        "statistics: pg_stat_statements.track_utility = off",
        "logging: log_destination = stderr",
        "logging: logging_collector = off",
        "logging: log_line_prefix = %m [%p] %q%u@%d/%a ",
        "logging: log_statement = none",
        "logging: log_min_duration_statement = 500ms",
        "logging: log_connections = off",
        "logging: log_disconnections = off",
        "logging: log_lock_waits = on",
        "logging: log_checkpoints = on",
        "logging: log_autovacuum_min_duration = 1s",
        "logging: log_replication_commands = on",
        "time: timezone = UTC",
        "time: log_timezone = UTC",
      ]
    `);
  });
});

describe("the deviations from PGTune", () => {
  const context = { major: 18, memoryKb: 64 * GB, cpus: 4, disk: "nvme" } as const;
  const tuned = pgtune({ ...context, workload: "oltp", connections: 200, databaseSize: "mid_ram" });

  it("change what they name and nothing else", () => {
    for (const { names, apply } of deviations) {
      const changed = apply(tuned, context);
      expect(names).toEqual(expect.arrayContaining(Object.keys(changed)));
    }
    const named = new Set<string>(deviations.flatMap(({ names }) => names));
    const result = applyDeviations(tuned, context);
    for (const [name, value] of Object.entries(tuned)) {
      if (!named.has(name)) expect(result, name).toHaveProperty(name, value);
    }
  });

  it("are each needed: PGTune says otherwise", () => {
    expect(applyDeviations(tuned, context)).toMatchObject({
      maintenance_work_mem: 2 * GB,
      work_mem: 64 * 1024,
      max_wal_size: 16 * GB,
      effective_io_concurrency: 200,
      huge_pages: "off",
      max_worker_processes: 8,
      io_method: "worker",
    });
    expect(tuned).toMatchObject({
      maintenance_work_mem: 4 * GB,
      work_mem: 82_241,
      max_wal_size: 8 * GB,
      effective_io_concurrency: 1000,
      huge_pages: "try",
      max_worker_processes: 4,
      io_method: "io_uring",
    });
  });

  it.each([
    [4, undefined],
    [15, undefined],
    [16, 4],
    [64, 16],
    [512, 32],
  ])("give %i CPUs io_workers as PGTune does for `worker`", (cpus, expected) => {
    expect(applyDeviations(tuned, { ...context, cpus }).io_workers).toBe(expected);
  });

  it("keep WAL sizes whole segments of 16MB, the smaller a quarter of the larger", () => {
    fc.assert(
      fc.property(fc.integer({ min: 128, max: 256 * 1024 }), (memoryMb) => {
        const { max_wal_size: max, min_wal_size: min } = applyDeviations(tuned, { ...context, memoryKb: memoryMb * 1024 });
        expect([max % (16 * 1024), min % (16 * 1024), max / min]).toEqual([0, 0, 4]);
      }),
    );
  });
});

/** kB of a value such as `4MB`. */
function kbOf(value: string | undefined): number {
  const text = value ?? "missing";
  const kb = /^(\d+)kB$/.exec(text)?.[1];
  return kb === undefined ? parseMemoryMb(text) * 1024 : Number(kb);
}
