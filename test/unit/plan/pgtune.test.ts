import { describe, expect, it } from "vitest";
import { type DatabaseSize, type Disk, pgtune, type PgtuneInput, type Workload } from "../../../src/plan/pgtune.ts";
import vectors from "./pgtune-vectors.json" with { type: "json" };

const GB = 1024 * 1024;

function anInput(over: Partial<PgtuneInput> = {}): PgtuneInput {
  return {
    major: 17,
    workload: "oltp",
    memoryKb: 4 * GB,
    cpus: 2,
    connections: 100,
    disk: "ssd",
    databaseSize: "mid_ram",
    ...over,
  };
}

describe("pgtune", () => {
  it("equals PGTune on its own 200 input and output pairs", () => {
    expect(vectors).toHaveLength(200);
    for (const { in: given, out } of vectors) {
      const input: PgtuneInput = {
        major: given.v,
        workload: given.type as Workload,
        memoryKb: given.ramKb,
        cpus: given.cpu ?? undefined,
        connections: given.conn ?? undefined,
        disk: given.hd as Disk,
        databaseSize: given.dbSize as DatabaseSize,
      };
      expect(pgtune(input), JSON.stringify(given)).toEqual(out);
    }
  });

  it("gives a 4GB server with 100 connections 9709kB of work_mem", () => {
    expect(pgtune(anInput())).toEqual({
      max_connections: 100,
      shared_buffers: GB,
      effective_cache_size: 3 * GB,
      maintenance_work_mem: 256 * 1024,
      checkpoint_completion_target: 0.9,
      wal_buffers: 16 * 1024,
      default_statistics_target: 100,
      random_page_cost: 1.1,
      effective_io_concurrency: 200,
      work_mem: 9709,
      huge_pages: "off",
      min_wal_size: 2 * GB,
      max_wal_size: 8 * GB,
      jit: "off",
      wal_compression: "lz4",
    });
  });

  it("sets parallel workers from four CPUs on", () => {
    const input = anInput({ memoryKb: 16 * GB, cpus: 4, connections: 200, disk: "nvme" });
    expect(pgtune(input)).toMatchObject({
      work_mem: 20_560,
      max_worker_processes: 4,
      max_parallel_workers_per_gather: 2,
      max_parallel_workers: 4,
      max_parallel_maintenance_workers: 2,
      effective_io_concurrency: 1000,
      huge_pages: "try",
    });
    expect(pgtune({ ...input, cpus: 3 })).not.toHaveProperty("max_worker_processes");
    expect(pgtune({ ...input, cpus: undefined })).not.toHaveProperty("max_worker_processes");
  });

  it.each([
    ["just below 14MB", 14 * 1024 * 100, 10_752],
    ["between 14MB and 16MB", 2_000_000, 16_384],
    ["very small", 1024, 32],
  ])("rounds wal_buffers (%s)", (_what, memoryKb, expected) => {
    expect(pgtune(anInput({ memoryKb })).wal_buffers).toBe(expected);
  });
});
