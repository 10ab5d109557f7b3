import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Deployment } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";

/** A stack with other values than the defaults: each option is seen on the running cluster. */
describe("a stack with options of its own", () => {
  let deployment: Deployment;
  const image = "pgstack-test/postgres:own";

  beforeAll(async () => {
    const built = await run("docker", ["build", "--network", "host", "--tag", image, "images/postgres"], {
      env: { ...process.env, DOCKER_BUILDKIT: "0" },
    });
    if (built.code !== 0) throw new Error(built.output);
    deployment = await Deployment.create("staging", {
      memory: "512MB",
      cpus: 0.5,
      leader: "pg2",
      database: "shop",
      appUser: "shop_owner",
      timezone: "us/pacific",
      locale: "en-US",
      extensions: ["pgcrypto", "vector", "earthdistance"],
      workload: "dw",
      slotWalCap: "1GB",
      shm: "96MB",
      scramIterations: 5000,
      images: { postgres: image },
      pooler: { mode: "session", maxClients: 200, poolSize: 5, reserveSize: 2, idleTransactionTimeout: "1min" },
      settings: { work_mem: "5MB", "pg_stat_statements.max": 2000, checkpoint_timeout: "20min" },
    });
    await deployment.up();
  });
  afterAll(async () => {
    await deployment?.remove();
    await run("docker", ["rmi", image]);
  });

  it("is healthy and shows no change", async () => {
    expect((await deployment.outputs()).report).toMatchObject({ ok: true, findings: [] });
    await deployment.up("--expect-no-changes");
    await deployment.up("--refresh", "--expect-no-changes");
  });

  it("has the leader that it names", async () => {
    expect(await deployment.sql("pg2", "select pg_is_in_recovery();")).toBe("f");
    expect(await deployment.sql("pg1", "select pg_is_in_recovery();")).toBe("t");
  });

  it("has its database, owner, locale, time zone and extensions", async () => {
    const database = await deployment.sql(
      "pg2",
      "select pg_get_userbyid(datdba), datlocprovider, datlocale from pg_database where datname = 'shop';",
    );
    expect(database).toBe("shop_owner|i|en-US");
    expect(await deployment.sql("pg1", "show timezone;")).toBe("US/Pacific");
    const extensions = await deployment.sql("pg1", "select string_agg(extname, ',' order by extname) from pg_extension;", "shop");
    expect(extensions).toBe("cube,earthdistance,pg_stat_statements,pgcrypto,plpgsql,vector");
    expect(
      await deployment.sql("pg1", "select '[1,2]'::vector <-> '[1,5]', earth_distance(ll_to_earth(0, 0), ll_to_earth(0, 0));", "shop"),
    ).toBe("3|0");
  });

  it("has its settings on every node, in the server's own words", async () => {
    for (const node of ["pg1", "pg2"]) {
      const settings = await deployment.sql(
        node,
        "select string_agg(name || '=' || current_setting(name), ' ' order by name) from pg_settings where name in ('work_mem', 'pg_stat_statements.max', 'checkpoint_timeout', 'max_slot_wal_keep_size', 'shared_buffers');",
      );
      expect(settings).toBe(
        "checkpoint_timeout=20min max_slot_wal_keep_size=1GB pg_stat_statements.max=2000 shared_buffers=128MB work_mem=5MB",
      );
    }
    expect(await deployment.sql("pg2", "select left(rolpassword, 19) from pg_authid where rolname = 'shop_owner';")).toBe(
      "SCRAM-SHA-256$5000:",
    );
  });

  it("has its image and its limits", async () => {
    const { Config, HostConfig } = await deployment.engine.getContainer(deployment.container("pg1")).inspect();
    expect(Config.Image).toBe(image);
    expect(HostConfig.NanoCpus).toBe(500_000_000);
    expect(HostConfig.Memory).toBe(512 * 1024 ** 2);
    const shm = String.raw`select substring(pg_read_file('/proc/mounts') from '/dev/shm tmpfs [^ ]*size=(\d+k)');`;
    for (const node of ["pg1", "pg2"]) expect(await deployment.sql(node, shm)).toBe("98304k");
  });

  it("changes the pooler's settings without a restart, and the pooler proves it", async () => {
    const { engine } = deployment;
    const started = async (): Promise<string> => (await engine.getContainer(deployment.container("pgbouncer-1")).inspect()).State.StartedAt;
    const before = await started();
    deployment.configure({ pooler: { mode: "transaction", maxClients: 300, poolSize: 7, reserveSize: 2 } });
    await deployment.up();
    expect(await started()).toBe(before);
    expect((await deployment.outputs()).report.ok).toBe(true);
  });

  it("replaces nodes one at a time when a limit calls for it, and keeps their data", async () => {
    await deployment.sql("pg2", "create table kept as select 1 as n;", "shop");
    deployment.configure({ cpus: 0.75 });
    const up = await deployment.up();
    expect(up.output).toMatch(/docker:index:Container cluster-pg2 (replaced|deleted original|created replacement)/);
    expect(await deployment.sql("pg1", "select n from kept;", "shop")).toBe("1");
    expect((await deployment.outputs()).report.ok).toBe(true);
  });
});
