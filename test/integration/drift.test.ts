import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { writeVolumeFiles } from "../../src/engine/volume-files.ts";
import { Deployment } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";

/** What is changed behind Pulumi's back shows with --refresh and is repaired by it. */
describe("drift", () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { memory: "512MB" });
    await deployment.up();
  });
  afterAll(() => deployment?.remove());

  /** Shows as a change of exactly this resource, is repaired by `up --refresh`, and is gone afterwards. */
  async function showsAndRepairs(resource: string): Promise<void> {
    const preview = await deployment.preview("--refresh");
    expect(preview.code).toBe(0);
    expect(preview.output).toMatch(new RegExp(`[~+] +pgstack:index:\\S+ ${resource} +(update|create)`));
    await deployment.up("--refresh");
    await deployment.up("--refresh", "--expect-no-changes");
  }

  const lockedOut = [
    "session_preload_libraries = 'pg_hint_plan'",
    "default_transaction_isolation = 'serializable'",
    "statement_timeout = '1ms'",
    "transaction_timeout = '1s'",
    "search_path = 'nowhere'",
  ];

  it("repairs a config file that was changed by hand so that nobody gets in, and the server runs with the right one again", async () => {
    const volume = `pgstack-${deployment.stack}-pg2-config`;
    const image = (await deployment.engine.getContainer(deployment.container("pg2")).inspect()).Image;
    const before = (await run("docker", ["exec", deployment.container("pg2"), "cat", "/etc/pgstack/postgresql.conf"])).stdout;
    await writeVolumeFiles(deployment.engine, volume, image, [
      { path: "postgresql.conf", content: [before, "work_mem = '99MB'", ...lockedOut, ""].join("\n"), mode: 0o644 },
    ]);
    await deployment.sql("pg2", "select pg_reload_conf();");
    const asClient = (): ReturnType<typeof run> =>
      run("docker", ["exec", deployment.container("pg2"), ..."psql -h /run/postgresql -U postgres -l".split(" ")]);
    expect((await asClient()).output).toContain('could not access file "pg_hint_plan"');
    await showsAndRepairs("cluster-pg2-config");
    expect((await asClient()).code).toBe(0);
    expect((await run("docker", ["exec", deployment.container("pg2"), "cat", "/etc/pgstack/postgresql.conf"])).stdout).toBe(before);
    expect(await deployment.sql("pg2", "show work_mem;")).not.toBe("99MB");
  });

  it("repairs a secret file without showing its content", async () => {
    const volume = `pgstack-${deployment.stack}-pooler-config`;
    const image = (await deployment.engine.getContainer(deployment.container("pgbouncer-1")).inspect()).Image;
    await writeVolumeFiles(deployment.engine, volume, image, [{ path: "userlist.txt", content: '"app" "changed-by-hand"\n', mode: 0o600 }]);
    const preview = await deployment.preview("--refresh", "--diff");
    expect(preview.output).toContain("userlist.txt was changed");
    expect(preview.output).not.toContain("changed-by-hand");
    expect(preview.output).not.toContain("SCRAM-SHA-256$");
    await showsAndRepairs("cluster-pooler-config");
    expect((await deployment.check(5000)).ok).toBe(true);
  });

  it("repairs routes that were changed by hand, and the pooler serves the right ones again", async () => {
    const volume = `pgstack-${deployment.stack}-pooler-config`;
    const container = deployment.container("pgbouncer-1");
    const image = (await deployment.engine.getContainer(container).inspect()).Image;
    const before = (await run("docker", ["exec", container, "cat", "/etc/pgstack/routes-1.ini"])).stdout;
    await writeVolumeFiles(deployment.engine, volume, image, [
      { path: "routes-1.ini", content: "[databases]\napp = host=pg1 port=5432 dbname=app\n", mode: 0o644 },
    ]);
    await run("docker", ["exec", container, "perl", "-e", "kill 'HUP', 1"]);
    await showsAndRepairs("cluster-pooler-routes");
    expect((await run("docker", ["exec", container, "cat", "/etc/pgstack/routes-1.ini"])).stdout).toBe(before);
    expect((await deployment.check(5000)).ok).toBe(true);
  });

  it("takes back what was written to postgresql.auto.conf, and restarts for it where that is needed", async () => {
    const overrides = "work_mem = '98MB'\nmax_prepared_transactions = 3\n";
    await run("docker", [
      "exec",
      deployment.container("pg2"),
      "bash",
      "-c",
      `printf '%s' "$1" >>/var/lib/postgresql/data/pgdata/postgresql.auto.conf`,
      "-",
      overrides,
    ]);
    await deployment.sql("pg2", "select pg_reload_conf();");
    const { findings } = await deployment.check(0);
    expect(findings.map(({ code, node, observed }) => [code, node, observed])).toEqual([
      ["restart-pending", "pg2", "max_prepared_transactions"],
      ["setting-overridden", "pg2", "work_mem"],
    ]);
    await showsAndRepairs("cluster-pg2-config");
    expect(await deployment.sql("pg2", "select current_setting('work_mem') <> '98MB', current_setting('max_prepared_transactions');")).toBe(
      "t|0",
    );
    expect((await deployment.check(5000)).findings).toEqual([]);
  });

  it("creates a slot again that was dropped by hand", async () => {
    await deployment.sql("pg1", "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = 'pg2';");
    // The receiver comes back within its retry time, so the drop is tried until it wins.
    await deployment.sql(
      "pg1",
      `do $$ begin
         for i in 1..200 loop
           begin
             perform pg_drop_replication_slot('pg2'); return;
           exception when object_in_use then
             perform pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = 'pg2' and active_pid is not null;
             perform pg_sleep(0.02);
           end;
         end loop;
         raise exception 'slot could not be dropped';
       end $$;`,
    );
    await showsAndRepairs("cluster-pg2-ready");
    expect(await deployment.sql("pg1", "select slot_name, active from pg_replication_slots;")).toBe("pg2|t");
  });

  it("repairs a role's attributes, its password and its membership", async () => {
    await deployment.sql(
      "pg1",
      "alter role app createdb; alter role monitoring connection limit 1 password 'x'; revoke pg_monitor from monitoring;",
    );
    const preview = await deployment.preview("--refresh", "--diff");
    expect(preview.output).toContain("role app has more rights than declared");
    expect(preview.output).toContain("monitoring is not in pg_monitor");
    expect(preview.output).not.toContain("SCRAM-SHA-256$");
    await showsAndRepairs("cluster-roles");
    expect(await deployment.sql("pg1", "select rolcreatedb from pg_roles where rolname = 'app';")).toBe("f");
    expect((await deployment.check(5000)).ok).toBe(true);
  });

  it("starts a container again that was removed by hand, with its data", async () => {
    await run("docker", ["rm", "--force", deployment.container("pg2")]);
    const preview = await deployment.preview("--refresh");
    expect(preview.output).toMatch(/\+ +docker:index:Container cluster-pg2 +create/);
    await deployment.up("--refresh");
    expect((await deployment.check(5000)).ok).toBe(true);
    await deployment.up("--refresh", "--expect-no-changes");
  });
});
