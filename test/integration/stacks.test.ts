import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Deployment, nodeUrl } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";

/** Both checked-in stacks at the same time on one engine, as they are but for ports and subnet. */
describe("staging and production side by side", () => {
  const stacks: { staging?: Deployment; production?: Deployment } = {};

  beforeAll(async () => {
    stacks.staging = await Deployment.create("staging");
    stacks.production = await Deployment.create("production");
    await Promise.all([stacks.staging.up(), stacks.production.up()]);
  });
  afterAll(() => Promise.all([stacks.staging?.remove(), stacks.production?.remove()]));

  it.each([
    ["staging", 1, 1000, 25],
    ["production", 3, 2000, 50],
  ] as const)("%s has %i replicas and a pooler for %i clients on %i connections", async (name, replicas, clients, pool) => {
    const outputs = await outputsOf(stacks[name]);
    expect(outputs.report).toMatchObject({ ok: true, findings: [] });
    expect(outputs.nodes.length).toBe(replicas + 1);
    expect(JSON.stringify(outputs.nodes)).not.toMatch(/leader|replica/);
    const admin = await query(outputs.adminUrl, "show config");
    const settings = new Map(admin.map(({ key, value }) => [key, value]));
    expect(settings.get("max_client_conn")).toBe(String(clients));
    expect(settings.get("default_pool_size")).toBe(String(pool));
    const reserves = await Promise.all(
      outputs.adminUrls.map(async (url) => (await query(url, "show config")).find(({ key }) => key === "reserve_pool_size")?.["value"]),
    );
    expect(reserves.reduce<number>((sum, size) => sum + Number(size), 0)).toBe(5);
    expect(settings.get("query_wait_timeout")).toBe("120");
    expect(settings.get("pool_mode")).toBe("transaction");
  });

  it("gives each stack data, names and passwords of its own", async () => {
    const [staging, production] = await Promise.all([outputsOf(stacks.staging), outputsOf(stacks.production)]);
    expect(staging.report.systemIdentifier).not.toBe(production.report.systemIdentifier);
    await expect(query(staging.writeUrl.replace(/:[^:@]+@/, `:${production.check.secrets.app}@`), "select 1")).rejects.toThrow();
  });

  it("serves writes and reads on every URL of its outputs", async () => {
    const outputs = await outputsOf(stacks.production);
    await query(outputs.writeUrl, "create table served (id int primary key); insert into served values (1)");
    expect(await query(nodeUrl(outputs, "pg1"), "select id from served")).toEqual([{ id: 1 }]);
    expect(Object.keys(outputs.nodeUrls)).toEqual(["pg1", "pg2", "pg3", "pg4"]);
    for (const [node, url] of Object.entries(outputs.nodeUrls))
      expect(await query(url, "select pg_is_in_recovery() as replica")).toEqual([{ replica: node !== "pg1" }]);
    // libpq takes the nodes one after the other, also when one that is in recovery comes first.
    const [, first = "", rest = ""] = /@([^,]+),([^/]+)\//.exec(outputs.directUrl) ?? [];
    for (const url of [outputs.directUrl, outputs.directUrl.replace(`${first},${rest}`, `${rest},${first}`)])
      expect(await psql(stacks.production, url, "select current_setting('cluster_name'), id from served")).toBe("pg1|1");
    expect(await query(outputs.readUrl, "select pg_is_in_recovery() as replica")).toEqual([{ replica: true }]);
    await expect(query(outputs.readUrl, "insert into served values (2)")).rejects.toThrow("read-only");
    expect(outputs.dotenv.split("\n").map((line) => line.split("=")[0])).toEqual([
      "DATABASE_URL",
      "DATABASE_REPLICA_URL",
      "DATABASE_DIRECT_URL",
      "DATABASE_PG1_URL",
      "DATABASE_PG2_URL",
      "DATABASE_PG3_URL",
      "DATABASE_PG4_URL",
      "",
    ]);
  });

  it("hardens every container", async () => {
    const { engine, stack } = stacks.production ?? fail();
    const containers = (await engine.listContainers()).filter(({ Names }) => Names.some((name) => name.startsWith(`/pgstack-${stack}-`)));
    expect(containers.length).toBe(16);
    for (const { Id, Names } of containers) {
      const { Config, HostConfig } = await engine.getContainer(Id).inspect();
      const seen = {
        user: Config.User,
        readOnly: HostConfig.ReadonlyRootfs,
        capabilities: HostConfig.CapDrop,
        security: HostConfig.SecurityOpt,
        swapEqualsMemory: HostConfig.MemorySwap === HostConfig.Memory && (HostConfig.Memory ?? 0) > 0,
        restart: HostConfig.RestartPolicy?.Name,
        log: HostConfig.LogConfig?.Type,
        addresses: Object.values((HostConfig.PortBindings ?? {}) as Record<string, { HostIp: string }[]>).flatMap((bindings) =>
          bindings.map(({ HostIp }) => HostIp),
        ),
      };
      expect(seen, Names[0]).toEqual({
        user: "999:999",
        readOnly: true,
        capabilities: ["ALL"],
        security: ["no-new-privileges"],
        swapEqualsMemory: true,
        restart: "unless-stopped",
        log: "json-file",
        addresses: ["127.0.0.1"],
      });
    }
  });
});

function fail(): never {
  throw new Error("the stack was not deployed");
}

function outputsOf(deployment: Deployment | undefined): ReturnType<Deployment["outputs"]> {
  return (deployment ?? fail()).outputs();
}

/** By libpq, in a container with the network of the host. */
async function psql(deployment: Deployment | undefined, url: string, sql: string): Promise<string> {
  const { Config } = await (deployment ?? fail()).engine.getContainer((deployment ?? fail()).container("pg1")).inspect();
  const client = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--dbname", url, "--command", sql];
  const { code, stdout, output } = await run("docker", ["run", "--rm", "--network", "host", "--entrypoint", "", Config.Image, ...client]);
  expect(code, output).toBe(0);
  return stdout.trim();
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
