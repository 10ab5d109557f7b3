import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import { fetchText } from "../../src/http.ts";
import { readExpression } from "../../src/promql/expression.ts";
import { PoolerConsole } from "../../src/pgbouncer/console.ts";
import { Deployment } from "../../testing/deployment.ts";
import type { Outputs } from "../../testing/deployment.ts";
import { Prometheus } from "../../testing/prometheus.ts";
import { run } from "../../testing/run.ts";

/** Seconds instead of minutes: the same rules, with thresholds that a test can wait for. */
const quick = {
  PostgresDown: { critical: "3s" },
  PoolerDown: { critical: "3s" },
  ExporterDown: { critical: "3s" },
  MetricsMissing: { critical: "5s" },
  TimelineSplit: { critical: "3s" },
  ReplicaLagSeconds: { warning: "5s", critical: "1h", for: "2s" },
  ReplicaDisconnected: { critical: "3s" },
  ReplicasMissing: { warning: "3s", critical: "3s" },
  ReplayPaused: { warning: "3s", critical: "1h" },
  SlotInactive: { warning: "3s", critical: "1h" },
  SlotRetainedWal: { for: "2s" },
  SlotOrphaned: { warning: "3s" },
  ConnectionsUsed: { for: "2s" },
  PoolerClientsWaiting: { critical: "1h", for: "2s" },
  PoolerPaused: { warning: "3s", critical: "1h" },
  PendingRestart: { warning: "3s" },
  ConfigDrift: { warning: "3s" },
  IdleInTransaction: { warning: "8s", critical: "1h" },
  HeartbeatStale: { warning: "10s", critical: "1h", for: "2s" },
};

/** How long an alert may take to fire, or to end, in milliseconds. */
const patienceMs = 90_000;
/** For how long what is told must stay the same before it counts. */
const steadyLooks = 4;

const cap = "128MB";

/**
 * Faults on real containers, and what a person is told of each: the notifications that Alertmanager would send, which are the
 * alerts that fire less those that others keep quiet.
 */
describe("alerts", () => {
  let deployment: Deployment;
  let outputs: Outputs;
  let prometheus: Prometheus;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", {
      replicas: "2",
      memory: "512MB",
      slotWalCap: cap,
      settings: { max_wal_size: "1GB", wal_keep_size: "0" },
      pooler: { poolSize: 2, reserveSize: 0, memory: "64MB" },
      monitoring: { prometheus: true, scrapeInterval: "2s", alertmanager: {}, alerts: quick },
    });
    await deployment.up();
    outputs = await deployment.outputs();
    prometheus = new Prometheus(outputs.check.target.monitoring?.prometheus.port ?? 0);
    await prometheus.settled(patienceMs);
  });
  afterAll(() => deployment?.remove());

  /** `<alert> <node, slot or route>` of what Alertmanager tells now: not of what others keep quiet. */
  async function told(): Promise<readonly string[]> {
    const port = outputs.check.target.monitoring?.alertmanager?.port ?? 0;
    const text = await fetchText({ host: "127.0.0.1", port }, "/api/v2/alerts?active=true&silenced=false&inhibited=false", {
      signal: AbortSignal.timeout(5000),
    });
    const alerts = JSON.parse(text) as readonly { readonly labels: Readonly<Record<string, string>> }[];
    return alerts
      .map(({ labels }) => [labels["alertname"], labels["node"] ?? labels["slot"] ?? labels["route"] ?? ""].join(" ").trim())
      .toSorted();
  }

  /** Waits until exactly this is told, and goes on being told. */
  async function tells(...expected: readonly string[]): Promise<void> {
    const wanted = expected.toSorted();
    let seen: readonly string[] = [];
    let looks = 0;
    await poll(
      async () => {
        seen = await told();
        looks = seen.join() === wanted.join() ? looks + 1 : 0;
        return looks >= steadyLooks ? true : undefined;
      },
      { everyMs: 1000, timeoutMs: patienceMs },
    );
    expect(seen).toEqual(wanted);
    expect(looks).toBeGreaterThanOrEqual(steadyLooks);
  }

  const docker = async (...args: readonly string[]): Promise<void> => {
    const { code, output } = await run("docker", args);
    if (code !== 0) throw new Error(output);
  };

  /** Nothing is told by anybody before a fault, so what is told then comes from it. */
  beforeEach(async () => tells(), patienceMs * 3);

  it("tells nothing of a healthy cluster, and every rule can be evaluated", async () => {
    expect((await prometheus.rules()).filter(({ health }) => health !== "ok")).toEqual([]);
    expect(await prometheus.alerts()).toEqual([]);
  });

  it("asks for nothing that is not there: every selector of every rule finds series", async () => {
    const rules = await prometheus.rules();
    const selectors = [...new Set(rules.flatMap(({ query }) => readExpression(query).selectors))];
    expect(selectors.length).toBeGreaterThan(30);
    const found = await Promise.all(selectors.map(async (selector) => ({ selector, series: (await prometheus.query(selector)).length })));
    expect(found.filter(({ series }) => series === 0).map(({ selector }) => selector)).toEqual([]);
  });

  it("a stopped replica is down", async () => {
    await docker("stop", "-t", "60", deployment.container("pg3"));
    try {
      await tells("PostgresDown pg3");
    } finally {
      await docker("start", deployment.container("pg3"));
    }
  });

  it("a replica that runs without a stream is disconnected, and the WAL kept for it grows towards its cap", async () => {
    // Only whoever comes anew is refused: the other replica keeps its stream.
    await deployment.sql("pg1", "alter role replicator nologin;");
    await deployment.sql(
      "pg1",
      "select pg_terminate_backend(pid) from pg_stat_replication where application_name = 'pg2'; create table filler (text text);",
    );
    try {
      await tells("ReplicaDisconnected pg2");
      await deployment.sql("pg1", "insert into filler select repeat(md5(i::text), 30) from generate_series(1, 80000) i;");
      await tells("ReplicaDisconnected pg2", "SlotRetainedWal pg2");
    } finally {
      await deployment.sql("pg1", "alter role replicator login; drop table filler;");
    }
  });

  it("a slot that nobody declared is an orphan", async () => {
    // It would keep what was written before the last checkpoint, and be told as one that keeps much.
    await deployment.sql("pg1", "checkpoint; select pg_create_physical_replication_slot('forgotten', true);");
    try {
      await tells("SlotOrphaned forgotten");
    } finally {
      await deployment.sql("pg1", "select pg_drop_replication_slot('forgotten');");
    }
  });

  it("paused replay is told as that, not as lag", async () => {
    await deployment.sql("pg2", "select pg_wal_replay_pause();");
    try {
      await tells("ReplayPaused pg2");
      // The lag is there, and kept quiet.
      const lag = await poll(async () => ((await prometheus.alerts()).some(isFiring("ReplicaLagSeconds", "pg2")) ? true : undefined), {
        everyMs: 500,
        timeoutMs: patienceMs,
      });
      expect(lag).toBe(true);
      await tells("ReplayPaused pg2");
    } finally {
      await deployment.sql("pg2", "select pg_wal_replay_resume();");
    }
  });

  it("a paused route is paused", async () => {
    const access = {
      address: { host: "127.0.0.1", port: outputs.check.target.poolerPort },
      password: outputs.check.secrets.pgbouncer,
    };
    await PoolerConsole.with(access, (console) => console.pause("app_ro"));
    try {
      await tells("PoolerPaused app_ro");
    } finally {
      await PoolerConsole.with(access, (console) => console.resume("app_ro"));
    }
  });

  it("clients that wait for a server connection wait", async () => {
    const clients = await connect(5, outputs.writeUrl);
    try {
      const busy = clients.map((client) => client.query("select pg_sleep(600)").catch(() => undefined));
      await tells("PoolerClientsWaiting app");
      await deployment.sql(
        "pg1",
        "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid();",
      );
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
      await Promise.all(busy);
    } finally {
      await deployment.sql(
        "pg1",
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app' and pid <> pg_backend_pid();",
      );
    }
  });

  it("connections that run out are used up", async () => {
    const most = Number(
      await deployment.sql(
        "pg2",
        "select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int;",
      ),
    );
    const clients = await connect(Math.ceil(most * 0.8), outputs.replicaUrls["pg2"] ?? "");
    try {
      await tells("ConnectionsUsed pg2");
    } finally {
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    }
  });

  it("a transaction that idles is told by its node", async () => {
    const [client] = await connect(1, outputs.directUrl);
    try {
      await client?.query("begin; select 1");
      await tells("IdleInTransaction pg1");
    } finally {
      await client?.end();
    }
  });

  it("a stopped exporter is down, and nothing is said of its server", async () => {
    await docker("stop", "-t", "10", deployment.container("pg2-exporter"));
    try {
      await tells("ExporterDown pg2");
    } finally {
      await docker("start", deployment.container("pg2-exporter"));
    }
  });

  it("settings that were changed by hand are drift, and those that need a restart wait for one", async () => {
    const file = "/var/lib/postgresql/data/pgdata/postgresql.auto.conf";
    await docker(
      "exec",
      deployment.container("pg3"),
      "bash",
      "-c",
      `cp ${file} /tmp/auto && printf "work_mem = 9MB\nmax_connections = 222\n" >>${file}`,
    );
    await deployment.sql("pg3", "select pg_reload_conf();");
    try {
      await tells("ConfigDrift pg3", "PendingRestart pg3");
    } finally {
      await docker("exec", deployment.container("pg3"), "bash", "-c", `cat /tmp/auto >${file}`);
      await deployment.sql("pg3", "select pg_reload_conf();");
    }
  });

  it("a stopped pooler is down", async () => {
    await docker("stop", "-t", "60", deployment.container("pgbouncer"));
    try {
      await tells("PoolerDown");
    } finally {
      await docker("start", deployment.container("pgbouncer"));
    }
  });

  it("a stopped leader is down, and its replicas are not blamed for it", async () => {
    await docker("stop", "-t", "60", deployment.container("pg1"));
    try {
      await tells("PostgresDown pg1");
    } finally {
      await docker("start", deployment.container("pg1"));
    }
  });

  // The last one: the promoted node's data is no replica's any more.
  it("a second leader is told above all", async () => {
    await deployment.sql("pg3", "select pg_promote();");
    await tells("LeaderCount");
  });
});

function isFiring(
  alert: string,
  node: string,
): (active: { readonly state: string; readonly labels: Readonly<Record<string, string>> }) => boolean {
  return ({ state, labels }) => state === "firing" && labels["alertname"] === alert && labels["node"] === node;
}

async function connect(count: number, url: string): Promise<readonly pg.Client[]> {
  const clients = Array.from({ length: count }, () => new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 }));
  for (const client of clients) client.on("error", () => undefined);
  await Promise.all(clients.map((client) => client.connect()));
  return clients;
}
