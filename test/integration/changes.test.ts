import type pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import { containerState } from "../../src/engine/container.ts";
import { execInContainer } from "../../src/engine/exec.ts";
import type { RunningRoute } from "../../src/pgbouncer/console.ts";
import { PoolerConsole } from "../../src/pgbouncer/console.ts";
import { connectClient } from "../../testing/client.ts";
import { Deployment } from "../../testing/deployment.ts";
import type { StackConfig } from "../../testing/deployment.ts";
import { PulumiProcess, processesOf } from "../../testing/pulumi-process.ts";
import { impactItems, previewOf } from "../../testing/impact-preview.ts";
import { Load } from "../../testing/load.ts";
import { run } from "../../testing/run.ts";
import { UnderLoad } from "../../testing/under-load.ts";

describe("changes under load", { timeout: 300_000 }, () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.create("production", { replicas: 2, exporters: false, monitoring: undefined, pooler: { processes: 3 } });
    await deployment.up();
  }, 180_000);
  afterAll(() => deployment.remove(), 120_000);

  /**
   * Applies a change while clients work; none may see a failure, no confirmed row may be lost, servers restart as the preview
   * has said and in that order, and nothing is left to do.
   */
  async function change(config: StackConfig): Promise<readonly { readonly class: string; readonly nodes: readonly string[] }[]> {
    const { writeUrl, readUrl } = await deployment.outputs();
    deployment.configure(config);
    const items = await impactItems(deployment);
    const before = await starts();
    const result = await Load.during({ writeUrl, readUrl }, () => deployment.up());
    const { write, read } = result;
    expect({ write: write.failures, read: read.failures, closed: write.closed + read.closed }).toEqual({ write: {}, read: {}, closed: 0 });
    expect(await startedSince(before)).toEqual(predicted(items, [...before.keys()]));
    const cluster = await UnderLoad.of(deployment);
    await cluster.expectHealthy();
    await cluster.expectNothingLost(result);
    await deployment.up("--expect-no-changes");
    return items;
  }

  const nodes = ["pg1", "pg2", "pg3", "pg4", "pooler", "pgbouncer-1", "pgbouncer-2", "pgbouncer-3"];

  /** When each container was started last. */
  async function starts(): Promise<ReadonlyMap<string, string>> {
    const seen = await Promise.all(
      nodes.map(async (name) => {
        try {
          return [[name, (await deployment.engine.getContainer(deployment.container(name)).inspect()).State.StartedAt] as const];
        } catch {
          return [];
        }
      }),
    );
    return new Map(seen.flat());
  }

  /** Containers that were there and have been restarted, in that order. */
  async function startedSince(before: ReadonlyMap<string, string>): Promise<readonly string[]> {
    const now = await starts();
    return [...now]
      .filter(([name, at]) => before.has(name) && before.get(name) !== at)
      .toSorted(([, a], [, b]) => (a < b ? -1 : 1))
      .map(([name]) => name);
  }

  /** What the preview says will restart, by each one's last turn. */
  function predicted(
    items: readonly { readonly class: string; readonly nodes: readonly string[] }[],
    existing: readonly string[],
  ): readonly string[] {
    const steps = ["restart", "restart-leader-first", "replace", "reclone", "pooler-replace", "pooler-restart"];
    const turns = items.filter((item) => steps.includes(item.class)).flatMap((item) => item.nodes);
    return turns.filter((name, at) => existing.includes(name) && turns.lastIndexOf(name) === at);
  }

  const setting = (name: string, node = "pg1"): Promise<string> => deployment.sql(node, `show ${name}`);

  const classes = (items: readonly { readonly class: string }[]): readonly string[] => items.map((item) => item.class);

  it("work_mem takes effect by a reload", async () => {
    expect(classes(await change({ settings: { work_mem: "7MB" } }))).toEqual(["reload"]);
    for (const node of ["pg1", "pg2", "pg3"]) expect(await setting("work_mem", node)).toBe("7MB");
  });

  it("shared_buffers restarts replicas, then the leader", async () => {
    const items = await change({ settings: { shared_buffers: "200MB" } });
    expect(items.find((item) => item.class === "restart")?.nodes).toEqual(["pg2", "pg3", "pg1"]);
    for (const node of ["pg1", "pg2", "pg3"]) expect(await setting("shared_buffers", node)).toBe("200MB");
  });

  it("max_connections is raised on replicas first", async () => {
    const items = await change({ settings: { max_connections: 160 } });
    expect(items.find((item) => item.class === "restart")?.nodes).toEqual(["pg2", "pg3", "pg1"]);
    for (const node of ["pg1", "pg2", "pg3"]) expect(await setting("max_connections", node)).toBe("160");
  });

  it("max_connections is lowered on the leader first", async () => {
    const items = await change({ settings: { max_connections: 150 } });
    expect(items.find((item) => item.class === "restart-leader-first")?.nodes).toEqual(["pg1", "pg2", "pg3"]);
    for (const node of ["pg1", "pg2", "pg3"]) expect(await setting("max_connections", node)).toBe("150");
  });

  it("one limit lowered with another one raised restarts replicas before and after the leader", async () => {
    const items = await change({ settings: { max_connections: 145, max_locks_per_transaction: 80 } });
    expect(items.find((item) => item.class === "restart")?.nodes).toEqual(["pg2", "pg3", "pg1", "pg2", "pg3"]);
    for (const node of ["pg1", "pg2", "pg3"]) {
      expect(await setting("max_connections", node)).toBe("145");
      expect(await setting("max_locks_per_transaction", node)).toBe("80");
    }
  });

  it("a setting of new sessions touches no server", async () => {
    const items = await change({ settings: { max_connections: 145, max_locks_per_transaction: 80, log_connections: "on" } });
    expect(classes(items)).toEqual(["new-sessions"]);
  });

  it("a memory limit replaces containers one at a time", async () => {
    const items = await change({ memory: "1536MB" });
    expect(items.find((item) => item.class === "replace")?.nodes).toEqual(["pg2", "pg3", "pg1"]);
  });

  it("another image replaces containers one at a time", async () => {
    const image = (await deployment.engine.getContainer(deployment.container("pg1")).inspect()).Config.Image;
    const repo = `pgstack-test/${deployment.stack}`;
    await deployment.engine.getImage(image).tag({ repo, tag: "other" });
    try {
      const items = await change({ images: { postgres: `${repo}:other` } });
      expect(items.find((item) => item.class === "replace")?.nodes).toEqual(["pg2", "pg3", "pg1"]);
      await change({ images: undefined });
    } finally {
      await deployment.engine.getImage(`${repo}:other`).remove();
    }
  });

  it("replicas come and go", async () => {
    expect(classes(await change({ replicas: 3 }))).toContain("no-effect");
    await change({ replicas: 1 });
    await change({ replicas: 2 });
  });

  it("a replica is re-cloned when stack config asks for it, and its old data is set aside", async () => {
    const items = await change({ reclone: { pg3: "first" } });
    expect(items).toMatchObject([{ class: "reclone", nodes: ["pg3"] }]);
    expect(await dataOf("pg3")).toMatch(/pgdata\.aside-\d{8}T\d{6}Z/);
    // A restart does not do it again.
    await deployment.engine.getContainer(deployment.container("pg3")).restart();
    await (await UnderLoad.of(deployment)).expectHealthy();
    expect((await dataOf("pg3")).match(/aside/g)).toHaveLength(1);
  });

  it("pool sizes change by a reload", async () => {
    expect(classes(await change({ pooler: { poolSize: 20, processes: 3 } }))).toEqual(["reload"]);
  });

  it("a declared user comes and goes", async () => {
    await change({ users: { reporter: { access: { app: "read" } } } });
    await change({ users: undefined });
  });

  async function dataOf(node: string): Promise<string> {
    return (await execInContainer(deployment.engine, deployment.container(node), ["ls", "/var/lib/postgresql/data"], "")).stdout;
  }
});

describe("changes that cannot be made", { timeout: 300_000 }, () => {
  let deployment: Deployment;

  const clients: pg.Client[] = [];

  async function inTransaction(url: string): Promise<pg.Client> {
    const client = await connectClient(url, { connectionTimeoutMillis: 30_000, query_timeout: 30_000 });
    clients.push(client);
    await client.query("begin");
    return client;
  }

  /** How often the engine has started a node's container again. */
  const restartsOf = async (node: string): Promise<number> =>
    (await containerState(deployment.engine, deployment.container(node)))?.restartCount ?? 0;

  const settingsFileOf = async (node: string): Promise<string> =>
    (await execInContainer(deployment.engine, deployment.container(node), ["cat", "/etc/pgstack/postgresql.conf"], "")).stdout;

  const trialsLeft = async (): Promise<readonly string[]> =>
    (
      await deployment.engine.listContainers({ all: true, filters: { label: ["pgstack.throw-away"], name: [deployment.container("pg")] } })
    ).flatMap(({ Names }) => Names);

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { exporters: false, pooler: { drainTimeout: "3s" } });
    await deployment.up();
  }, 180_000);
  // A transaction that a failed test leaves open would hold up the next one.
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.end())).then(() => undefined));
  afterAll(() => deployment.remove(), 120_000);

  it("a long transaction on the leader ends the attempt, and nobody waits", async () => {
    const { writeUrl } = await deployment.outputs();
    const client = await inTransaction(writeUrl);
    await client.query("create table held ()");
    deployment.configure({ settings: { shared_buffers: "200MB" } });
    const failed = await deployment.tryUp();
    expect(failed.code).not.toBe(0);
    expect(failed.output).toMatch(
      /pg1: a restart would cut long transactions.*pid \d+ \(app@app\) in a transaction for \d+ s, idle in transaction/s,
    );
    expect(failed.output).not.toContain("create table held");
    // The replica is through, the leader is as it was, and its clients work.
    expect(await deployment.sql("pg2", "show shared_buffers")).toBe("200MB");
    expect(await deployment.sql("pg1", "show shared_buffers")).toBe("256MB");
    // What was done is taken back when stack config goes back, and preview says that something is to be done.
    deployment.configure({ settings: undefined });
    const half = await previewOf(deployment);
    expect(half.out).toContain("\nthe last deployment left restarts half done: the next one completes it too\nnothing changes\n");
    await deployment.up();
    expect((await previewOf(deployment)).out).not.toContain("the last deployment");
    for (const node of ["pg1", "pg2"]) expect(await deployment.sql(node, "show shared_buffers")).toBe("256MB");
    deployment.configure({ settings: { shared_buffers: "200MB" } });
    await client.query("commit");
    await deployment.up();
    expect(await deployment.sql("pg1", "show shared_buffers")).toBe("200MB");
  });

  it("a long read on a replica ends the attempt, and the replica stays in rotation", async () => {
    const { readUrl } = await deployment.outputs();
    const client = await inTransaction(readUrl);
    await client.query("select 1");
    deployment.configure({ settings: { shared_buffers: "210MB" } });
    const failed = await deployment.tryUp();
    expect(failed.output).toMatch(/pg2: reads on it did not end within 3 s, so it was not touched: pid \d+ \(app@app\)/);
    await client.query("select 1");
    await client.query("commit");
    const cluster = await UnderLoad.of(deployment);
    const others = async (): Promise<readonly string[]> => (await cluster.look()).filter((line) => !line.startsWith("restart-pending"));
    await expect.poll(others, { timeout: 30_000, interval: 200 }).toEqual([]);
    await deployment.up();
    for (const node of ["pg1", "pg2"]) expect(await deployment.sql(node, "show shared_buffers")).toBe("210MB");
  });

  it("a setting that servers do not start with is refused before any of them has it", async () => {
    const { writeUrl, readUrl } = await deployment.outputs();
    const { write, read } = await Load.during({ writeUrl, readUrl }, async () => {
      deployment.configure({ settings: { shared_buffers: "210MB", shared_preload_libraries: "pg_stat_statements,none_such" } });
      const failed = await deployment.tryUp();
      expect(failed.code).not.toBe(0);
      expect(failed.output).toMatch(
        /pg\d: PostgreSQL does not start and serve with these settings: could not access file "none_such": No such file or directory/,
      );
      for (const node of ["pg1", "pg2"]) expect(await settingsFileOf(node)).not.toContain("none_such");
      deployment.configure({ settings: { shared_buffers: "210MB" } });
      await deployment.up();
    });
    expect({ write: write.failures, read: read.failures }).toEqual({ write: {}, read: {} });
    expect(await trialsLeft()).toEqual([]);
    await (await UnderLoad.of(deployment)).expectHealthy();
    await deployment.up("--expect-no-changes");
  });

  it("an image that does not start is refused while everything continues", async () => {
    const pooler = (await deployment.engine.getContainer(deployment.container("pgbouncer-1")).inspect()).Config.Image;
    const before = await restartsOf("pg2");
    deployment.configure({ images: { postgres: pooler } });
    const { code, output } = await deployment.tryUp();
    expect(code).not.toBe(0);
    expect(output).toMatch(/PostgreSQL does not start and serve with these settings: .*initdb: command not found/);
    deployment.configure({ images: undefined });
    await deployment.up();
    expect(await restartsOf("pg2")).toBe(before);
  });

  it("an image that starts, but not on this data, stops at a replica; the next up continues there", async () => {
    const { writeUrl, readUrl } = await deployment.outputs();
    const { Image, User } = (await deployment.engine.getContainer(deployment.container("pg2")).inspect()).Config;
    const broken = `${deployment.container("broken")}:test`;
    const dockerfile = `FROM ${Image}\nUSER root\nRUN rm /usr/lib/postgresql/*/bin/pg_controldata\nUSER ${User}\n`;
    const built = await run("docker", ["build", "--network", "none", "--tag", broken, "-"], {
      stdin: dockerfile,
      env: { ...process.env, DOCKER_BUILDKIT: "0" },
    });
    expect(built.code, built.output).toBe(0);
    const result = await Load.during({ writeUrl, readUrl }, async () => {
      deployment.configure({ images: { postgres: broken } });
      const failed = await deployment.tryUp();
      expect(failed.code).not.toBe(0);
      expect(failed.output).toMatch(/pg2: not ready: /);
      // A person has to decide. Meanwhile the engine lets more and more time pass between two starts.
      const waits = async (): Promise<true | undefined> => ((await restartsOf("pg2")) >= 8 ? true : undefined);
      expect(await poll(waits, { everyMs: 200, timeoutMs: 120_000 })).toBe(true);
      deployment.configure({ images: undefined });
      await deployment.up();
    });
    await run("docker", ["rmi", broken]);
    expect({ write: result.write.failures, read: result.read.failures }).toEqual({ write: {}, read: {} });
    const cluster = await UnderLoad.of(deployment);
    await cluster.expectHealthy();
    await cluster.expectNothingLost(result);
    await deployment.up("--expect-no-changes");
  });

  it("a deployment killed during a pause leaves no client waiting, and the next one completes", async () => {
    const { writeUrl, readUrl } = await deployment.outputs();
    const { adminUrl } = await deployment.outputs();
    const isPaused = async (): Promise<boolean> => (await routes(adminUrl)).some((route) => route.isPaused);
    const result = await Load.during({ writeUrl, readUrl }, async () => {
      deployment.configure({ settings: { shared_buffers: "220MB" } });
      const up = PulumiProcess.up(deployment);
      // One session for all looks: the pause lasts as long as a server needs to start, and a login may take longer.
      await onConsole(adminUrl, (console) => {
        const paused = async (): Promise<true | undefined> => ((await console.routes()).some((route) => route.isPaused) ? true : undefined);
        return poll(paused, { everyMs: 5, timeoutMs: 60_000 });
      });
      // The plugin first: it is what would end the pause.
      for (const id of [...processesOf(deployment).keys()].toReversed()) process.kill(id, "SIGKILL");
      up.kill();
      expect(await isPaused()).toBe(true);
      // The server may be down at that moment: the restart has its own course inside the engine.
      expect(await poll(async () => ((await isPaused()) ? undefined : true), { everyMs: 200, timeoutMs: 45_000 })).toBe(true);
      await deployment.pulumi("cancel", "--yes", "--stack", deployment.stack);
      await deployment.up();
    });
    expect({ write: result.write.failures, read: result.read.failures }).toEqual({ write: {}, read: {} });
    for (const node of ["pg1", "pg2"]) expect(await deployment.sql(node, "show shared_buffers")).toBe("220MB");
    await (await UnderLoad.of(deployment)).expectHealthy();
  });
});

function routes(adminUrl: string): Promise<readonly RunningRoute[]> {
  return onConsole(adminUrl, (console) => console.routes());
}

function onConsole<T>(adminUrl: string, work: (console: PoolerConsole) => Promise<T>): Promise<T> {
  const { hostname: host, port, password } = new URL(adminUrl);
  return PoolerConsole.with({ address: { host, port: Number(port) }, password }, work);
}
