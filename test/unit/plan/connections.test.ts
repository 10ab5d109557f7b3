import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { connectionBudget, directConnections, monitoringConnections, poolSizes } from "../../../src/plan/connections.ts";
import { declaredRoutes, servedRoutes } from "../../../src/pgbouncer/routes.ts";
import { aConfig, aPlan } from "../../../testing/stacks.ts";

const maxConnections = (keys: Parameters<typeof aPlan>[0]): string[] =>
  aPlan(keys).nodes.map(({ settings }) => settings.find(({ name }) => name === "max_connections")?.value ?? "none");

describe("connectionBudget", () => {
  it("is the write pool, its reserve, and what goes past the pooler", () => {
    expect([monitoringConnections, directConnections]).toEqual([10, 10]);
    expect(connectionBudget(aConfig({ replicas: 2, pooler: { poolSize: 40, reserveSize: 7 } }))).toEqual({
      parts: [
        { what: "pooled for writes", connections: 40 },
        { what: "in reserve for writes", connections: 7 },
        { what: "for monitoring", connections: 10 },
        { what: "direct", connections: 10 },
        { what: "reserved for the superuser", connections: 5 },
      ],
      total: 72,
    });
  });

  it("counts reads when there is no replica to take them", () => {
    expect(connectionBudget(aConfig({ replicas: 0, pooler: { poolSize: 40, reserveSize: 7 } })).total).toBe(119);
  });

  it("counts what stack config reserves", () => {
    const settings = { superuser_reserved_connections: "3", reserved_connections: 2 };
    expect(connectionBudget(aConfig({ settings })).parts.slice(-2)).toEqual([
      { what: "reserved for the superuser", connections: 3 },
      { what: "reserved (reserved_connections)", connections: 2 },
    ]);
  });
});

describe("the processes of the pooler", () => {
  const keysFor = (replicas: number, shop: number): Parameters<typeof aPlan>[0] => ({
    replicas,
    databases: { shop: { poolSize: shop } },
    pooler: { poolSize: 20, reserveSize: 5 },
  });
  /** What all of them may open by routes of a database. */
  function opened(keys: Parameters<typeof aPlan>[0], kinds: readonly boolean[], database?: string): number {
    const declared = declaredRoutes(aPlan(keys));
    const routes = declared.routes.filter((route) => kinds.includes(route.reads) && (database ?? route.database) === route.database);
    const names = routes.map(({ name }) => name);
    const all = Array.from({ length: declared.processes }, (_, index) => servedRoutes(declared, [], index + 1)).flat();
    return all
      .filter(({ name }) => names.includes(name))
      .reduce((sum, { parameters }) => sum + Number(parameters["max_db_connections"]), 0);
  }

  it("open no more to the leader than is counted, however small a pool is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 2, max: 40 }), (replicas, shop) => {
        const keys = keysFor(replicas, shop);
        const { parts } = connectionBudget(aConfig(keys));
        const counted = parts.find(({ what }) => what === "pooled for shop")?.connections;
        expect(opened(keys, replicas === 0 ? [true, false] : [false], "shop")).toBeLessThanOrEqual(counted ?? 0);
      }),
      // Where there is no replica both routes of a database lead to the leader.
      { examples: [2, 3, 4].map((size) => [0, size]) },
    );
  });

  it("open no more to a last replica than it takes, however small a pool is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 2, max: 40 }), (replicas, shop) => {
        const keys = keysFor(replicas, shop);
        const limit = Number(maxConnections(keys)[0]);
        expect(opened(keys, [true])).toBeLessThanOrEqual(limit - monitoringConnections - directConnections - 5);
      }),
    );
  });

  it("are counted in a pool that is smaller than their number", () => {
    const { parts } = connectionBudget(aConfig({ replicas: 15, pooler: { poolSize: 3 }, databases: { shop: { poolSize: 2 } } }));
    expect(parts.filter(({ what }) => what.startsWith("pooled"))).toEqual([
      { what: "pooled for writes", connections: 15 },
      { what: "pooled for shop", connections: 15 },
    ]);
  });
});

describe("poolSizes", () => {
  it.each([
    // replicas, pool, reserve, max_connections → size
    [1, 25, 5, 100, 25],
    [2, 25, 5, 100, 50],
    [3, 50, 5, 140, 110],
    [15, 50, 5, 140, 110],
    [2, 10, 0, 35, 10],
    [0, 25, 5, 100, 25],
  ])("with %i replicas, a pool of %i, a reserve of %i and max_connections %i is %i", (replicas, poolSize, reserveSize, limit, size) => {
    expect(poolSizes(aConfig({ replicas, pooler: { poolSize, reserveSize } }), limit)).toEqual({ app: { write: poolSize, read: size } });
  });

  it("leaves a surviving replica what stack config reserves", () => {
    const settings = { superuser_reserved_connections: 20 };
    expect(poolSizes(aConfig({ replicas: 3, settings, pooler: { poolSize: 50, reserveSize: 5 } }), 140)).toEqual({
      app: { write: 50, read: 95 },
    });
  });
});

describe("max_connections", () => {
  it.each([
    ["100 for a small node", { replicas: 1 }, "100"],
    ["200 from 8GB on", { replicas: 1, memory: "8GB" }, "200"],
    ["what the pools need when that is more, in tens", { replicas: 1, pooler: { poolSize: 50, reserveSize: 5 } }, "140"],
    ["what stack config says", { replicas: 1, settings: { max_connections: 77 } }, "77"],
  ])("is %s", (_what, keys, expected) => {
    expect(maxConnections(keys)).toEqual([expected, expected]);
  });

  it("is enough for every process of the pooler, however small pools are", () => {
    const keys = { replicas: 15, pooler: { poolSize: 1 }, databases: { shop: { poolSize: 43 }, blog: {} } };
    expect(new Set(maxConnections(keys))).toEqual(new Set(maxConnections({ ...keys, replicas: 0 })));
    expect(Number(maxConnections(keys)[0])).toBeGreaterThanOrEqual(connectionBudget(aConfig(keys)).total);
  });

  it("is the same with and without replicas, since a change restarts every node", () => {
    const pooler = { poolSize: 50, reserveSize: 5 };
    expect([0, 1, 7].flatMap((replicas) => [...new Set(maxConnections({ replicas, pooler }))])).toEqual(["140", "140", "140"]);
  });
});
