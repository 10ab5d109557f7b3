import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Deployment } from "../../testing/deployment.ts";
import { freeBlock } from "../../testing/free-block.ts";
import type { RunResult } from "../../testing/run.ts";
import { run } from "../../testing/run.ts";

/** What cannot work is refused in preview, in one message, before anything changes. */
describe("a deployment that cannot work", () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { memory: "512MB" });
  });
  afterAll(() => deployment?.remove());

  it("lists every mistake of the stack file at once, without a stack trace", async () => {
    deployment.configure({ replica: 2, memory: "lots", pooler: { poolsize: 10 }, settings: { wal_level: "minimal" } });
    const { code, output } = await deployment.preview();
    expect(code).not.toBe(0);
    expect(output).toContain(`Pulumi.${deployment.stack}.yaml: pgstack:replica: unknown key`);
    expect(output).toContain("did you mean `replicas`?");
    expect(output).toContain(`pgstack:memory: "lots" is not allowed`);
    expect(output).toContain("did you mean `poolSize`?");
    expect(output).not.toMatch(/^\s+at .*\.ts/m);
    deployment.configure({ replica: undefined, memory: "512MB", pooler: undefined, settings: undefined });
  });

  it("reads what `pulumi config set` writes in a project of another name, and refuses a namespace that nothing reads", async () => {
    const file = join(deployment.folder, "Pulumi.yaml");
    const original = readFileSync(file, "utf8");
    const set = (key: string): Promise<RunResult> => deployment.pulumi("config", "set", key, "2", "--stack", deployment.stack);
    try {
      writeFileSync(file, original.replace("name: pgstack", "name: pgstack-testshop"));
      expect((await deployment.pulumi("stack", "init", deployment.stack)).code).toBe(0);
      await set("replicas");
      const both = await deployment.preview();
      expect(both.code).not.toBe(0);
      // Pulumi gives the keys in no certain order.
      expect(both.output).toContain("pgstack-testshop:replicas");
      expect(both.output).toMatch(/it is the same key as pgstack(-testshop)?:replicas, and both are given/);
      deployment.configure({ replicas: undefined });
      await set("replicas");
      await set("aws:region");
      const read = await deployment.preview();
      expect(read.code, read.output).toBe(0);
      expect(read.output).toMatch(/\bpg3\b/);
      expect(read.output).toContain("aws:region: ignored");
      await set("pgstak:replicas");
      const mistyped = await deployment.preview();
      expect(mistyped.code).not.toBe(0);
      expect(mistyped.output).toContain("did you mean `pgstack:replicas`?");
    } finally {
      writeFileSync(file, original);
      deployment.configure({ replicas: "1" });
    }
  });

  it("refuses more memory than the engine has", async () => {
    deployment.configure({ memory: "4000GB" });
    const { code, output } = await deployment.preview();
    expect(code).not.toBe(0);
    expect(output).toContain("pgstack:memory: all containers together may use");
    deployment.configure({ memory: "512MB" });
  });

  it("refuses a port that another process listens on", async () => {
    const { ports } = await freeBlock();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(ports.pooler, "127.0.0.1", resolve));
    const own = (await freeBlock()).ports;
    deployment.configure({ ports: { ...own, pooler: ports.pooler } });
    const { code, output } = await deployment.preview();
    await new Promise((resolve) => server.close(resolve));
    expect(code).not.toBe(0);
    expect(output).toContain(`pgstack:ports: port ${ports.pooler} is in use by another process`);
    deployment.configure({ ports: own });
  });

  it("refuses a subnet that overlaps with another network", async () => {
    const { subnet } = await freeBlock();
    const network = `pgstack-${deployment.stack}-other`;
    await deployment.engine.createNetwork({ Name: network, IPAM: { Driver: "default", Config: [{ Subnet: subnet }] } });
    const own = (await freeBlock()).subnet;
    deployment.configure({ subnet });
    const { code, output } = await deployment.preview();
    await deployment.engine.getNetwork(network).remove();
    expect(code).not.toBe(0);
    expect(output).toContain(`pgstack:subnet: ${subnet} overlaps with the network ${network}`);
    deployment.configure({ subnet: own });
  });

  it("refuses names that are taken, and names what holds them", async () => {
    const name = deployment.container("pg1");
    const made = await run("docker", ["create", "--name", name, "debian:trixie-slim", "true"]);
    expect(made.code).toBe(0);
    const { code, output } = await deployment.preview();
    await run("docker", ["rm", name]);
    expect(code).not.toBe(0);
    expect(output).toContain(`Pulumi's state does not know them: ${name}`);
  });

  it("refuses a data volume of another major version", async () => {
    const volume = `pgstack-${deployment.stack}-pg1-data`;
    await run("docker", [
      "run",
      "--rm",
      "--network",
      "none",
      "-v",
      `${volume}:/v`,
      "debian:trixie-slim",
      "sh",
      "-c",
      "mkdir /v/pgdata && echo 14 > /v/pgdata/PG_VERSION",
    ]);
    const { code, output } = await deployment.preview();
    expect(code).not.toBe(0);
    expect(output).toContain(`the data volume ${volume} of pg1 holds PostgreSQL 14, declared is 17`);
    const kept = await run("docker", [
      "run",
      "--rm",
      "--network",
      "none",
      "-v",
      `${volume}:/v`,
      "debian:trixie-slim",
      "cat",
      "/v/pgdata/PG_VERSION",
    ]);
    expect(kept.stdout.trim()).toBe("14");
    await run("docker", ["volume", "rm", volume]);
  });

  it("continues without the engine in preview and says what it could not check; up names the engine", async () => {
    deployment.configure({ dockerHost: "unix:///nowhere/docker.sock" });
    const preview = await deployment.preview();
    expect(preview.output).toContain("the Docker engine at unix:///nowhere/docker.sock cannot be reached");
    expect(preview.output).toContain("are not checked in this preview");
    const up = await deployment.tryUp();
    deployment.configure({ dockerHost: process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock" });
    expect(up.code).not.toBe(0);
    expect(up.output).toContain("pgstack:dockerHost: the Docker engine at unix:///nowhere/docker.sock cannot be asked");
    expect(up.output).toContain("fix: start the engine");
  });

  it("refuses to change what is fixed once the cluster exists", async () => {
    await deployment.up();
    const { subnet } = await freeBlock();
    const own = deployment.config("subnet");
    deployment.configure({ leader: "pg2", subnet, locale: "en-US" });
    const { code, output } = await deployment.tryUp();
    expect(code).not.toBe(0);
    expect(output).toContain(
      "pgstack:leader: pg2 does not lead: pg1 leads, timeline 1. A deployment follows the node that leads, it does not make one",
    );
    expect(output).toContain(`to ${subnet}: refused, because a network cannot change under running containers`);
    expect(output).toContain("pgstack:locale: cannot change from C.UTF-8 to en-US");
    expect((await deployment.check(5000)).ok).toBe(true);
    deployment.configure({ leader: undefined, subnet: own, locale: undefined });
  });

  it("lets a container of someone else join the network and gives its replicas their own addresses", async () => {
    const network = `pgstack-${deployment.stack}`;
    const stranger = deployment.container("stranger");
    const started = await run("docker", ["run", "-d", "--name", stranger, "--network", network, "debian:trixie-slim", "sleep", "900"]);
    expect(started.output).toMatch(/^[0-9a-f]{64}/);
    const networks = (await deployment.engine.getContainer(stranger).inspect()).NetworkSettings.Networks;
    const prefix = String(deployment.config("subnet")).replace(/0\/24$/, "");
    expect(Number(networks[network]?.IPAddress.slice(prefix.length))).toBeGreaterThanOrEqual(128);
    deployment.configure({ replicas: 2 });
    await deployment.up();
    expect((await deployment.outputs()).report.ok).toBe(true);
    // As on a network of an older version, where the engine gives the next address.
    await run("docker", ["network", "disconnect", network, stranger]);
    const joined = await run("docker", ["network", "connect", "--ip", `${prefix}10`, network, stranger]);
    expect(joined.output).toBe("");
    deployment.configure({ replicas: 3 });
    const { code, output } = await deployment.preview();
    await run("docker", ["rm", "-f", stranger]);
    expect(code).not.toBe(0);
    expect(output).toContain(
      `the container ${stranger} has the address ${prefix}10 in the network ${network}, which is ${deployment.container("pg4")}'s`,
    );
    deployment.configure({ replicas: 2 });
  });

  it("changes the address and the ports that it publishes, and refuses a port that another of its containers still holds", async () => {
    const ports = deployment.config("ports") as Readonly<Record<string, number>>;
    const { postgres = 0 } = ports;
    const moved = { ...ports, postgres: postgres + 10, pooler: postgres + 35 };
    // The pooler's files change too: it has to be asked where its port still is.
    const pooler = { ...(deployment.config("pooler") as object), poolSize: 20 };
    deployment.configure({ bindAddress: "0.0.0.0", ports: moved, pooler });
    await deployment.up();
    expect((await deployment.outputs()).report.ok).toBe(true);
    deployment.configure({ ports: { ...moved, postgres: postgres + 11, pooler: postgres + 10 } });
    const { code, output } = await deployment.preview();
    expect(code).not.toBe(0);
    const [from, to] = [deployment.container("pg1"), deployment.container("pooler")];
    expect(output).toContain(`port ${postgres + 10} is ${to}'s from now on, but ${from} of this stack holds it`);
    expect(output).toContain("change in two steps");
    deployment.configure({ ports: moved });
    const back = await deployment.preview("--refresh", "--expect-no-changes");
    expect(back.output).not.toContain("pgstack:ports:");
    expect(back.code).toBe(0);
  });
});
