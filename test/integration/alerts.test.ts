import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import { fetchText } from "../../src/http.ts";
import { readExpression } from "../../src/promql/expression.ts";
import { PoolerConsole } from "../../src/pgbouncer/console.ts";
import { Deployment, nodeUrl } from "../../testing/deployment.ts";
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
/** How long the reported alerts must stay the same before they count. */
const steadyLooks = 4;

const cap = "128MB";

/**
 * Faults on real containers, and what a person is notified of: the notifications that Alertmanager would send, which are the
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

  /** `<alert> <node, slot or route>` of what Alertmanager reports now, without inhibited alerts. */
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

  /** Waits until exactly this is reported, and keeps being reported. */
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

  /** Runs faults one in another, and takes them back in the reverse order. */
  async function during(faults: readonly Fault[], look: () => Promise<void>): Promise<void> {
    const [fault, ...others] = faults;
    if (fault === undefined) return look();
    const undo = await fault();
    try {
      await during(others, look);
    } finally {
      await undo();
    }
  }

  const stopped =
    (service: string): Fault =>
    async () => {
      await docker("stop", "-t", "60", deployment.container(service));
      return () => docker("start", deployment.container(service));
    };

  const orphan: Fault = async () => {
    // It would keep what was written before the last checkpoint, and be reported as one that keeps much.
    await deployment.sql("pg1", "checkpoint; select pg_create_physical_replication_slot('forgotten', true);");
    return () => deployment.sql("pg1", "select pg_drop_replication_slot('forgotten');");
  };

  const pausedReplay: Fault = async () => {
    await deployment.sql("pg2", "select pg_wal_replay_pause();");
    return () => deployment.sql("pg2", "select pg_wal_replay_resume();");
  };

  const pausedRoute: Fault = async () => {
    const access = {
      address: { host: "127.0.0.1", port: outputs.check.target.processes[0]?.port ?? 0 },
      password: outputs.check.secrets.pgbouncer,
    };
    await PoolerConsole.with(access, (console) => console.pause("app_ro"));
    return () => PoolerConsole.with(access, (console) => console.resume("app_ro"));
  };

  const waitingClients: Fault = async () => {
    const clients = await connect(5, outputs.writeUrl);
    const busy = clients.map((client) => client.query("select pg_sleep(600)").catch(() => undefined));
    return async () => {
      await endSessions("query like '%pg_sleep(600)%'");
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
      await Promise.all(busy);
      await endSessions("usename = 'app'");
    };
  };

  const usedConnections: Fault = async () => {
    const most = await deployment.sql(
      "pg2",
      "select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int;",
    );
    const clients = await connect(Math.ceil(Number(most) * 0.8), nodeUrl(outputs, "pg2"));
    return () => Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  };

  const idleTransaction: Fault = async () => {
    const [client] = await connect(1, nodeUrl(outputs, "pg1"));
    await client?.query("begin; select 1");
    return () => client?.end() ?? Promise.resolve();
  };

  const settingsByHand: Fault = async () => {
    const file = "/var/lib/postgresql/data/pgdata/postgresql.auto.conf";
    const inPg3 = (script: string): Promise<void> => docker("exec", deployment.container("pg3"), "bash", "-c", script);
    await inPg3(`cp ${file} /tmp/auto && printf "work_mem = 9MB\nmax_connections = 222\n" >>${file}`);
    await deployment.sql("pg3", "select pg_reload_conf();");
    return async () => {
      await inPg3(`cat /tmp/auto >${file}`);
      await deployment.sql("pg3", "select pg_reload_conf();");
    };
  };

  const endSessions = (which: string): Promise<string> =>
    deployment.sql("pg1", `select pg_terminate_backend(pid) from pg_stat_activity where ${which} and pid <> pg_backend_pid();`);

  it("reports nothing for a healthy cluster, and every rule can be evaluated", async () => {
    await tells();
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

  it("a stopped replica is down, a stopped pooler too, and of a stopped exporter's server nothing is said", async () => {
    await during(["pg3", "pgbouncer-1", "pgbouncer-2", "pg2-exporter"].map(stopped), () =>
      tells("PostgresDown pg3", "PoolerDown", "ExporterDown pg2"),
    );
    await tells();
  });

  it("unrelated faults are reported at once, each by its name", async () => {
    await during([orphan, pausedRoute, usedConnections, idleTransaction, settingsByHand], () =>
      tells(
        "SlotOrphaned forgotten",
        "PoolerPaused app_ro",
        "ConnectionsUsed pg2",
        "IdleInTransaction pg1",
        "ConfigDrift pg3",
        "PendingRestart pg3",
      ),
    );
    await tells();
  });

  it("paused replay is reported as that, not as lag; clients that wait for a server connection wait", async () => {
    await during([pausedReplay, waitingClients], async () => {
      // The lag is there, and kept quiet.
      const lag = await poll(async () => ((await prometheus.alerts()).some(isFiring("ReplicaLagSeconds", "pg2")) ? true : undefined), {
        everyMs: 500,
        timeoutMs: patienceMs,
      });
      expect(lag).toBe(true);
      await tells("ReplayPaused pg2", "PoolerClientsWaiting app");
    });
    await tells();
  });

  it("a replica that runs without a stream is disconnected, and the WAL kept for it grows towards its cap", async () => {
    // Only a new login is refused: the other replica keeps its stream.
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
    await tells();
  });

  // The last ones: each continues from the one before, and nobody deploys.
  describe("of a leader that moves", () => {
    /** Roles as they are recorded: `pg1 leader`. */
    const roles = async (): Promise<readonly string[]> =>
      (await prometheus.query("pgstack:node_role == 1")).map(({ labels }) => `${labels["node"]} ${labels["role"]}`).toSorted();

    const wordsOf = async (alert: string): Promise<readonly string[]> =>
      (await prometheus.alerts())
        .filter(({ labels, state }) => labels["alertname"] === alert && state === "firing")
        .map(({ annotations }) => `${annotations["summary"]}: ${annotations["description"]}`);

    it("a stopped leader is down, writes fail, and its replicas are not blamed for it", async () => {
      expect(await roles()).toEqual(["pg1 leader", "pg2 replica", "pg3 replica"]);
      await docker("stop", "-t", "60", deployment.container("pg1"));
      await tells("PostgresDown pg1");
      expect(await wordsOf("PostgresDown")).toEqual([expect.stringMatching(/^PostgreSQL on pg1 \(leader\) is down .*Writes fail\.$/)]);
    });

    it("another node that leads is the leader, the old one a replica that is down, and a node that does not follow is reported", async () => {
      await deployment.sql("pg2", "select pg_promote();");
      await tells("PostgresDown pg1", "TimelineSplit pg3", "ReplicasMissing");
      expect(await roles()).toEqual(["pg1 replica", "pg2 leader", "pg3 replica"]);
      expect(await wordsOf("PostgresDown")).toEqual([
        expect.stringMatching(/^PostgreSQL on pg1 \(replica\) is down .*Reads go to the other nodes\.$/),
      ]);
      const slots = await prometheus.query("pgstack_slot_declared");
      expect(slots.map(({ labels }) => `${labels["node"]}: ${labels["slot"]}`).toSorted()).toEqual(["pg2: pg1", "pg2: pg3"]);
    });

    it("a second leader is reported above all", async () => {
      await deployment.sql("pg3", "select pg_promote();");
      await tells("LeaderCount", "PostgresDown pg1");
      expect(await roles()).toEqual(["pg1 replica", "pg2 leader", "pg3 leader"]);
    });
  });
});

/** Does harm, and says how it is taken back. */
type Fault = () => Promise<() => Promise<unknown>>;

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
