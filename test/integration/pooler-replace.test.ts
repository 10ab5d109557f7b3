import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { BackgroundPgbench } from "../../bench/lib/background-pgbench.ts";
import { ClientContainer } from "../../bench/lib/client-container.ts";
import { initialise } from "../../bench/lib/pgbench.ts";
import { poll } from "../../src/deadline.ts";
import { connectClient } from "../../testing/client.ts";
import { Deployment } from "../../testing/deployment.ts";
import { impactItems } from "../../testing/impact-preview.ts";
import type { LoadResult } from "../../testing/load.ts";
import { Load } from "../../testing/load.ts";
import { UnderLoad } from "../../testing/under-load.ts";
import { Writer } from "../../testing/writer.ts";

/** Clients of each route that keep their connection. */
const kept = 4;

/** Messages to a client whose statement met the closing of its connection. */
const closing = /^(08P01 (server shutting down|client_idle_timeout)|Connection terminated|.*ECONNRESET|.*EPIPE|.*not queryable)/;

describe("the pooler's own replacement", { timeout: 300_000 }, () => {
  let deployment: Deployment;
  let cluster: UnderLoad;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { exporters: false, pooler: { drainTimeout: "3s" } });
    await deployment.up();
    cluster = await UnderLoad.of(deployment);
  }, 180_000);
  afterAll(() => deployment?.remove(), 120_000);

  const startOf = async (service: string): Promise<string> =>
    (await deployment.engine.getContainer(deployment.container(service)).inspect()).State.StartedAt;

  const processes = ["pgbouncer-1", "pgbouncer-2"];

  /** When each process was started last. */
  const starts = (): Promise<readonly string[]> => Promise.all(processes.map(startOf));

  /** Gives the pooler's image a second name for the time of some work. */
  async function withOtherImage(work: (reference: string) => Promise<void>): Promise<void> {
    const image = (await deployment.engine.getContainer(deployment.container("pgbouncer-1")).inspect()).Config.Image;
    const repo = `pgstack-test/${deployment.stack}-pooler`;
    await deployment.engine.getImage(image).tag({ repo, tag: "other" });
    try {
      await work(`${repo}:other`);
    } finally {
      deployment.configure({ images: undefined });
      await deployment.up();
      await deployment.engine.getImage(`${repo}:other`).remove();
    }
  }

  /** Every row whose statement failed: none of them may be there. */
  async function expectNothingRan({ failed }: LoadResult): Promise<void> {
    const found = await deployment.sql("pg1", `select count(*) from writes where n = any ('{${failed.join(",")}}')`, "app");
    expect(found).toBe("0");
  }

  it("another image fails no client that logs in each time, refuses none, and closes each other connection once", async () => {
    const { writeUrl, readUrl, check } = await deployment.outputs();
    const { image, target } = {
      image: (await deployment.engine.getContainer(deployment.container("pg1")).inspect()).Config.Image,
      target: { host: "pooler", port: 6432, user: check.target.appUser, password: check.secrets.app },
    };
    const name = deployment.container("client");
    const client = await ClientContainer.start({ name, image, network: `pgstack-${deployment.stack}` });
    await initialise(client, { ...target, host: "pg1", port: 5432, database: "app" }, 1);
    await withOtherImage(async (pooler) => {
      deployment.configure({ images: { pooler } });
      const items = await impactItems(deployment);
      expect(items).toMatchObject([{ class: "pooler-replace", nodes: processes }]);
      const held = await startOf("pooler");
      const before = await starts();
      // A thread for each client: pgbench's wait for a login stops its thread, in the middle of another one's transaction too.
      const options = (script: string): string => `--connect --builtin=${script} --client=3 --jobs=3 --rate=60`;
      const updates = BackgroundPgbench.start(client, "updates", { ...target, database: "app" }, options("simple-update"));
      const selects = BackgroundPgbench.start(client, "selects", { ...target, database: "app_ro" }, options("select-only"));
      const few = await Load.start({ writeUrl, readUrl, clients: 0, reconnecting: 2, perLogin: 5 });
      const load = await Load.start({ writeUrl, readUrl, clients: kept, reconnecting: 2, firstRow: 1_000_000 });
      // Those that keep their connections are no longer new.
      const longAgo = performance.now() + 4000;
      await poll(() => Promise.resolve(performance.now() > longAgo ? true : undefined), { everyMs: 100, timeoutMs: 10_000 });
      try {
        await deployment.up();
      } finally {
        await Promise.all([load.stop(), few.stop()]);
      }
      const results = await Promise.all([updates.stop(), selects.stop()]);
      expect(await startOf("pooler")).toBe(held);
      for (const [index, at] of (await starts()).entries()) expect(at).not.toBe(before[index]);
      for (const { errors, message, transactions } of results) {
        expect({ errors, message }).toEqual({ errors: 0, message: undefined });
        expect(transactions).toBeGreaterThan(100);
      }
      const { write, read, reconnecting } = load.result;
      for (const route of [few.result.write, few.result.read, reconnecting]) {
        expect(route.failures).toEqual({});
        expect(route.closed).toBe(0);
      }
      for (const { failures, closed } of [write, read]) {
        for (const message of Object.keys(failures)) expect(message).toMatch(closing);
        expect(Object.values(failures).reduce((sum, count) => sum + count, closed)).toBe(kept);
      }
      const waits = [...results, reconnecting, few.result.reconnecting].map(({ longestMs }) => Math.round(longestMs));
      // Half of what the pooler lets a client wait (query_wait_timeout): other tests run on this machine. bench/ has the figure.
      expect(Math.max(...waits)).toBeLessThan(60_000);
      for (const result of [load.result, few.result]) {
        await cluster.expectNothingLost(result);
        await expectNothingRan(result);
      }
      await cluster.expectHealthy();
      await deployment.up("--expect-no-changes");
    });
  });

  it("a long transaction ends the attempt, and nobody waits", async () => {
    const { readUrl } = await deployment.outputs();
    const client = await connectClient(readUrl, { connectionTimeoutMillis: 30_000, query_timeout: 30_000 });
    await client.query("begin");
    const { rows } = await client.query<{ address: string }>("select host(inet_client_addr()) as address");
    const [service = ""] = await servicesAt(rows[0]?.address ?? "");
    await withOtherImage(async (pooler) => {
      const before = await startOf(service);
      deployment.configure({ images: { pooler } });
      const failed = await deployment.tryUp();
      expect(failed.output).toMatch(
        /-pgbouncer-[12]: to be replaced, .* did not end within 3 s.*: pg2: pid \d+ \(app@app\) in a transaction/,
      );
      expect(await startOf(service)).toBe(before);
      await client.query("commit");
      await client.end();
      await deployment.up();
      expect(await startOf(service)).not.toBe(before);
    });
  });

  it("a process that goes with its replica closes each connection that it has once, and leads nowhere that is gone", async () => {
    deployment.configure({ replicas: 3 });
    await deployment.up();
    const { writeUrl, readUrl } = await deployment.outputs();
    deployment.configure({ replicas: 2 });
    expect((await impactItems(deployment)).find((item) => item.class === "pooler-replace")).toMatchObject({ nodes: ["pgbouncer-3"] });
    const { write, read, reconnecting } = await Load.during({ writeUrl, readUrl, clients: kept, reconnecting: 2 }, () => deployment.up());
    expect({ failures: reconnecting.failures, closed: reconnecting.closed }).toEqual({ failures: {}, closed: 0 });
    for (const { failures, closed } of [write, read]) {
      for (const message of Object.keys(failures)) expect(message).toMatch(closing);
      expect(Object.values(failures).reduce((sum, count) => sum + count, closed)).toBeLessThanOrEqual(kept);
    }
    await (await UnderLoad.of(deployment)).expectHealthy();
    await deployment.up("--expect-no-changes");
    deployment.configure({ replicas: 1 });
    await deployment.up();
  });

  /** The process that comes to nodes from this address. */
  async function servicesAt(address: string): Promise<readonly string[]> {
    const seen = await Promise.all(
      processes.map(async (service) => {
        const { NetworkSettings } = await deployment.engine.getContainer(deployment.container(service)).inspect();
        return Object.values(NetworkSettings.Networks).some(({ IPAddress }) => IPAddress === address) ? [service] : [];
      }),
    );
    return seen.flat();
  }

  const allStopped = async (): Promise<void> => {
    await cluster.docker("stop", ...processes.map((name) => cluster.container(name)), cluster.container("pooler"));
  };
  const start = async (...services: readonly string[]): Promise<void> => {
    for (const service of services) await cluster.docker("start", cluster.container(service));
  };

  it.each<readonly [string, () => Promise<unknown>]>([
    ["docker restart of the processes", () => cluster.docker("restart", ...processes.map((name) => cluster.container(name)))],
    ["docker restart of the listener", () => cluster.docker("restart", cluster.container("pooler"))],
    ["kill -9 of a process", () => cluster.crash("pgbouncer-1")],
    ["kill -9 of every process", () => Promise.all(processes.map((name) => cluster.crash(name)))],
    ["kill -9 of the listener", () => cluster.crash("pooler")],
    ["all stopped, the listener started first", () => allStopped().then(() => start("pooler", ...processes))],
    ["all stopped, the processes started first", () => allStopped().then(() => start(...processes, "pooler"))],
  ])("is back by itself within seconds after %s", async (_name, happen) => {
    const { writeUrl } = await deployment.outputs();
    const writer = await Writer.start(writeUrl);
    try {
      await happen();
      await writer.next(20_000);
    } finally {
      await writer.stop();
    }
    await cluster.expectHealthy(20_000);
    await cluster.expectNothingLost(writer.written);
  });
});
