import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { runCheck } from "../../src/check/run.ts";
import { paths } from "../../src/layout.ts";
import { withSession } from "../../src/postgres/session.ts";
import { editFile } from "../../testing/config-volume.ts";
import type { Outputs } from "../../testing/deployment.ts";
import { Deployment } from "../../testing/deployment.ts";
import { Scrape } from "../../testing/metrics.ts";
import { run } from "../../testing/run.ts";

/** How long a fault may take to show, and its repair to be seen. */
const patienceMs = 45_000;

type Undo = () => Promise<unknown>;

/**
 * One fault at a time on a real cluster: the check names it with exactly one finding, and is silent again once it is
 * fixed. `replica-writable` and `version-differs` cannot be brought about with one image: unit tests hold them.
 */
describe("the check names each fault", () => {
  let deployment: Deployment;
  let outputs: Outputs;

  beforeAll(async () => {
    deployment = await Deployment.create("production", {
      memory: "512MB",
      replicas: 2,
      slotWalCap: "64MB",
      settings: { wal_keep_size: 0, archive_mode: "on", archive_command: "/bin/true" },
    });
    await deployment.up();
    outputs = await deployment.outputs();
  });
  afterAll(() => deployment?.remove());

  const container = (service: string): string => deployment.container(service);
  const docker = async (...args: string[]): Promise<void> => {
    const { code, output } = await run("docker", args);
    if (code !== 0) throw new Error(`docker ${args[0]}: ${output}`);
  };

  /** Codes with their nodes, as `code node`, of one look. */
  async function look(target = outputs.check.target): Promise<readonly string[]> {
    const { findings } = await runCheck(target, outputs.check.secrets, { timeoutMs: 2500 });
    return findings.map(({ code, node }) => [code, node].filter((part) => part !== undefined).join(" ")).toSorted();
  }

  /** Looks until exactly these are found: on the way there the cluster passes through other states. */
  async function sees(...expected: string[]): Promise<void> {
    const end = performance.now() + patienceMs;
    let found = await look();
    while (JSON.stringify(found) !== JSON.stringify(expected.toSorted()) && performance.now() < end) {
      await delay(300);
      found = await look();
    }
    expect(found).toEqual(expected.toSorted());
  }

  const stopAndStart = (service: string) => async (): Promise<Undo> => {
    await docker("stop", "--time", "60", container(service));
    return () => docker("start", container(service));
  };

  /** Changes a node's file and has the server read it. */
  const edited = (node: string, path: string, edit: (text: string) => string) => async (): Promise<Undo> => {
    const restore = await editFile(deployment, node, path, edit);
    const reload = (): Promise<string> => deployment.sql(node, "select from pg_reload_conf() \\g /dev/null\n");
    await reload();
    return async () => {
      await restore();
      await reload();
    };
  };

  const set = (node: string, line: string): (() => Promise<Undo>) => edited(node, "postgresql.conf", (text) => `${text}\n${line}\n`);

  /** Changes a file of the pooler and has it read it. */
  const pooler = (path: string, edit: (text: string) => string) => async (): Promise<Undo> => {
    const restore = await editFile(deployment, "pgbouncer-1", path, edit);
    const reload = async (): Promise<void> => {
      // In this order on one console: a signal is passed on by the container's first process, maybe after what follows.
      await console("RELOAD");
      // Server connections that are open continue until they are asked to come again.
      await console("RECONNECT");
    };
    await reload();
    return async () => {
      await restore();
      await reload();
    };
  };

  const console = (command: string): Promise<unknown> => {
    const { target, secrets } = outputs.check;
    const login = {
      host: target.accessHost,
      port: target.processes[0]?.port ?? 0,
      user: "pgbouncer",
      password: secrets.pgbouncer,
      database: "pgbouncer",
    };
    return withSession(login, (client) => client.query(command));
  };

  const sqlAndBack = (node: string, sql: string, back: string) => async (): Promise<Undo> => {
    await deployment.sql(node, sql);
    return () => deployment.sql(node, back);
  };

  const dropSlot = async (): Promise<Undo> => {
    const block = await set("pg2", "primary_conninfo = 'host=nowhere'")();
    await deployment.sql("pg1", "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = 'pg2' and active;");
    const end = performance.now() + patienceMs;
    while (
      (await deployment.sql("pg1", "select active from pg_replication_slots where slot_name = 'pg2';")) === "t" &&
      performance.now() < end
    )
      await delay(100);
    await deployment.sql("pg1", "select pg_drop_replication_slot('pg2');");
    return async () => {
      await deployment.sql("pg1", "select pg_create_physical_replication_slot('pg2', true);");
      await block();
    };
  };

  /** Runs something on pg3's data while its server is stopped. */
  async function onStopped(...command: readonly string[]): Promise<void> {
    const { Config } = await deployment.engine.getContainer(container("pg3")).inspect();
    await docker("stop", "--time", "60", container("pg3"));
    const volume = `pgstack-${deployment.stack}-pg3-data:${paths.dataVolume}`;
    await docker("run", "--rm", "--network", "none", "--user", "999:999", "--volume", volume, Config.Image, ...command);
    await docker("start", container("pg3"));
  }

  /** Damages a page of pg3 alone, and has it read. */
  async function damagedPage(): Promise<Undo> {
    await deployment.sql("pg1", "create table damaged as select generate_series(1, 10);");
    await deployment.sql("pg1", "checkpoint;");
    const lsn = await deployment.sql("pg1", "select pg_current_wal_lsn();");
    const until = async (what: () => Promise<boolean>): Promise<void> => {
      const end = performance.now() + patienceMs;
      while (!(await what()) && performance.now() < end) await delay(200);
    };
    await until(async () => (await deployment.sql("pg3", `select pg_last_wal_replay_lsn() >= '${lsn}';`)) === "t");
    const file = `${paths.data}/${await deployment.sql("pg3", "select pg_relation_filepath('damaged');")}`;
    await onStopped("dd", "if=/dev/zero", `of=${file}`, "bs=1", "seek=8000", "count=64", "conv=notrunc");
    await until(async () => (await deployment.sql("pg3", "select count(*) from damaged;").catch(String)).includes("invalid page"));
    const exporter = outputs.check.target.exporters?.nodes.find(({ node }) => node === "pg3");
    await until(async () => ((await Scrape.of(exporter?.port ?? 0)).value("pgstack_node_checksum_failures") ?? 0) > 0);
    expect((await Scrape.of(exporter?.port ?? 0)).value("pgstack_node_checksum_failures")).toBeGreaterThan(0);
    return async () => {
      await deployment.sql("pg1", "drop table damaged;");
      await deployment.sql("pg3", "select pg_stat_reset();");
    };
  }

  it("is silent about a healthy cluster", () => sees());

  it.each([
    ["node-unreachable pg2", "a stopped replica", () => stopAndStart("pg2")()],
    ["node-unreachable pg1", "a stopped leader", () => stopAndStart("pg1")()],
    ["replica-not-streaming pg2", "a receiver that is cut off", () => set("pg2", "primary_conninfo = 'host=nowhere'")()],
    ["slot-missing pg2", "a dropped slot", dropSlot],
    ["slot-inactive pg2", "a replica that streams without its slot", () => set("pg2", "primary_slot_name = ''")()],
    [
      "slot-undeclared pg1",
      "a slot that is not declared",
      () => sqlAndBack("pg1", "select pg_create_physical_replication_slot('stray', true);", "select pg_drop_replication_slot('stray');")(),
    ],
    ["replay-paused pg3", "paused replay", () => sqlAndBack("pg3", "select pg_wal_replay_pause();", "select pg_wal_replay_resume();")()],
    ["replica-behind pg3", "a replica that applies late", () => set("pg3", "recovery_min_apply_delay = '1h'")()],
    [
      "write-route-failed",
      "a write route to nowhere",
      () => pooler("routes-1.ini", (text) => text.replace(/^(app = .*host=)pg1/m, "$1nowhere"))(),
    ],
    ["read-route-failed", "a read route to nowhere", () => pooler("routes-1.ini", (text) => text.replace("host=pg2", "host=nowhere"))()],
    [
      "read-route-incomplete pg2",
      "a read route without a replica",
      () => pooler("routes-1.ini", (text) => text.replace("host=pg2", "host=pg3"))(),
    ],
    [
      "read-route-stray pg1",
      "a read route with the leader",
      () => pooler("routes-1.ini", (text) => text.replace("host=pg2", "host=pg1"))(),
    ],
    [
      "login-refused",
      "a verifier of another password in the pooler",
      () => pooler("userlist.txt", (text) => text.replace(/^("app" "SCRAM-SHA-256\$4096:)[^$]*/m, "$1AAAAAAAAAAAAAAAAAAAAAA=="))(),
    ],
    ["login-accepted pg2", "access without a password", () => edited("pg2", "pg_hba.conf", (text) => `host all all all trust\n${text}`)()],
    ["pooler-unreachable", "a stopped process of the pooler", () => stopAndStart("pgbouncer-1")()],
    ["pooler-unreachable", "a stopped listener of the pooler", () => stopAndStart("pooler")()],
    [
      "pooler-paused",
      "a forgotten pause",
      async () => {
        await console("PAUSE app");
        return () => console("RESUME app");
      },
    ],
    ["exporter-unreachable pg2", "a stopped exporter", () => stopAndStart("pg2-exporter")()],
    [
      "exporter-target-down pg2",
      "an exporter with the wrong password",
      async () => {
        const restore = await editFile(deployment, "pg2-exporter", "monitoring.password", () => "wrong");
        await docker("restart", container("pg2-exporter"));
        return async () => {
          await restore();
          await docker("restart", container("pg2-exporter"));
        };
      },
    ],
    [
      "prometheus-target-down pg2",
      "an exporter that answers us and not Prometheus",
      async () => {
        const often = (text: string): string =>
          text.replace(/scrape_interval: \S+/, "scrape_interval: 2s").replace(/scrape_timeout: \S+/, "scrape_timeout: 2s");
        const restore = await editFile(deployment, "prometheus", "prometheus.yml", (text) =>
          often(text).replace("pg2-exporter:9187", "pg2-exporter:9"),
        );
        const reload = (): Promise<void> => docker("exec", container("prometheus"), "sh", "-c", "kill -HUP 1");
        await reload();
        return async () => {
          await restore();
          await reload();
        };
      },
    ],
    ["settings-file-broken pg3", "a locale that is not in the image", () => set("pg3", "lc_messages = 'en_US.UTF-8'")()],
    [
      "archive-failing pg1",
      "an archive that takes nothing",
      async () => {
        const restore = await set("pg1", "archive_command = '/bin/false'")();
        await deployment.sql("pg1", "select pg_switch_wal();");
        return restore;
      },
    ],
    ["checksum-failures pg3", "a page that was damaged on the disk", damagedPage],
    [
      "checksums-off pg3",
      "checksums that were turned off",
      async () => {
        await onStopped("pg_checksums", "--disable", "-D", paths.data);
        return () => onStopped("pg_checksums", "--enable", "-D", paths.data);
      },
    ],
    [
      "collation-differs pg1",
      "a database that another image sorted",
      () =>
        sqlAndBack(
          "pg1",
          "update pg_database set datcollversion = '0' where datname = 'postgres';",
          "alter database postgres refresh collation version;",
        )(),
    ],
    ["restart-pending pg3", "a setting that waits for a restart", () => set("pg3", "max_prepared_transactions = 7")()],
    [
      "node-mistaken pg2",
      "another server in a node's place",
      async () => {
        const start = await stopAndStart("pg2")();
        const stop = await relay(portOf(outputs, "pg2"), portOf(outputs, "pg3"));
        return async () => {
          await stop();
          await start();
        };
      },
    ],
    [
      "cluster-unreachable",
      "a whole stack that is off",
      async () => {
        const monitoring = ["pg1-exporter", "pg2-exporter", "pg3-exporter", "pgbouncer-1-exporter", "pgbouncer-2-exporter", "prometheus"];
        const services = ["pg1", "pg2", "pg3", "pgbouncer-1", "pgbouncer-2", "pooler", ...monitoring].map(container);
        await docker("stop", "--time", "60", ...services);
        return () => docker("start", ...services);
      },
    ],
  ] as const)("%s: %s", async (code, _fault, bringAbout) => {
    const undo = await bringAbout();
    try {
      await sees(code);
    } finally {
      await undo();
      // Written out: the server clears the mark only when it reads a value.
      if (code.startsWith("restart-pending")) await docker("restart", "--time", "60", container("pg3"));
    }
    await sees();
  });

  it("shows a broken cluster in preview, fails up, checks again next time", async () => {
    await docker("stop", container("pg2-exporter"));
    const preview = await deployment.preview();
    expect(preview.output).toContain("exporter-unreachable pg2");
    expect(preview.output).toMatch(/~ +pgstack:index:ReplicationCheck cluster-check +update/);
    deployment.configure({ checkTimeout: "3s" });
    const failed = await deployment.tryUp();
    expect(failed.code).not.toBe(0);
    expect(failed.output).toContain("exporter-unreachable");
    expect((await deployment.tryUp()).code).not.toBe(0);
    await docker("start", container("pg2-exporter"));
    await deployment.up();
    await deployment.up("--expect-no-changes");
  });

  it("has an exit code per class of failure on the command line", async () => {
    const pgstack = (...args: string[]): ReturnType<typeof run> =>
      run("node", ["src/cli/main.ts", ...args], {
        cwd: deployment.folder,
        env: {
          ...process.env,
          PULUMI_BACKEND_URL: `file://${deployment.folder}/state`,
          PULUMI_CONFIG_PASSPHRASE_FILE: `${deployment.folder}/passphrase`,
        },
      });
    const healthy = await pgstack("check", "--stack", deployment.stack, "--json");
    expect(healthy.code).toBe(0);
    expect(JSON.parse(healthy.stdout)).toMatchObject({ ok: true, findings: [] });
    await deployment.sql("pg3", "select pg_wal_replay_pause();");
    const broken = await pgstack("check", "--stack", deployment.stack, "--timeout", "3s");
    await deployment.sql("pg3", "select pg_wal_replay_resume();");
    expect(broken.code).toBe(11);
    expect(broken.stdout).toContain("replay-paused");
    await sees();
  });

  // What follows damages the cluster, each step in its own way; a node is recreated by removing its data in words.
  async function makeAnew(...nodes: string[]): Promise<void> {
    await docker("rm", "--force", ...nodes.map(container));
    await docker("volume", "rm", ...nodes.map((node) => `pgstack-${deployment.stack}-${node}-data`));
    await deployment.up("--refresh");
    outputs = await deployment.outputs();
  }

  it("slot-wal-at-risk, then slot-wal-lost: a replica that is away for longer than the cap", async () => {
    await set("pg2", "primary_conninfo = 'host=nowhere'")();
    await sees("replica-not-streaming pg2");
    const write = (segments: number): Promise<string> =>
      deployment.sql(
        "pg1",
        `do $$ begin for i in 1..${segments} loop perform pg_logical_emit_message(true, 'x', 'y'); perform pg_switch_wal(); end loop; end $$;`,
      );
    const status = (): Promise<string> => deployment.sql("pg1", "select wal_status from pg_replication_slots where slot_name = 'pg2';");
    for (let step = 0; step < 20 && (await status()) !== "unreserved"; step += 1) await write(1);
    expect(await status()).toBe("unreserved");
    await sees("replica-not-streaming pg2", "slot-wal-at-risk pg2");
    await write(2);
    await deployment.sql("pg1", "checkpoint;");
    expect(await status()).toBe("lost");
    await sees("slot-wal-lost pg2");
    await makeAnew("pg2");
    await sees();
  });

  it("second-primary and replica-wrong-timeline: a promoted replica and one that follows it", async () => {
    // At its start it continues with the node that it followed, if that one takes writes. Stopped before the promotion: a replica that
    // has read past the fork could not follow.
    await docker("exec", container("pg3"), "bash", "/etc/pgstack/node.sh", "follow", "pg2");
    await docker("stop", "--time", "60", container("pg3"));
    await deployment.sql("pg2", "select pg_promote();");
    await docker("start", container("pg3"));
    await sees("replica-wrong-timeline pg3", "second-primary pg2");
    await makeAnew("pg2", "pg3");
    await sees();
  });

  it("replica-wrong-cluster: the data of another cluster, started while the leader was away", async () => {
    const image = (await deployment.engine.getContainer(container("pg1")).inspect()).Config.Image;
    const verifiers = await deployment.sql(
      "pg1",
      "select string_agg(format('create role %I login %s password %L;', rolname, case when rolreplication then 'replication' else '' end, rolpassword), ' ') from pg_authid where rolpassword is not null;",
    );
    const foreign = `mv /v/pgdata /v/aside && initdb -D /v/pgdata --data-checksums --no-sync >/dev/null && cat > /tmp/roles && postgres --single -j -D /v/pgdata postgres < /tmp/roles >/dev/null && touch /v/pgdata/standby.signal`;
    await docker("stop", "--time", "60", container("pg3"));
    const sql = `${verifiers}\n\n grant pg_monitor to monitoring;\n\n create database app owner app;\n`;
    const made = await run(
      "docker",
      [
        "run",
        "--rm",
        "-i",
        "--network",
        "none",
        "--user",
        "999:999",
        "-v",
        `pgstack-${deployment.stack}-pg3-data:/v`,
        image,
        "bash",
        "-ec",
        foreign,
      ],
      { stdin: sql },
    );
    expect(made.code, made.output).toBe(0);
    await docker("stop", "--time", "60", container("pg1"));
    await docker("start", container("pg3"));
    // Only a leader that answers could have the start refused: pg3 must be up before it comes back.
    const isUp = (): Promise<boolean> =>
      deployment.sql("pg3", "select 1;").then(
        (answer) => answer === "1",
        () => false,
      );
    const end = performance.now() + patienceMs;
    while (!(await isUp()) && performance.now() < end) await delay(200);
    await docker("start", container("pg1"));
    await sees("replica-wrong-cluster pg3");
    await makeAnew("pg3");
    await sees();
  });
});

function portOf(outputs: Outputs, node: string): number {
  return outputs.check.target.nodes.find(({ name }) => name === node)?.port ?? 0;
}

/** Forwards connections from one local port to another; returns what ends it. */
async function relay(from: number, to: number): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    const upstream = track(connect(to, "127.0.0.1"));
    track(client).pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(from, "127.0.0.1", resolve));
  return async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
}
