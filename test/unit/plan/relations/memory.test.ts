import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { bundlePlan } from "../../../../src/plan/bundle.ts";
import { planCluster } from "../../../../src/plan/cluster.ts";
import { planContainers } from "../../../../src/plan/containers.ts";
import { composeFile } from "../../../../src/render/compose/file.ts";
import { cases } from "../../../../testing/cases.ts";
import type { StackKeys } from "../../../../testing/stacks.ts";
import { aConfig, aContext, aPlan, userErrorOf } from "../../../../testing/stacks.ts";

const problemsOf = (keys: StackKeys): string => userErrorOf(() => planCluster(aConfig(keys), aContext()));

interface Broken {
  readonly what: string;
  readonly keys: StackKeys;
  readonly problem: string;
  readonly fix: string;
  /** Each way that the message proposes, taken to the letter: plans. */
  readonly fixed: readonly StackKeys[];
}

const relations: readonly Broken[] = [
  {
    what: "pools that memory does not bear",
    keys: { memory: "1GB", pooler: { poolSize: 400 } },
    problem:
      'memory: "1GB" is less than 256MB of shared_buffers, 40MB for the server and 405 pooled connections of 2MB, 1106MB in all: the kernel would kill the node under load',
    fix: "raise memory, or lower poolSize until the pools have 364 connections with their reserves",
    fixed: [
      { memory: "1GB", pooler: { poolSize: 359 } },
      { memory: "2GB", pooler: { poolSize: 400 } },
    ],
  },
  {
    what: "shared_buffers that leave too little",
    keys: { memory: "1GB", settings: { shared_buffers: "925MB" } },
    problem:
      'settings.shared_buffers: "925MB" is more than what memory, 1GB, leaves after 40MB for the server and 30 pooled connections of 2MB',
    fix: "use at most 924MB (a quarter of memory is usual), or raise memory",
    fixed: [{ memory: "1GB", settings: { shared_buffers: "924MB" } }],
  },
  {
    what: "a hash that takes all that is left",
    keys: { memory: "1GB", settings: { work_mem: "400MB", max_parallel_workers_per_gather: 0 } },
    problem:
      "settings.work_mem: one hash of 400MB × 2 (work_mem × hash_mem_multiplier) is more than the 668MB of 1GB that shared_buffers and pooled connections leave",
    fix: "lower settings.work_mem to at most 334MB, or raise memory",
    fixed: [{ memory: "1GB", settings: { work_mem: "334MB", max_parallel_workers_per_gather: 0 } }],
  },
  {
    what: "maintenance that takes all that is left",
    keys: { memory: "1GB", settings: { maintenance_work_mem: "2GB" } },
    problem:
      'settings.maintenance_work_mem: "2GB" for one index or vacuum is more than the 668MB of 1GB that shared_buffers and pooled connections leave',
    fix: "lower it to at most 668MB, or raise memory",
    fixed: [{ memory: "1GB", settings: { maintenance_work_mem: "668MB" } }],
  },
  {
    what: "parallel hash joins that /dev/shm cannot hold, and memory neither",
    keys: { memory: "1GB", settings: { work_mem: "256MB" } },
    problem:
      "settings.work_mem: a parallel hash join may need 256MB × 2 × 3 = 1536MB of /dev/shm (work_mem × hash_mem_multiplier × processes), which has 128MB: it would fail",
    fix: "lower settings.work_mem to at most 21MB, or raise memory",
    fixed: [{ memory: "1GB", settings: { work_mem: "21MB" } }],
  },
  {
    what: "parallel hash joins that a larger /dev/shm would hold",
    keys: { memory: "1GB", settings: { work_mem: "32MB" } },
    problem:
      "settings.work_mem: a parallel hash join may need 32MB × 2 × 3 = 192MB of /dev/shm (work_mem × hash_mem_multiplier × processes), which has 128MB: it would fail",
    fix: "set shm to at least 192MB, or lower settings.work_mem to at most 21MB",
    fixed: [
      { memory: "1GB", shm: "192MB", settings: { work_mem: "32MB" } },
      { memory: "1GB", settings: { work_mem: "21MB" } },
    ],
  },
  {
    what: "more workers than /dev/shm is made for",
    keys: { memory: "64GB", settings: { max_parallel_workers_per_gather: 20, max_parallel_workers: 20, max_worker_processes: 24 } },
    problem:
      "settings.max_parallel_workers_per_gather: a parallel hash join may need 64MB × 2 × 21 = 2688MB of /dev/shm (work_mem × hash_mem_multiplier × processes), which has 2048MB: it would fail",
    fix: "set shm to at least 2688MB, or lower settings.work_mem to at most 48MB",
    fixed: [
      {
        memory: "64GB",
        shm: "2688MB",
        settings: { max_parallel_workers_per_gather: 20, max_parallel_workers: 20, max_worker_processes: 24 },
      },
    ],
  },
  {
    what: "a /dev/shm that is too small for pgstack's own values",
    keys: { memory: "64GB", shm: "64MB" },
    problem:
      "shm: a parallel hash join may need 64MB × 2 × 3 = 384MB of /dev/shm (work_mem × hash_mem_multiplier × processes), which has 64MB: it would fail",
    fix: "set shm to at least 384MB, or lower settings.work_mem to at most 10MB",
    fixed: [{ memory: "64GB", shm: "384MB" }],
  },
  {
    what: "a /dev/shm that memory cannot hold",
    keys: { memory: "1GB", shm: "800MB" },
    problem: 'shm: "800MB" is more than the 728MB of 1GB that shared_buffers leaves: it counts as the node\'s memory',
    fix: "use at most 728MB, or raise memory",
    fixed: [{ memory: "1GB", shm: "728MB" }],
  },
];

describe("memory", () => {
  it.each(relations)("refuses $what", ({ keys, problem, fix }) => {
    expect(problemsOf(keys)).toBe(`Pulumi.test.yaml is not valid\nPulumi.test.yaml: pgstack:${problem}\n  fix: ${fix}`);
  });

  it.each(relations)("takes the fixes that its message proposes: $what", ({ fixed }) => {
    for (const keys of fixed) expect(() => aPlan(keys)).not.toThrow();
  });

  it("has nothing to share where no hash table is shared", () => {
    for (const settings of [
      { max_parallel_workers_per_gather: 0 },
      { max_parallel_workers: 0 },
      { enable_parallel_hash: "off" },
      { enable_parallel_hash: false },
      { dynamic_shared_memory_type: "mmap" },
    ])
      expect(() => aPlan({ memory: "1GB", settings: { work_mem: "64MB", ...settings } })).not.toThrow();
  });

  it("refuses no size of memory with pgstack's own values", () => {
    fc.assert(
      fc.property(
        fc.record({
          memory: fc.integer({ min: 256, max: 2 ** 20 }).map((mb) => `${mb}MB`),
          cpus: fc.option(fc.double({ min: 0.1, max: 512, noNaN: true }), { nil: undefined }),
          workload: fc.constantFrom("web", "oltp", "dw", "mixed"),
          replicas: fc.integer({ min: 0, max: 15 }),
        }),
        ({ cpus, ...keys }) => {
          expect(() => aPlan({ ...keys, ...(cpus === undefined ? {} : { cpus }) })).not.toThrow();
        },
      ),
      { numRuns: cases(300) },
    );
  });

  it("bears less with more connections, never more", () => {
    const isTaken = (memoryMb: number, poolSize: number): boolean => {
      try {
        aPlan({ memory: `${memoryMb}MB`, pooler: { poolSize } });
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(
        fc.integer({ min: 256, max: 8192 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 500 }),
        (mb, size, more) => {
          if (isTaken(mb, size + more)) expect(isTaken(mb, size)).toBe(true);
          if (isTaken(mb, size)) expect(isTaken(mb + more, size)).toBe(true);
        },
      ),
      { numRuns: cases(200) },
    );
  });
});

describe("shm", () => {
  const sizes = (keys: StackKeys): Readonly<Record<string, number>> =>
    Object.fromEntries(planContainers(aPlan({ replicas: 1, ...keys })).map(({ service, shmMb }) => [service, shmMb]));

  it("is that of the nodes alone, by memory unless stack config says it", () => {
    expect(sizes({ memory: "2GB" })).toMatchObject({ pg1: 256, pg2: 256, "pgbouncer-1": 64, "pgbouncer-2": 64 });
    expect(sizes({ memory: "2GB", shm: "512MB" })).toMatchObject({ pg1: 512, pg2: 512, "pgbouncer-1": 64, "pgbouncer-2": 64 });
  });

  it("is the same in a bundle", () => {
    const { services } = composeFile(bundlePlan(aPlan({ replicas: 1, memory: "2GB", shm: "512MB" })));
    expect([services["pg1"]?.shm_size, services["pg2"]?.shm_size, services["pgbouncer-2"]?.shm_size]).toEqual(["512m", "512m", "64m"]);
  });
});
