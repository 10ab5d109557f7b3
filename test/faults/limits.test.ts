import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { lastLogLines } from "../../src/engine/container.ts";
import { Deployment } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";
import { UnderLoad } from "../../testing/under-load.ts";

/** Disk and memory run out while the cluster is written to. */
describe("limits", () => {
  let deployment: Deployment;
  let cluster: UnderLoad;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", {
      memory: "512MB",
      exporters: false,
      checkTimeout: "10s",
      settings: { wal_keep_size: 0, min_wal_size: "32MB", max_wal_size: "64MB" },
    });
    // A volume of a fixed size under the name that pgstack takes over; what holds it open keeps its data while pg1 restarts.
    const small = ["--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=256m,uid=999,gid=999,mode=0700"];
    const volume = deployment.dataVolume("pg1");
    await run("docker", ["volume", "create", "--driver", "local", ...small, volume]);
    const holder = ["--detach", "--network", "none", "--volume", `${volume}:/v`, "--name", deployment.container("holder")];
    const held = await run("docker", ["run", ...holder, "debian:trixie-slim", "sleep", "infinity"]);
    if (held.code !== 0) throw new Error(held.output);
    await deployment.up();
    cluster = await UnderLoad.of(deployment);
  });
  afterAll(() => deployment?.remove());

  const onVolume = (script: string): Promise<unknown> => cluster.docker("exec", deployment.container("holder"), "sh", "-c", script);

  it("the leader's disk is full", async () => {
    const { failures } = await cluster.survives({
      bringAbout: async () => {
        await onVolume("dd if=/dev/zero of=/v/ballast bs=1M 2>/dev/null || true");
        // The next WAL segment does not fit: the server stops rather than confirm what it cannot keep.
        for (let step = 0; step < 8; step += 1)
          await deployment
            .sql("pg1", "select pg_logical_emit_message(true, 'x', 'y'); select from pg_switch_wal();")
            .catch(() => undefined);
      },
      seen: ["node-unreachable pg1"],
      repair: async () => {
        await onVolume("rm /v/ballast");
        await cluster.docker("restart", "--time", "120", cluster.container("pg1"));
      },
      backWithinMs: 90_000,
    });
    expect(failures).toBeGreaterThan(0);
    expect((await run("docker", ["logs", cluster.container("pg1")])).output).toContain("No space left on device");
  });

  it("a query needs more memory than the node may have", async () => {
    const greedy = `set work_mem = '1GB'; set hash_mem_multiplier = 100; set enable_sort = off;
      select count(*) from (select distinct g, repeat('x', 200) from generate_series(1, 20000000) as g) as s;`;
    await cluster.survives({
      // The kernel ends the backend, the server recovers.
      bringAbout: async () => {
        await expect(deployment.sql("pg1", greedy)).rejects.toThrow();
      },
    });
    // Not by a writer's failures: between two of its statements the server may be back already.
    const log = await lastLogLines(deployment.engine, deployment.container("pg1"), 400);
    expect(log.join("\n")).toMatch(/\(PID \d+\) was terminated by signal 9: Killed/);
  });
});
