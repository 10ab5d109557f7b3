import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import { containerState, lastLogLines } from "../../src/engine/container.ts";
import { connectClient } from "../../testing/client.ts";
import { Deployment, nodeUrl } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";

const patienceMs = 30_000;

/** A second process in the server\'s container: what happens to one must not happen to the other. */
describe("the heartbeat's process", () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { memory: "512MB", exporters: false });
    await deployment.up();
  });
  afterAll(() => deployment?.remove());

  async function inNode(node: string, script: string): Promise<string> {
    const result = await run("docker", ["exec", deployment.container(node), "bash", "-c", script]);
    if (result.code !== 0) throw new Error(result.output);
    return result.stdout.trim();
  }

  /** Process ids by the beginning of their command lines. */
  async function processes(node: string, beginning: string): Promise<readonly string[]> {
    const script = `for p in /proc/[0-9]*; do c=$(tr '\\0' ' ' 2>/dev/null <"$p/cmdline") || continue; [[ $c != "${beginning}"* ]] || echo "\${p#/proc/}"; done`;
    return (await inNode(node, script)).split("\n").filter((id) => id !== "");
  }

  const age = async (node: string): Promise<number> =>
    Number(await deployment.sql(node, "select extract(epoch from clock_timestamp() - at) from pgstack.beat;"));

  const last = async (node: string): Promise<number> =>
    Number(await deployment.sql(node, "select extract(epoch from at) from pgstack.beat;"));

  /** Waits for a beat that comes after this call, and is fresh. */
  async function beats(node: string): Promise<void> {
    const attempt = async (): Promise<number | undefined> => last(node).catch(() => undefined);
    const before = await poll(attempt, { everyMs: 200, timeoutMs: patienceMs });
    const another = async (): Promise<true | undefined> =>
      ((await attempt()) ?? 0) > (before ?? 0) && (await age(node)) < 3 ? true : undefined;
    expect(await poll(another, { everyMs: 200, timeoutMs: patienceMs })).toBe(true);
  }

  async function log(node: string): Promise<string> {
    return (await lastLogLines(deployment.engine, deployment.container(node), 500)).join("\n");
  }

  it("writes on the leader and keeps off the replica", async () => {
    await beats("pg1");
    await beats("pg2");
    expect(await processes("pg1", "pgstack: heartbeat")).toHaveLength(1);
    expect(await processes("pg1", "psql -XAtq -h")).toHaveLength(1);
    expect(await processes("pg2", "pgstack: heartbeat")).toHaveLength(1);
    expect(await processes("pg2", "psql -XAtq -h")).toEqual([]);
  });

  it("holds no lock on the data volume, and is no burden", async () => {
    const [id = ""] = await processes("pg1", "pgstack: heartbeat");
    expect(await inNode("pg1", `ls -l /proc/${id}/fd /proc/1/fd | grep -c pgstack.lock`)).toBe("1");
    expect(Number(await inNode("pg1", `sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/${id}/status`))).toBeLessThan(20_000);
  });

  it("leaves no line in the log, neither of the leader nor of the replica", async () => {
    for (const node of ["pg1", "pg2"]) expect(await log(node)).not.toMatch(/pgstack\.beat|pgstack heartbeat|untracked/);
  });

  it("comes back when its session is ended, and when its psql is killed", async () => {
    await deployment.sql("pg1", "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgstack heartbeat';");
    await beats("pg1");
    const [psql = ""] = await processes("pg1", "psql -XAtq -h");
    await inNode("pg1", `kill -KILL ${psql}`);
    const another = async (): Promise<true | undefined> => {
      const [now] = await processes("pg1", "psql -XAtq -h");
      return now !== undefined && now !== psql ? true : undefined;
    };
    expect(await poll(another, { everyMs: 200, timeoutMs: patienceMs })).toBe(true);
    await beats("pg1");
  });

  it("may be killed: the server takes it for no crash of its own, sessions continue, the stop is quick", async () => {
    const client = await connectClient(nodeUrl(await deployment.outputs(), "pg1"), { connectionTimeoutMillis: 5000, query_timeout: 5000 });
    const before = await log("pg1");
    const [id = ""] = await processes("pg1", "pgstack: heartbeat");
    await inNode("pg1", `kill -KILL ${id}`);
    const silent = async (): Promise<true | undefined> => ((await age("pg1")) > 4 ? true : undefined);
    expect(await poll(silent, { everyMs: 200, timeoutMs: patienceMs })).toBe(true);
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    expect(await log("pg1")).toBe(before);
    await client.end();
    const began = performance.now();
    await run("docker", ["restart", deployment.container("pg1")]);
    expect(performance.now() - began).toBeLessThan(10_000);
    await beats("pg1");
  });

  it.each([
    ["fast", "INT"],
    ["smart", "TERM"],
  ])("does not hold up a %s shutdown", async (_name, signal) => {
    await beats("pg1");
    const began = performance.now();
    await run("docker", ["kill", "--signal", signal, deployment.container("pg1")]);
    const ended = async (): Promise<true | undefined> =>
      (await containerState(deployment.engine, deployment.container("pg1")))?.running === false ? true : undefined;
    expect(await poll(ended, { everyMs: 100, timeoutMs: patienceMs })).toBe(true);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(await log("pg1")).toMatch(/database system is shut down\s*$/);
    await run("docker", ["start", deployment.container("pg1")]);
    await beats("pg1");
  });

  it("beats on whatever node accepts writes: it notices a promotion", async () => {
    await run("docker", ["stop", deployment.container("pg1")]);
    expect(await deployment.sql("pg2", "select pg_promote();")).toBe("t");
    await beats("pg2");
    expect(await processes("pg2", "psql -XAtq -h")).toHaveLength(1);
  });
});
