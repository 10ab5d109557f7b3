import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { lastLogLines } from "../../src/engine/container.ts";
import { Deployment } from "../../testing/deployment.ts";
import { PulumiProcess } from "../../testing/pulumi-process.ts";
import { UnderLoad } from "../../testing/under-load.ts";

/** The quickest and most telling part of the fault matrix; `test/faults/` holds the rest, `docs/faults.md` all of it. */
describe("faults", () => {
  let deployment: Deployment;
  let cluster: UnderLoad;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { memory: "512MB", exporters: false, checkTimeout: "30s" });
    await deployment.up();
    cluster = await UnderLoad.of(deployment);
  });
  afterAll(() => deployment?.remove());

  it("DOCKER_CONTEXT is refused, because it would lead to another engine", async () => {
    const { code, output } = await deployment.runPulumi(["preview", "--stack", deployment.stack], { DOCKER_CONTEXT: "elsewhere" });
    expect(code).not.toBe(0);
    expect(output).toContain("DOCKER_CONTEXT is set (elsewhere) and would win over pgstack:dockerHost");
  });

  it("kill -9 of the leader's postmaster", async () => {
    await cluster.survives({
      bringAbout: () => cluster.crash("pg1"),
      seen: ["node-unreachable pg1"],
      meanwhile: () => cluster.isRunning("pg1"),
    });
  });

  it("kill -9 of a backend", async () => {
    const restarts = (): Promise<string> => deployment.sql("pg1", "select pg_postmaster_start_time();");
    const before = await restarts();
    await cluster.survives({
      bringAbout: async () => {
        const id = await deployment.sql("pg1", "select pid from pg_stat_activity where usename = 'app' limit 1;");
        await cluster.docker("exec", cluster.container("pg1"), "bash", "-c", `kill -KILL ${id}`);
      },
    });
    // All sessions end and the server recovers, without a restart. The writer may have been between two statements.
    const log = await lastLogLines(deployment.engine, cluster.container("pg1"), 500);
    expect(log.join("\n")).toMatch(/\(PID \d+\) was terminated by signal 9: Killed/);
    expect(await restarts()).toBe(before);
  });

  it("docker rm -f of a replica", async () => {
    await cluster.survives({
      bringAbout: () => cluster.docker("rm", "--force", cluster.container("pg2")),
      seen: ["node-unreachable pg2"],
      repair: () => deployment.up("--refresh"),
    });
  });

  it("Ctrl-C while a gate waits ends up within two seconds, also when the leader does not answer", async () => {
    await deployment.sql("pg1", "alter role replicator nologin;");
    deployment.configure({ replicas: 2 });
    const up = PulumiProcess.up(deployment);
    await up.until(/pg3-ready creating .*waiting for a node that takes writes: .*not permitted to log in/);
    await cluster.docker("pause", deployment.container("pg1"));
    const began = performance.now();
    up.interrupt();
    const { code } = await up.ended;
    const ms = performance.now() - began;
    await cluster.docker("unpause", deployment.container("pg1"));
    expect(code).not.toBe(0);
    expect(ms).toBeLessThan(2000);
    await deployment.sql("pg1", "alter role replicator login;");
    await deployment.up();
    await (await UnderLoad.of(deployment)).expectHealthy();
    await deployment.up("--expect-no-changes");
  });
});
