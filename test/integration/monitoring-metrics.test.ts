import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import { editFile } from "../../testing/config-volume.ts";
import { connectClient } from "../../testing/client.ts";
import type { Outputs } from "../../testing/deployment.ts";
import { Deployment, nodeUrl } from "../../testing/deployment.ts";
import { freeBlock } from "../../testing/free-block.ts";
import type { Sample } from "../../testing/metrics.ts";
import { Scrape } from "../../testing/metrics.ts";
import { run } from "../../testing/run.ts";
import { Writer } from "../../testing/writer.ts";

/** How long a figure may take to follow what happened, in milliseconds. */
const patienceMs = 60_000;

const nodes = ["pg1", "pg2", "pg3"] as const;
type Node = (typeof nodes)[number];

const onAll = [
  "pgstack_node_in_recovery",
  "pgstack_node_timeline",
  "pgstack_node_settings_pending_restart",
  "pgstack_node_settings_by_hand",
  "pgstack_node_connections_used",
  "pgstack_node_connections_max",
  "pgstack_node_idle_in_transaction_seconds",
  "pgstack_node_prepared_oldest_seconds",
  "pgstack_node_transaction_id_age",
  "pgstack_node_checksum_failures",
  "pgstack_node_archive_waiting_seconds",
  "pgstack_node_disk_size_bytes",
  "pgstack_node_disk_free_bytes",
  "pgstack_node_wal_bytes",
  "pgstack_heartbeat_age_seconds",
];
const onReplicas = ["pgstack_node_replay_paused", "pgstack_receiver_streaming", "pgstack_receiver_message_age_seconds"];
const onLeader = ["pgstack_replicas_declared", "pgstack_replicas_streaming"];
const bySlot = [
  "pgstack_slot_active",
  "pgstack_slot_declared",
  "pgstack_slot_behind_bytes",
  "pgstack_slot_cap_bytes",
  "pgstack_slot_lost",
  "pgstack_slot_xmin_age",
];

/** What exporters say of real servers, and of real faults. The cluster is whole again after each test. */
describe("metrics", () => {
  let deployment: Deployment;
  let outputs: Outputs;
  let sideNetwork: string;
  let sideSubnet: string;

  beforeAll(async () => {
    sideSubnet = (await freeBlock()).subnet;
    deployment = await Deployment.create("staging", {
      memory: "512MB",
      replicas: 2,
      pooler: { poolSize: 5, reserveSize: 2 },
      settings: { max_connections: "40", max_prepared_transactions: "2", archive_mode: "on", archive_command: "/bin/true" },
      clientNetworks: [sideSubnet],
    });
    sideNetwork = `pgstack-${deployment.stack}-side`;
    await deployment.up();
    outputs = await deployment.outputs();
  });
  afterAll(() => deployment?.remove());

  async function scrape(node: Node): Promise<Scrape> {
    const port = outputs.check.target.exporters?.nodes.find((one) => one.node === node)?.port;
    return Scrape.of(port ?? 0);
  }

  /** Scrapes until what is asked of a scrape is true. */
  async function until(node: Node, what: string, is: (scrape: Scrape) => boolean): Promise<Scrape> {
    let last: readonly Sample[] = [];
    const found = await poll(
      async () => {
        const one = await scrape(node).catch(() => undefined);
        last = one?.samples.filter(({ name }) => name.startsWith("pgstack_")) ?? last;
        return one !== undefined && is(one) ? one : undefined;
      },
      { everyMs: 250, timeoutMs: patienceMs },
    );
    if (found === undefined) throw new Error(`${node}: not ${what}; last: ${JSON.stringify(last)}`);
    return found;
  }

  async function docker(...args: readonly string[]): Promise<string> {
    const result = await run("docker", args);
    if (result.code !== 0) throw new Error(`docker ${args.join(" ")}: ${result.output}`);
    return result.stdout.trim();
  }

  const age = (one: Scrape): number => one.value("pgstack_heartbeat_age_seconds") ?? Number.NaN;

  /** Every replica streams again and has fresh heartbeats. */
  async function whole(): Promise<void> {
    await until("pg1", "complete", (one) => one.value("pgstack_replicas_streaming") === 2);
    await Promise.all(nodes.map((node) => until(node, "fresh", (one) => age(one) < 3)));
  }

  it("are all there, on the right nodes, with plausible values", async () => {
    for (const node of nodes) {
      const one = await until(node, "fresh", (scraped) => age(scraped) < 3);
      const own = new Set(one.samples.map(({ name }) => name).filter((name) => name.startsWith("pgstack_")));
      const expected =
        node === "pg1" ? [...onAll, ...onLeader, ...bySlot, "pgstack_replica_replay_behind_bytes"] : [...onAll, ...onReplicas];
      expect([...own].toSorted()).toEqual(expected.toSorted());
      expect(one.samples.filter(({ name, value }) => own.has(name) && Number.isNaN(value))).toEqual([]);
      expect(one.value("pg_exporter_last_scrape_error")).toBe(0);
      expect(one.all("pg_scrape_collector_success").filter(({ value }) => value !== 1)).toEqual([]);
      expect(one.value("pgstack_node_in_recovery")).toBe(node === "pg1" ? 0 : 1);
      expect(one.value("pgstack_node_timeline")).toBe(1);
      expect(one.value("pgstack_node_settings_pending_restart")).toBe(0);
      expect(one.value("pgstack_node_settings_by_hand")).toBe(0);
      expect(one.value("pgstack_node_connections_max")).toBe(35);
      expect(one.value("pgstack_node_connections_used")).toBeGreaterThan(0);
      expect(one.value("pgstack_node_idle_in_transaction_seconds")).toBe(0);
      expect(one.value("pgstack_node_transaction_id_age")).toBeGreaterThan(0);
      expect(one.value("pgstack_node_checksum_failures")).toBe(0);
      const size = one.value("pgstack_node_disk_size_bytes") ?? 0;
      const [, used = "", free = ""] = (
        await docker("exec", deployment.container(node), "df", "-B1", "--output=used,avail", "/var/lib/postgresql/data")
      ).split(/\s+(?=\d)/);
      // df's own idea of how full it is; what only root may use is no part of it.
      expect(Math.abs(size - Number(used) - Number(free)) / size).toBeLessThan(0.01);
      expect(Math.abs((one.value("pgstack_node_disk_free_bytes") ?? 0) - Number(free)) / size).toBeLessThan(0.1);
      expect(one.value("pgstack_node_wal_bytes")).toBeGreaterThanOrEqual(16 * 1024 ** 2);
    }
  });

  it("say of each replica and slot how it is", async () => {
    const leader = await scrape("pg1");
    expect(leader.value("pgstack_replicas_declared")).toBe(2);
    expect(leader.value("pgstack_replicas_streaming")).toBe(2);
    for (const slot of ["pg2", "pg3"]) {
      expect(bySlot.map((name) => [name, leader.value(name, { slot })])).toEqual([
        ["pgstack_slot_active", 1],
        ["pgstack_slot_declared", 1],
        ["pgstack_slot_behind_bytes", expect.any(Number)],
        ["pgstack_slot_cap_bytes", 4 * 1024 ** 3],
        ["pgstack_slot_lost", 0],
        ["pgstack_slot_xmin_age", expect.any(Number)],
      ]);
      expect(leader.value("pgstack_replica_replay_behind_bytes", { replica: slot })).toBeLessThan(1024 ** 2);
      const replica = await scrape(slot as Node);
      expect(onReplicas.slice(0, 2).map((name) => replica.value(name))).toEqual([0, 1]);
      expect(replica.value("pgstack_receiver_message_age_seconds")).toBeLessThan(11);
    }
  });

  it("are few and quick, and no client can add to them", async () => {
    const client = await connectClient(`${nodeUrl(outputs, "pg1")}?application_name=one-of-many`, {
      connectionTimeoutMillis: 5000,
      query_timeout: 5000,
    });
    const leader = await scrape("pg1");
    await client.end();
    expect(leader.samples.filter(({ labels }) => Object.values(labels).includes("one-of-many"))).toEqual([]);
    expect(leader.samples.length).toBeLessThan(450);
    expect(leader.ms).toBeLessThan(2000);
    const perQuery = leader.value("pg_exporter_last_scrape_duration_seconds");
    expect(perQuery).toBeLessThan(1);
  });

  it("a replica that is stopped: one less streams, its slot is inactive and falls behind; its base backup is no replica", async () => {
    const writer = await Writer.start(outputs.writeUrl);
    await docker("stop", deployment.container("pg2"));
    const stopped = await until("pg1", "one less", (one) => one.value("pgstack_replicas_streaming") === 1);
    expect(stopped.value("pgstack_replicas_declared")).toBe(2);
    expect(stopped.value("pgstack_slot_active", { slot: "pg2" })).toBe(0);
    expect(stopped.value("pgstack_replica_replay_behind_bytes", { replica: "pg2" })).toBeUndefined();
    const behind = stopped.value("pgstack_slot_behind_bytes", { slot: "pg2" }) ?? Number.NaN;
    await until("pg1", "further behind", (one) => (one.value("pgstack_slot_behind_bytes", { slot: "pg2" }) ?? 0) > behind + 10_000);

    // As node.sh clones: under the replica's name. Slow, so that it can be looked at.
    const copy = "pg_basebackup --host=pg1 --username=replicator --pgdata=/tmp/copy --max-rate=1M --checkpoint=fast --slot=pg2";
    const asPg2 = `PGAPPNAME=pg2 PGPASSFILE=/etc/pgstack/replicator.pgpass timeout 60 ${copy}`;
    const backup = run("docker", ["exec", deployment.container("pg3"), "bash", "-c", asPg2]);
    const streams = async (): Promise<true | undefined> =>
      (await deployment.sql("pg1", "select count(*) from pg_stat_replication where application_name = 'pg2' and state = 'streaming';")) ===
      "1"
        ? true
        : undefined;
    expect(await poll(streams, { everyMs: 100, timeoutMs: patienceMs })).toBe(true);
    const meanwhile = await scrape("pg1");
    expect(await streams()).toBe(true);
    expect(meanwhile.value("pgstack_replicas_streaming")).toBe(1);
    await deployment.sql("pg1", "select pg_terminate_backend(pid) from pg_stat_replication where application_name = 'pg2';");
    await backup;
    await docker("exec", deployment.container("pg3"), "rm", "-rf", "/tmp/copy");

    await docker("start", deployment.container("pg2"));
    await writer.stop();
    await whole();
  });

  it("a slot that is missing is a declared one that is inactive; one that is not declared shows too", async () => {
    await docker("stop", deployment.container("pg3"));
    await until("pg1", "one less", (one) => one.value("pgstack_slot_active", { slot: "pg3" }) === 0);
    await deployment.sql("pg1", "select pg_drop_replication_slot('pg3'), pg_create_physical_replication_slot('left', true);");
    const leader = await scrape("pg1");
    const of = (slot: string): unknown => bySlot.map((name) => leader.value(name, { slot }));
    expect(of("pg3")).toEqual([0, 1, undefined, undefined, 0, 0]);
    expect(of("left")).toEqual([0, 0, expect.any(Number), 4 * 1024 ** 3, 0, 0]);
    await deployment.sql("pg1", "select pg_create_physical_replication_slot('pg3', true), pg_drop_replication_slot('left');");
    await docker("start", deployment.container("pg3"));
    await whole();
  });

  it("detection: a replica that is cut off has no lag for the common query, while its heartbeat ages and its receiver is gone", async () => {
    const network = `pgstack-${deployment.stack}`;
    const pg2 = deployment.container("pg2");
    const address = await docker("inspect", "--format", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, pg2);
    // Its exporter still reaches it, by a network that the leader is not in.
    await docker("network", "create", "--subnet", sideSubnet, sideNetwork);
    await docker("network", "connect", "--alias", "pg2", sideNetwork, pg2);
    await docker("network", "connect", sideNetwork, deployment.container("pg2-exporter"));
    const writer = await Writer.start(outputs.writeUrl);
    await docker("network", "disconnect", network, pg2);
    await docker("restart", deployment.container("pg2-exporter"));

    try {
      // Two queries of one scrape: the receiver may go between them.
      const isCut = (one: Scrape): boolean =>
        one.value("pgstack_receiver_streaming") === 0 && one.value("pgstack_receiver_message_age_seconds") === undefined;
      const cut = await until("pg2", "without receiver", isCut);
      const before = writer.written.acknowledged.length;
      const lags: unknown[] = [];
      const late = await until("pg2", "old", (one) => {
        lags.push(one.value("pg_replication_lag_seconds"));
        return age(one) > age(cut) + 5;
      });
      // What everybody's lag query says of a replica that misses every row since.
      expect(lags.length).toBeGreaterThan(5);
      expect(new Set(lags)).toEqual(new Set([0]));
      expect(writer.written.acknowledged.length).toBeGreaterThan(before + 100);
      // What pgstack says.
      expect(age(late)).toBeGreaterThan(5);
      expect(late.value("pgstack_receiver_streaming")).toBe(0);
      const leader = await until("pg1", "fresh", (one) => age(one) < 3);
      expect(leader.value("pgstack_replicas_streaming")).toBe(1);
      expect(leader.value("pgstack_slot_active", { slot: "pg2" })).toBe(0);
      expect(leader.value("pgstack_slot_behind_bytes", { slot: "pg2" })).toBeGreaterThan(100_000);
    } finally {
      await docker("network", "connect", "--ip", address, "--alias", "pg2", network, pg2);
      await docker("network", "disconnect", sideNetwork, pg2);
      await docker("network", "disconnect", sideNetwork, deployment.container("pg2-exporter"));
      await docker("restart", deployment.container("pg2-exporter"));
      await writer.stop();
    }
    await whole();
  });

  it("replay that is paused", async () => {
    await deployment.sql("pg3", "select pg_wal_replay_pause();");
    const paused = await until("pg3", "old", (one) => age(one) > 5);
    expect(paused.value("pgstack_node_replay_paused")).toBe(1);
    expect(paused.value("pgstack_receiver_streaming")).toBe(1);
    await deployment.sql("pg3", "select pg_wal_replay_resume();");
    await until("pg3", "resumed", (one) => one.value("pgstack_node_replay_paused") === 0);
    await whole();
  });

  it("a session that is idle in a transaction", async () => {
    const client = await connectClient(nodeUrl(outputs, "pg1"), { connectionTimeoutMillis: 5000, query_timeout: 5000 });
    await client.query("begin");
    await until("pg1", "idle", (one) => (one.value("pgstack_node_idle_in_transaction_seconds") ?? 0) > 2);
    await client.query("commit");
    expect((await scrape("pg1")).value("pgstack_node_idle_in_transaction_seconds")).toBe(0);
    await client.end();
  });

  it("a prepared transaction that nobody ends, and WAL that nobody archives", async () => {
    await deployment.sql("pg1", "begin; create table half (); prepare transaction 'half';");
    await until("pg1", "prepared", (one) => (one.value("pgstack_node_prepared_oldest_seconds") ?? 0) > 1);
    await deployment.sql("pg1", "rollback prepared 'half';");
    const restore = await editFile(deployment, "pg1", "postgresql.conf", (text) => `${text}\narchive_command = '/bin/false'\n`);
    await deployment.sql("pg1", "select from pg_reload_conf() \\g /dev/null\n");
    await deployment.sql("pg1", "select pg_switch_wal();");
    await until("pg1", "waiting", (one) => (one.value("pgstack_node_archive_waiting_seconds") ?? 0) > 2);
    await restore();
    await deployment.sql("pg1", "select from pg_reload_conf() \\g /dev/null\n");
    await until("pg1", "archived", (one) => one.value("pgstack_node_archive_waiting_seconds") === 0);
    expect((await scrape("pg1")).value("pgstack_node_prepared_oldest_seconds")).toBe(0);
    await whole();
  });

  it("clients that use up all connections: they are counted, and the heartbeat continues, also when its own session was lost", async () => {
    const limits = { connectionTimeoutMillis: 5000, query_timeout: 5000 };
    const clients: pg.Client[] = [];
    try {
      let refused = "";
      while (refused === "" && clients.length < 50) {
        const next = await connectClient(nodeUrl(outputs, "pg1"), limits).catch((error: Error) => error.message);
        if (typeof next === "string") refused = next;
        else clients.push(next);
      }
      expect(refused).toContain("remaining connection slots are reserved");
      const beat = "select round(extract(epoch from clock_timestamp() - at)) from pgstack.beat;";
      const session = "select pid from pg_stat_activity where application_name = 'pgstack heartbeat';";
      const before = await deployment.sql("pg1", session);
      await deployment.sql("pg1", "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgstack heartbeat';");
      // Its place goes to the quickest client.
      const quicker = await connectClient(nodeUrl(outputs, "pg1"), limits).catch(() => undefined);
      if (quicker !== undefined) clients.push(quicker);
      const again = async (): Promise<true | undefined> => {
        const after = await deployment.sql("pg1", session);
        return after !== "" && after !== before && Number(await deployment.sql("pg1", beat)) < 3 ? true : undefined;
      };
      expect(await poll(again, { everyMs: 200, timeoutMs: patienceMs })).toBe(true);
      const isFull = (one: Scrape): boolean =>
        (one.value("pgstack_node_connections_used") ?? 0) >= (one.value("pgstack_node_connections_max") ?? 99);
      await until("pg1", "full and fresh", (one) => isFull(one) && age(one) < 3);
      await until("pg2", "fresh", (one) => age(one) < 3);
    } finally {
      await Promise.all(clients.map((client) => client.end()));
    }
    await whole();
  });

  it("settings that were changed by hand, and those that wait for a restart", async () => {
    const file = "/var/lib/postgresql/data/pgdata/postgresql.auto.conf";
    const inPg3 = (script: string): Promise<string> => docker("exec", deployment.container("pg3"), "bash", "-c", script);
    await inPg3(`printf 'work_mem = 5MB\\nmax_wal_senders = 50\\n' >>${file}`);
    await deployment.sql("pg3", "select pg_reload_conf();");
    const changed = await until("pg3", "changed", (one) => one.value("pgstack_node_settings_pending_restart") === 1);
    expect(changed.value("pgstack_node_settings_by_hand")).toBe(1);
    await inPg3(`: >${file}`);
    await deployment.sql("pg3", "select pg_reload_conf();");
    const back = await until("pg3", "back", (one) => one.value("pgstack_node_settings_pending_restart") === 0);
    expect(back.value("pgstack_node_settings_by_hand")).toBe(0);
  });

  it("the figures of the disk are none when nobody measures any more", async () => {
    const file = "/run/postgresql/disk";
    const inPg3 = (script: string): Promise<string> => docker("exec", deployment.container("pg3"), "bash", "-c", script);
    await inPg3(`printf '100 50 1\\n' >${file}`);
    const old = await scrape("pg3");
    const [size, error] = [old.value("pgstack_node_disk_size_bytes"), old.value("pg_exporter_last_scrape_error")];
    expect([size, error]).toEqual([undefined, 0]);
  });

  it("a query that fails hides its own metrics alone, and shows", async () => {
    await deployment.sql("pg1", "revoke execute on function pgstack.disk() from monitoring;");
    const failing = await until("pg2", "failing", (one) => one.value("pg_exporter_last_scrape_error") === 1);
    const missing = [...onAll, ...onReplicas].filter((name) => failing.value(name) === undefined);
    expect(missing).toEqual(["pgstack_node_disk_size_bytes", "pgstack_node_disk_free_bytes"]);
    expect(failing.value("pg_up")).toBe(1);
    const refreshed = await deployment.up("--refresh", "--diff");
    expect(refreshed.output).toContain("monitoring may not call pgstack.disk()");
    await until(
      "pg2",
      "whole",
      (one) => one.value("pg_exporter_last_scrape_error") === 0 && one.value("pgstack_node_disk_size_bytes") !== undefined,
    );
    // The one whose figures were too old is measured again.
    await until("pg3", "measured", (one) => (one.value("pgstack_node_disk_size_bytes") ?? 0) > 100);
  });

  it("another number of replicas: exporters start again with it", async () => {
    deployment.configure({ replicas: 1 });
    await deployment.up();
    const leader = await until("pg1", "one", (one) => one.value("pgstack_replicas_declared") === 1);
    expect(leader.all("pgstack_slot_active").map(({ labels }) => labels["slot"])).toEqual(["pg2"]);
    await deployment.up("--expect-no-changes");
  });
});
