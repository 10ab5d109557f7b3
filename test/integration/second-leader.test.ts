import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import { containerState, lastLogLines } from "../../src/engine/container.ts";
import { Deployment } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";
import { UnderLoad } from "../../testing/under-load.ts";
import { Writer } from "../../testing/writer.ts";

/** A leader's data never starts while another node leads or holds more, and always does otherwise. In this order. */
describe("a leader that comes back", () => {
  let deployment: Deployment;
  let cluster: UnderLoad;
  let image: string;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { memory: "512MB", exporters: false });
    await deployment.up();
    cluster = await UnderLoad.of(deployment);
    image = (await deployment.engine.getContainer(deployment.container("pg1")).inspect()).Config.Image;
  });
  afterAll(() => deployment?.remove());

  const docker = (command: string, ...nodes: string[]): Promise<unknown> =>
    cluster.docker(command, ...nodes.map((node) => cluster.container(node)));
  const stop = (...nodes: string[]): Promise<unknown> => docker("stop", ...nodes);

  /** Runs a shell in a container of its own with a node's data volume at /v. */
  async function inVolume(node: string, script: string): Promise<string> {
    const mounted = ["--network", "none", "--user", "999:999", "--volume", `${deployment.dataVolume(node)}:/v`];
    return (await cluster.docker("run", "--rm", ...mounted, image, "bash", "-ec", script)).stdout.trim();
  }

  const log = async (node: string): Promise<string> =>
    (await lastLogLines(deployment.engine, cluster.container(node), 40)).join("\n").split("pgstack: REFUSED").at(-1) ?? "";

  /** Waits until a node's start script has refused; its words. */
  async function refusal(node: string): Promise<string> {
    const refused = async (): Promise<string | undefined> =>
      (await containerState(deployment.engine, cluster.container(node)))?.exitCode === 78 ? log(node) : undefined;
    const text = await poll(refused, { everyMs: 50, timeoutMs: 30_000 });
    if (text === undefined) throw new Error(`${node} did not refuse: ${await log(node)}`);
    return text;
  }

  /** Waits until a node answers; whether it accepts writes. */
  async function writable(node: string): Promise<boolean> {
    const answer = (): Promise<string | undefined> => deployment.sql(node, "select not pg_is_in_recovery();").catch(() => undefined);
    const seen = await poll(answer, { everyMs: 100, timeoutMs: 30_000 });
    if (seen === undefined) throw new Error(`${node} does not answer: ${await log(node)}`);
    return seen === "t";
  }

  it("starts by itself after each of many crashes under load", async () => {
    const { writeUrl } = await deployment.outputs();
    await deployment.sql("pg1", "create table bulk (n int, filler text);", "app");
    const writer = await Writer.start(writeUrl, { everyMs: 1 });
    for (let crash = 0; crash < 5; crash += 1) {
      expect(await writable("pg1")).toBe(true);
      // Records of all lengths: up to what crosses pages.
      const bulk = deployment
        .sql("pg1", "insert into bulk select n, repeat(md5(n::text), n % 300) from generate_series(1, 100000) n;", "app")
        .catch(() => undefined);
      await writer.next();
      await writer.next();
      await Promise.all([cluster.crash("pg1"), cluster.crash("pg2")]);
      await bulk;
    }
    expect(await writable("pg1")).toBe(true);
    await writer.next();
    await writer.stop();
    await cluster.expectHealthy();
    await cluster.expectNothingLost(writer.written);
    for (const node of ["pg1", "pg2"])
      expect((await run("docker", ["logs", cluster.container(node)])).output, node).not.toContain("REFUSED");
  });

  it("starts alone when no other node answers", async () => {
    await stop("pg2");
    await docker("restart", "pg1");
    expect(await writable("pg1")).toBe(true);
    expect(await log("pg1")).toContain("starts without an answer from pg2");
    await docker("start", "pg2");
    await cluster.expectHealthy();
  });

  it("refuses when its volume came back from an older copy and a replica has more", async () => {
    await stop("pg1");
    // With a segment that was made in advance: it is empty, and comes first where it is looked for by order of the folder.
    const empty = "head -c 16777216 /dev/zero >/v/older/pg_wal/0000000100000000000000EE";
    await inVolume("pg1", `cp -a /v/pgdata /v/older && ${empty}`);
    await docker("start", "pg1");
    expect(await writable("pg1")).toBe(true);
    await deployment.sql("pg1", "create table later as select generate_series(1, 20000) as n;", "app");
    await cluster.expectHealthy();
    await stop("pg1");
    await inVolume("pg1", "mv /v/pgdata /v/newer && mv /v/older /v/pgdata");
    await docker("start", "pg1");
    expect(await refusal("pg1")).toMatch(/^: pg2 holds \d+ bytes of WAL that this node does not have/);
    // A replica that is frozen cannot tell it: it leads with the old data, and PostgreSQL lets the replica stream.
    await stop("pg1");
    await docker("pause", "pg2");
    await docker("start", "pg1");
    expect(await writable("pg1")).toBe(true);
    await docker("unpause", "pg2");
    const isNamed = async (): Promise<true | undefined> => ((await cluster.look()).join() === "replica-ahead pg2" ? true : undefined);
    expect(await poll(isNamed, { everyMs: 200, timeoutMs: 30_000 }), (await cluster.look()).join()).toBe(true);
    // Nor does one that starts now follow it.
    await stop("pg2");
    await docker("start", "pg2");
    expect(await refusal("pg2")).toMatch(/^: this node holds \d+ bytes of WAL that pg1 does not have/);
    await stop("pg1");
    await inVolume("pg1", "rm -r /v/pgdata && mv /v/newer /v/pgdata");
    await docker("start", "pg1");
    expect(await writable("pg1")).toBe(true);
    // It has received WAL of the old data.
    await stop("pg2");
    await inVolume("pg2", "rm -r /v/pgdata");
    await docker("start", "pg2");
    await cluster.expectHealthy();
    expect(await deployment.sql("pg2", "select count(*) from later;", "app")).toBe("20000");
  });

  it("refuses while there is a replica that was promoted, which up leaves as the only leader", async () => {
    await stop("pg1");
    await deployment.sql("pg2", "select pg_promote();");
    await docker("start", "pg1");
    const words = await refusal("pg1");
    expect(words).toMatch(/^: pg2 accepts writes on timeline 2: a second leader would fork the cluster/);
    expect(words).toMatch(/pg1 led on timeline 1 until .*To continue with pg2: \.\/pgstack reclone pg1/s);
    const { code, output } = await deployment.tryUp("--refresh");
    expect(code).not.toBe(0);
    expect(output).toMatch(/pg1 does not answer and holds a leader's data, and pg2 leads/);
    expect(await writable("pg2")).toBe(true);
    // Its restart policy starts it again and again: it refuses each time.
    expect(await refusal("pg1")).toContain("pg2 accepts writes on timeline 2");
  });

  it.each([
    ["pg1", "pg2"],
    ["pg2", "pg1"],
  ])("leaves the node that was promoted as the only leader when %s starts, then %s", async (first, second) => {
    await stop("pg1", "pg2");
    await docker("start", first, second);
    expect(await refusal("pg1")).toContain("pg2 accepts writes on timeline 2");
    expect(await writable("pg2")).toBe(true);
    expect(await log("pg2")).toContain("pg2 was promoted while it ran");
  });
});
