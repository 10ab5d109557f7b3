import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import { containerState, lastLogLines } from "../../src/engine/container.ts";
import { Deployment } from "../../testing/deployment.ts";
import { reclone } from "../../testing/pgstack.ts";
import { UnderLoad } from "../../testing/under-load.ts";

/**
 * Data that is lost, full, or another's. `integration/data-safety` and `integration/refusals` have more of the latter. Each
 * test leaves a healthy cluster.
 */
describe("data", () => {
  let deployment: Deployment;
  let cluster: UnderLoad;
  let image: string;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", {
      memory: "512MB",
      exporters: false,
      checkTimeout: "10s",
      slotWalCap: "64MB",
      settings: { wal_keep_size: 0, min_wal_size: "64MB", max_wal_size: "96MB" },
    });
    await deployment.up();
    cluster = await UnderLoad.of(deployment);
    image = (await deployment.engine.getContainer(deployment.container("pg1")).inspect()).Config.Image;
  });
  afterAll(() => deployment?.remove());

  const stop = (node: string): Promise<unknown> => cluster.docker("stop", "--time", "60", cluster.container(node));
  const start = (node: string): Promise<unknown> => cluster.docker("start", cluster.container(node));

  /** Runs a shell in a container of its own with a node's data volume at /v. */
  async function inVolume(node: string, script: string): Promise<string> {
    const mounted = ["--network", "none", "--user", "999:999", "--volume", `${deployment.dataVolume(node)}:/v`];
    return (await cluster.docker("run", "--rm", ...mounted, image, "bash", "-ec", script)).stdout.trim();
  }

  /** Everything in a volume but the lock file, which every start touches. */
  const fingerprint = (node: string): Promise<string> => inVolume(node, "cd /v && find pgdata -type f | sort | xargs md5sum | md5sum");

  /** Waits until a node's start script has refused; its words. */
  async function refusal(node: string): Promise<string> {
    const refused = async (): Promise<string | undefined> => {
      const text = (await lastLogLines(deployment.engine, cluster.container(node), 4)).join("\n");
      const state = await containerState(deployment.engine, cluster.container(node));
      return text.includes("REFUSED") && state?.exitCode === 78 ? text : undefined;
    };
    const text = await poll(refused, { everyMs: 50, timeoutMs: 30_000 });
    if (text === undefined) throw new Error(`${node} did not refuse`);
    return text;
  }

  it("a replica's volume is lost: removed by hand, it is cloned again", async () => {
    await cluster.survives({
      bringAbout: async () => {
        await cluster.docker("rm", "--force", cluster.container("pg2"));
        await cluster.docker("volume", "rm", deployment.dataVolume("pg2"));
      },
      seen: ["node-unreachable pg2"],
      repair: () => deployment.up("--refresh"),
    });
  });

  it("a dead replica keeps the leader's WAL up to the cap, and one command clones it again", async () => {
    const walMb = async (): Promise<number> => Number(await deployment.sql("pg1", "select sum(size) / 1024 ^ 2 from pg_ls_waldir();"));
    const status = (): Promise<string> => deployment.sql("pg1", "select wal_status from pg_replication_slots where slot_name = 'pg2';");
    await cluster.survives({
      bringAbout: async () => {
        await stop("pg2");
        let most = 0;
        // 400 MB in all, four times what may stay.
        for (let step = 0; step < 25; step += 1) {
          await deployment.sql("pg1", "select pg_logical_emit_message(true, 'x', 'y'); select from pg_switch_wal();");
          if (step % 5 === 4) await deployment.sql("pg1", "checkpoint;");
          most = Math.max(most, await walMb());
        }
        expect(most).toBeLessThan(64 + 96 + 64);
        expect(await status()).toBe("lost");
        await start("pg2");
      },
      seen: ["slot-wal-lost pg2"],
      repair: async () => {
        const done = await reclone(deployment, "pg2");
        expect(done.code, done.output).toBe(0);
      },
    });
  });

  it("a replica that was promoted is refused as a replica, and cloned again only when its data is given up in words", async () => {
    await deployment.sql("pg2", "select pg_promote();");
    await deployment.sql("pg2", "create table only_here ();", "app");
    expect(await cluster.look()).toContain("second-primary pg2");
    await stop("pg2");
    await start("pg2");
    const words = await refusal("pg2");
    expect(words).toContain("REFUSED: pg1 accepts writes on timeline 1: a second leader would fork the cluster");
    expect(words).toContain("./pgstack reclone pg2 --stack <stack> --give-up-rows");
    const refused = await reclone(deployment, "pg2");
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain("pg2 holds a leader's data: what pg2 wrote");
    expect(await inVolume("pg2", "cat /v/pgdata/PG_VERSION")).toBe("17");
    const done = await reclone(deployment, "pg2", "--give-up-rows");
    expect(done.code, done.output).toBe(0);
    // Nothing is deleted: the rows that were given up are still there.
    expect(await inVolume("pg2", "ls /v")).toMatch(/pgdata\.aside-\d{8}T\d{6}Z/);
    await cluster.expectHealthy();
  });

  it("a promoted replica that is made a replica again is refused by its newer timeline", async () => {
    await deployment.sql("pg2", "select pg_promote();");
    // Before its first checkpoint on the new timeline: the control file still names the old one.
    await cluster.docker("kill", cluster.container("pg2"));
    await inVolume("pg2", "touch /v/pgdata/standby.signal");
    const before = await fingerprint("pg2");
    await start("pg2");
    expect(await refusal("pg2")).toContain("REFUSED: the data is on timeline 2, newer than the leader's 1");
    await stop("pg2");
    expect(await fingerprint("pg2")).toBe(before);
    const done = await reclone(deployment, "pg2");
    expect(done.code, done.output).toBe(0);
    await cluster.expectHealthy();
  });

  it("data of another major version is refused by a node that exists", async () => {
    await stop("pg2");
    await inVolume("pg2", "echo 16 > /v/pgdata/PG_VERSION");
    const before = await fingerprint("pg2");
    await start("pg2");
    expect(await refusal("pg2")).toContain("REFUSED: the data volume holds PostgreSQL 16, stack config asks for 17");
    await stop("pg2");
    expect(await fingerprint("pg2")).toBe(before);
    await inVolume("pg2", "echo 17 > /v/pgdata/PG_VERSION");
    await start("pg2");
    await cluster.expectHealthy();
  });

  it("the leader is never cloned again", async () => {
    const { code, output } = await reclone(deployment, "pg1", "--give-up-rows");
    expect(code).not.toBe(0);
    expect(output).toContain("pg1 leads, timeline 1: the others are cloned from it, so its data stays");
    await stop("pg1");
    const without = await reclone(deployment, "pg2");
    expect(without.code).not.toBe(0);
    expect(without.output).toContain("no node takes writes (pg1: stopped, pg2: a replica), so nothing can be cloned. Nothing was changed");
    await start("pg1");
    await cluster.expectHealthy();
  });

  it("the leader's volume is lost: a replica takes its place, by hand and with its data", async () => {
    await deployment.sql("pg1", "create table kept as select generate_series(1, 1000) as n;", "app");
    await cluster.expectHealthy();
    await cluster.docker("rm", "--force", cluster.container("pg1"));
    await cluster.docker("volume", "rm", deployment.dataVolume("pg1"));
    const { code, output } = await deployment.tryUp("--refresh");
    expect(code).not.toBe(0);
    expect(output).toContain("REFUSED: the data volume is empty, but pg2 holds this cluster's data, and no node takes writes");
    await deployment.sql("pg2", "select pg_promote();");
    await deployment.up();
    cluster = await UnderLoad.of(deployment);
    await cluster.expectHealthy();
    expect(await deployment.sql("pg1", "select count(*) from kept;", "app")).toBe("1000");
    expect((await deployment.check(5000)).nodes.map(({ name, role }) => `${name} ${role}`)).toEqual(["pg1 replica", "pg2 leader"]);
    await deployment.up("--expect-no-changes");
  });
});
