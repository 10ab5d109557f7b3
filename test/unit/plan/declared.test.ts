import { describe, expect, it } from "vitest";

import { parseConfig } from "../../../src/config/parse.ts";
import { entriesOf } from "../../../src/plan/declared.ts";
import { routesOf } from "../../../src/plan/routes.ts";
import type { StackKeys } from "../../../testing/stacks.ts";
import { aPlan, userErrorOf } from "../../../testing/stacks.ts";

const problemsOf = (keys: StackKeys): string => userErrorOf(() => aPlan(keys));
const parsedProblems = (keys: StackKeys): string =>
  userErrorOf(() =>
    parseConfig(Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, JSON.stringify(value)])), "Pulumi.test.yaml"),
  );

describe("declared databases and users", () => {
  const plan = aPlan({
    replicas: 2,
    databases: { shop: { owner: "shop", schemas: ["sales", "sales"], prismaShadow: true, connectionLimit: 40 }, blog: {} },
    users: {
      shop: {},
      reporter: { access: { shop: "read", app: "read" }, connectionLimit: 4 },
      batch: { access: { blog: "write" }, pooled: false, connectionLimit: 7 },
    },
  });

  it("are planned in order of their names, with defaults", () => {
    expect(plan.databases).toEqual([
      { name: "blog", owner: "app", extensions: [], schemas: [], connectionLimit: -1, shadowOf: undefined },
      { name: "shop", owner: "shop", extensions: [], schemas: ["sales"], connectionLimit: 40, shadowOf: undefined },
      { name: "shop_shadow", owner: "shop", extensions: [], schemas: [], connectionLimit: -1, shadowOf: "shop" },
    ]);
    expect(plan.users.map(({ name }) => name)).toEqual(["batch", "reporter", "shop"]);
    expect(plan.users[1]?.access).toEqual([
      { database: "app", level: "read" },
      { database: "shop", level: "read" },
    ]);
  });

  it("have two routes each, but for shadows", () => {
    expect(routesOf(plan).map(({ name, database, reads }) => [name, database, reads])).toEqual([
      ["app", "app", false],
      ["app_ro", "app", true],
      ["blog", "blog", false],
      ["blog_ro", "blog", true],
      ["shop", "shop", false],
      ["shop_ro", "shop", true],
    ]);
  });

  it("tell the pooler the limits of those that come through it", () => {
    expect(plan.pooler.userLimits).toEqual([{ user: "reporter", connections: 4 }]);
  });

  it("say who may enter what", () => {
    const entries = (role: string): readonly string[] => entriesOf(plan, role).map(({ database, right }) => `${database} ${right}`);
    expect(entries("app")).toEqual(["app owner", "blog owner"]);
    expect(entries("shop")).toEqual(["shop owner", "shop_shadow owner"]);
    expect(entries("reporter")).toEqual(["app read", "shop read"]);
    expect(entries("batch")).toEqual(["blog write"]);
    expect(entries("nobody")).toEqual([]);
  });

  it("share what one replica can take", () => {
    const { pooler, nodes } = aPlan({ replicas: 3, pooler: { poolSize: 50 }, databases: { a: { poolSize: 40 }, b: { poolSize: 40 } } });
    const limit = Number(nodes[0]?.settings.find(({ name }) => name === "max_connections")?.value);
    const reads = [pooler.read, ...pooler.others.map(({ read }) => read)];
    const most = 5 + reads.reduce((sum, { poolSize }) => sum + poolSize, 0);
    expect(most + 25).toBeLessThanOrEqual(limit);
    expect(reads.every(({ poolSize }) => poolSize > 10)).toBe(true);
  });

  it("need no restart when there is one more database", () => {
    const of = (keys: StackKeys): unknown => aPlan(keys).nodes[0]?.settings.find(({ name }) => name === "max_connections")?.value;
    expect(of({ databases: { shop: {} } })).toBe(of({}));
    // In a stack of the default size there is room for 15 more.
    expect(of({ databases: { shop: {}, blog: {} } })).toBe("110");
  });

  it("share their pool between both routes when there is no replica", () => {
    const { pooler } = aPlan({ replicas: 0, databases: { shop: { poolSize: 5 } } });
    expect(pooler.others.map(({ write, read }) => [write.poolSize, write.most, read.poolSize])).toEqual([[3, 3, 2]]);
  });
});

describe("a stack without any", () => {
  it("is planned as if there were no such keys", () => {
    const plain = aPlan({ replicas: 2 });
    expect(aPlan({ replicas: 2, databases: {}, users: {}, remove: {} })).toEqual(plain);
    expect(routesOf(plain).map(({ name }) => name)).toEqual(["app", "app_ro"]);
  });
});

describe("mistakes in declared databases and users", () => {
  it("in names are refused all at once, with the value and the fix", () => {
    const text = parsedProblems({
      databases: { 'sh"op': {}, postgres: {}, a_ro: {}, ok: { ownr: "x", schemas: ["public", "pg_x"] } },
      users: { replicator: {}, pg_x: {}, "a'b": {}, r: { access: { app: "all" } } },
      remove: { databases: { x: true }, users: { y: "drop" } },
    });
    for (const line of [
      'pgstack:databases.sh"op: "sh\\"op" is not allowed as a name',
      'pgstack:databases.postgres: "postgres" is not allowed as a name',
      'pgstack:databases.a_ro: "a_ro" is not allowed as a name\n  fix: use a name that does not end in _ro',
      "pgstack:databases.ok.ownr: unknown key in databases.ok\n  fix: did you mean `owner`?",
      'pgstack:databases.ok.schemas.0: "public" is not allowed',
      'pgstack:users.replicator: "replicator" is not allowed as a name',
      'pgstack:users.pg_x: "pg_x" is not allowed as a name',
      `pgstack:users.a'b: "a'b" is not allowed as a name`,
      'pgstack:users.r.access.app: "all" is not allowed\n  fix: use one of read, write',
      "pgstack:remove.databases.x: true is not allowed",
      'pgstack:remove.users.y: "drop" is not allowed\n  fix: use one of keep-objects, with-objects',
    ]) {
      expect(text).toContain(line);
    }
  });

  it.each<readonly [string, StackKeys, string]>([
    ["the first database again", { databases: { app: {} } }, 'databases.app: "app" is the first database already (pgstack:database)'],
    [
      "the first owner again",
      { users: { app: { access: { app: "read" } } } },
      'users.app: "app" is the first database\'s owner already (pgstack:appUser)',
    ],
    [
      "a shadow that meets a database",
      { databases: { a: { prismaShadow: true }, a_shadow: {} } },
      'its shadow database would be "a_shadow", which is declared already',
    ],
    ["a shadow with too long a name", { databases: { ["a".repeat(58)]: { prismaShadow: true } } }, "would be longer than 63 characters"],
    [
      "an owner that nobody declares",
      { databases: { shop: { owner: "shopp" } }, users: { shop: { access: { app: "read" } } } },
      "did you mean `shop`?",
    ],
    ["access to no database", { users: { r: { access: { nowhere: "read" } } } }, 'users.r.access.nowhere: there is no database "nowhere"'],
    [
      "access to a shadow",
      { databases: { a: { prismaShadow: true } }, users: { r: { access: { a_shadow: "read" } } } },
      'there is no database "a_shadow"',
    ],
    [
      "access of an owner",
      { databases: { a: { owner: "r" } }, users: { r: { access: { a: "read" } } } },
      '"r" owns "a" and may do everything in it',
    ],
    ["a user without business", { users: { r: {} } }, 'users.r: "r" has access to no database'],
    [
      "a limit below the pools",
      { databases: { a: { connectionLimit: 9 } } },
      "databases.a.connectionLimit: 9 is less than the 10 connections of its pool",
    ],
    [
      "words about what is declared",
      { databases: { a: {} }, remove: { databases: { a: "with-data", app: "with-data" }, users: { app: "keep-objects" } } },
      'remove.users.app: "app" is still declared',
    ],
    ["more than max_connections", { settings: { max_connections: 60 }, databases: { a: { poolSize: 40 } } }, "40 pooled for a"],
  ])("are refused: %s", (_what, keys, problem) => {
    expect(problemsOf(keys)).toContain(problem);
  });

  it("that are none: a limit that fits exactly, and words about what is gone", () => {
    const keys = { databases: { a: { connectionLimit: 10 } }, remove: { databases: { b: "with-data" }, users: { c: "with-objects" } } };
    expect(aPlan(keys).removal).toEqual({ databases: ["b"], users: { c: "with-objects" } });
  });
});
