import { describe, expect, it } from "vitest";

import type { ClusterPlan, NodePlan } from "../../../src/plan/types.ts";
import type { Stack } from "../../../testing/stacks.ts";
import { aPlan, pulumiConfig, rawConfig, stackPlan, stacks } from "../../../testing/stacks.ts";

function withoutSettings({ settings: _settings, ...node }: NodePlan): Omit<NodePlan, "settings"> {
  return node;
}
const valuesOf = (plan: ClusterPlan, node: number): Map<string, string> =>
  new Map(plan.nodes[node]?.settings.map(({ name, value }) => [name, value]));

describe("the checked-in stack files", () => {
  it("reach the program as text, mappings as JSON", () => {
    expect(pulumiConfig("staging")["pgstack:replicas"]).toBe("1");
    expect(rawConfig("staging")["ports"]).toBe(
      '{"postgres":15432,"pooler":16432,"poolerConsole":16433,"postgresExporter":19187,"poolerExporter":19127,"prometheus":19090,"alertmanager":19093,"grafana":13000}',
    );
  });

  it("plan staging as two nodes", () => {
    const plan = stackPlan("staging");
    const node = {
      memoryMb: 1024,
      shmMb: 128,
      cpus: undefined,
    };
    expect(plan.nodes.map(withoutSettings)).toEqual([
      {
        ...node,
        name: "pg1",
        container: "pgstack-staging-pg1",
        dataVolume: "pgstack-staging-pg1-data",
        configVolume: "pgstack-staging-pg1-config",
        hostPort: 15_432,
      },
      {
        ...node,
        name: "pg2",
        container: "pgstack-staging-pg2",
        dataVolume: "pgstack-staging-pg2-data",
        configVolume: "pgstack-staging-pg2-config",
        hostPort: 15_433,
      },
    ]);
    const { nodes: _nodes, images: _images, pooler, ...rest } = plan;
    const { settings: _settings, processes, ...poolerRest } = pooler;
    expect(rest).toEqual({
      stack: "staging",
      prefix: "pgstack-staging",
      // Two nodes, two processes of the pooler, its listener and four exporters.
      engine: {
        host: "unix:///var/run/docker.sock",
        bindAddress: "127.0.0.1",
        accessHost: "127.0.0.1",
        memoryMb: 2 * 1024 + 2 * 128 + 32 + 4 * 64,
        cpus: undefined,
      },
      network: { name: "pgstack-staging", subnet: "172.29.10.0/24", clients: [] },
      database: { name: "app", owner: "app", extensions: ["pg_stat_statements"], writeRoute: "app", readRoute: "app_ro" },
      databases: [],
      users: [],
      removal: { databases: [], users: {} },
      major: 17,
      locale: "C.UTF-8",
      firstNode: "pg1",
      wishedLeader: undefined,
      exporters: {
        configVolume: "pgstack-staging-exporters-config",
        memoryMb: 64,
        nodes: [
          { node: "pg1", container: "pgstack-staging-pg1-exporter", hostPort: 19_187 },
          { node: "pg2", container: "pgstack-staging-pg2-exporter", hostPort: 19_188 },
        ],
        processes: [
          { number: 1, container: "pgstack-staging-pgbouncer-1-exporter", hostPort: 19_127 },
          { number: 2, container: "pgstack-staging-pgbouncer-2-exporter", hostPort: 19_128 },
        ],
      },
      scramIterations: 4096,
      checkTimeoutS: 60,
    });
    expect(
      processes.map(({ settings, ...process }) => ({ ...process, settings: settings.map(({ name, value }) => [name, value]) })),
    ).toEqual([
      {
        number: 1,
        container: "pgstack-staging-pgbouncer-1",
        hostPort: 16_433,
        settings: [
          ["peer_id", "1"],
          ["reserve_pool_size", "3"],
        ],
        userLimits: [],
      },
      {
        number: 2,
        container: "pgstack-staging-pgbouncer-2",
        hostPort: 16_434,
        settings: [
          ["peer_id", "2"],
          ["reserve_pool_size", "2"],
        ],
        userLimits: [],
      },
    ]);
    expect(poolerRest).toEqual({
      listener: "pgstack-staging-pooler",
      configVolume: "pgstack-staging-pooler-config",
      socketVolume: "pgstack-staging-pooler-socket",
      hostPort: 16_432,
      memoryMb: 128,
      mode: "transaction",
      drainTimeoutS: 60,
      nofile: 16_384,
      write: { name: "app", reads: false, poolSize: 25, most: 35, parameters: {} },
      read: { name: "app_ro", reads: true, poolSize: 25, most: 35, parameters: { server_lifetime: 600 } },
      others: [],
      userLimits: [],
    });
  });

  it("plan production as four nodes", () => {
    const plan = stackPlan("production");
    expect(plan.nodes.map(({ name, hostPort, memoryMb }) => [name, hostPort, memoryMb])).toEqual([
      ["pg1", 25_432, 2048],
      ["pg2", 25_433, 2048],
      ["pg3", 25_434, 2048],
      ["pg4", 25_435, 2048],
    ]);
    expect(plan.engine.memoryMb).toBe(4 * 2048 + 3 * 128 + 32 + 7 * 64 + 256);
    expect(plan.network).toEqual({ name: "pgstack-production", subnet: "172.29.20.0/24", clients: [] });
    expect(plan.pooler.hostPort).toBe(26_432);
    expect(plan.pooler.nofile).toBe(16_384);
    expect(plan.pooler.read).toEqual({
      name: "app_ro",
      reads: true,
      // Three times 50 would be more than the 140 connections that a last replica takes: 140 - 5 in reserve - 25 past the pooler.
      poolSize: 110,
      most: 120,
      parameters: { server_lifetime: 600 },
    });
    expect(valuesOf(plan, 0).get("max_connections")).toBe("140");
    expect(plan.exporters?.nodes.map(({ hostPort }) => hostPort)).toEqual([29_187, 29_188, 29_189, 29_190]);
    expect(plan.pooler.processes.map(({ hostPort }) => hostPort)).toEqual([26_433, 26_434, 26_435]);
    expect(plan.exporters?.processes.map(({ hostPort }) => hostPort)).toEqual([29_127, 29_128, 29_129]);
  });

  it("live side by side on one engine", () => {
    const taken = (stack: Stack): string[] => {
      const { nodes, pooler, exporters, network } = stackPlan(stack);
      return [
        network.name,
        network.subnet,
        ...nodes.flatMap(({ container, dataVolume, configVolume, hostPort }) => [container, dataVolume, configVolume, String(hostPort)]),
        ...[...pooler.processes, ...(exporters?.processes ?? []), ...(exporters?.nodes ?? [])].flatMap((of) => [
          of.container,
          String(of.hostPort),
        ]),
        pooler.listener,
        String(pooler.hostPort),
      ];
    };
    expect(taken("staging").filter((name) => taken("production").includes(name))).toEqual([]);
  });
});

describe("planCluster", () => {
  it("puts what makes a node itself last, whichever node leads", () => {
    const plan = aPlan({ replicas: 1 });
    const identity = (index: number): (readonly [string, string])[] =>
      (plan.nodes[index]?.settings ?? []).filter(({ section }) => section === "this node").map(({ name, value }) => [name, value]);
    const common = [
      ["listen_addresses", "*"],
      ["port", "5432"],
      ["unix_socket_directories", "/run/postgresql"],
      ["hba_file", "/etc/pgstack/pg_hba.conf"],
      ["ident_file", "/etc/pgstack/pg_ident.conf"],
    ];
    for (const [index, name] of ["pg1", "pg2"].entries())
      expect(identity(index)).toEqual([
        ["cluster_name", name],
        ...common,
        ["primary_slot_name", name],
        ["recovery_target_timeline", "latest"],
      ]);
  });

  it("lets any node begin, pg1 unless another one is wished", () => {
    expect(aPlan({ replicas: 2, leader: "pg2" })).toMatchObject({ firstNode: "pg2", wishedLeader: "pg2" });
    expect(aPlan({ replicas: 2 })).toMatchObject({ firstNode: "pg1", wishedLeader: undefined });
  });

  it("without replicas has a read route all the same", () => {
    const plan = aPlan({ replicas: 0 });
    expect(plan.nodes).toHaveLength(1);
    expect(plan.pooler.read).toEqual({
      name: "app_ro",
      reads: true,
      poolSize: 25,
      most: 35,
      parameters: { server_lifetime: 600 },
    });
  });

  it("without exporters plans none and counts no memory for them", () => {
    const plan = aPlan({ replicas: 1, exporters: false });
    expect(plan.exporters).toBeUndefined();
    expect(plan.engine.memoryMb).toBe(2 * 1024 + 2 * 128 + 32);
  });

  it("lets stack config's settings win in place and lists further ones by name", () => {
    const plan = aPlan({
      settings: { work_mem: "16MB", zero_damaged_pages: false, deadlock_timeout: "2s", "auto_explain.log_min_duration": 100 },
    });
    const [leader] = plan.nodes;
    expect(leader?.settings.filter(({ name }) => name === "work_mem")).toEqual([
      { name: "work_mem", value: "16MB", section: "memory", why: "stack config" },
    ]);
    expect(leader?.settings.filter(({ section }) => section === "stack config").map(({ name, value }) => `${name} = ${value}`)).toEqual([
      "auto_explain.log_min_duration = 100",
      "deadlock_timeout = 2s",
      "zero_damaged_pages = false",
    ]);
  });

  it("names each extension once, pg_stat_statements first", () => {
    expect(aPlan({ extensions: ["pg_trgm", "pg_stat_statements", "pg_trgm", "uuid-ossp"] }).database.extensions).toEqual([
      "pg_stat_statements",
      "pg_trgm",
      "uuid-ossp",
    ]);
  });

  it.each([
    [{ bindAddress: "127.0.0.1" }, "127.0.0.1"],
    [{ bindAddress: "10.1.2.3" }, "10.1.2.3"],
    [{ bindAddress: "0.0.0.0" }, "127.0.0.1"],
    [{ bindAddress: "0.0.0.0", dockerHost: "tcp://db.example.com:2376" }, "db.example.com"],
    [{ bindAddress: "0.0.0.0", dockerHost: "ssh://admin@db.example.com" }, "db.example.com"],
    [{ bindAddress: "10.1.2.3", dockerHost: "ssh://admin@db.example.com" }, "10.1.2.3"],
  ])("with %j reaches ports at %s", (keys, host) => {
    expect(aPlan({ clientNetworks: ["10.1.0.0/16"], ...keys }).engine.accessHost).toBe(host);
  });

  it("hands times and limits of the pooler over in PgBouncer's units", () => {
    const pooler = { mode: "session", reserveTimeout: "500ms", queryWaitTimeout: "2min", idleTransactionTimeout: "1h", memory: "256MB" };
    const plan = aPlan({ pooler, checkTimeout: "2min" });
    const settings = new Map(plan.pooler.settings.map(({ name, value }) => [name, value]));
    expect(
      ["pool_mode", "reserve_pool_timeout", "query_wait_timeout", "idle_transaction_timeout", "auth_file"].map((name) =>
        settings.get(name),
      ),
    ).toEqual(["session", "0.5", "120", "3600", "/etc/pgstack/userlist.txt"]);
    expect(plan.pooler.memoryMb).toBe(256);
    expect(plan.checkTimeoutS).toBe(120);
  });

  it("gives each process its part of the reserve and of users' limits", () => {
    const { pooler } = aPlan({
      replicas: 3,
      pooler: { reserveSize: 2 },
      users: { reporter: { access: { app: "read" }, connectionLimit: 7 }, other: { access: { app: "read" } } },
    });
    const own = (name: string) => pooler.processes.map(({ settings }) => settings.find((setting) => setting.name === name)?.value);
    expect(own("reserve_pool_size")).toEqual(["1", "1", "0"]);
    expect(own("peer_id")).toEqual(["1", "2", "3"]);
    expect(pooler.userLimits).toEqual([{ user: "reporter", connections: 7 }]);
    expect(pooler.processes.map(({ userLimits }) => userLimits)).toEqual(
      [3, 2, 2].map((connections) => [{ user: "reporter", connections }]),
    );
  });

  it("gives the pooler open files for its clients and servers, and no other number when maxClients changes a little", () => {
    // 1316 would do: 1000 clients, 25 + 25 pooled, two reserves of 5, 256 for itself.
    expect(aPlan().pooler.nofile).toBe(16_384);
    expect(aPlan({ pooler: { maxClients: 5000 } }).pooler.nofile).toBe(16_384);
    expect(aPlan({ pooler: { maxClients: 100_000 } }).pooler.nofile).toBe(131_072);
  });

  it("gives every stack a plan whatever its CPU limit", () => {
    expect(aPlan({ cpus: 1.5 }).nodes.map(({ cpus }) => cpus)).toEqual([1.5, 1.5]);
    expect(stacks.map((stack) => stackPlan(stack).engine.cpus)).toEqual([undefined, undefined]);
  });
});
