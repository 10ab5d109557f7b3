import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Routes, RouteSpec, ServedRoute } from "../../../src/pgbouncer/routes.ts";
import {
  declaredRoutes,
  isRoutesFile,
  keepingDrained,
  ledBy,
  readersOf,
  readRoutes,
  routesFiles,
  servedOtherwise,
  servedRoutes,
  withDrained,
  withoutDrained,
} from "../../../src/pgbouncer/routes.ts";
import { aPlan } from "../../../testing/stacks.ts";
import { readIni, readPgbouncerConnstr } from "../render/escape-readers.ts";

const app: RouteSpec = { name: "app", database: "app", reads: false, poolSize: 50, most: 60, parameters: {} };
const appRo: RouteSpec = { name: "app_ro", database: "app", reads: true, poolSize: 111, most: 121, parameters: { server_lifetime: 600 } };
const three: Routes = { leader: "pg1", nodes: ["pg1", "pg2", "pg3"], drained: {}, processes: 2, routes: [app, appRo] };

const numbersOf = ({ processes }: Routes): readonly number[] => Array.from({ length: processes }, (_, index) => index + 1);
const served = (routes: Routes, out: readonly string[] = []): readonly (readonly ServedRoute[])[] =>
  numbersOf(routes).map((number) => servedRoutes(routes, out, number));

/** Route → the node that each process leads to. */
function hosts(routes: Routes, out: readonly string[] = []): Record<string, readonly string[]> {
  const all = served(routes, out);
  return Object.fromEntries(routes.routes.map(({ name }, index) => [name, all.map((of) => of[index]?.host ?? "")]));
}

/** What each process has of a route. */
function sizes(routes: Routes, name: string, out: readonly string[] = []): readonly (readonly [size: number, limit: unknown])[] {
  return served(routes, out).flatMap((of) =>
    of.filter((route) => route.name === name).map(({ poolSize, parameters }) => [poolSize, parameters["max_db_connections"]] as const),
  );
}

const textOf = (routes: Routes, path: string, out?: readonly string[]): string | undefined =>
  routesFiles(routes, out).find((file) => file.path === path)?.content;
const wantedText = (routes: Routes): string => textOf(routes, "routes.json") ?? "";

describe("routes", () => {
  it("lead every process to the leader for writes and each to a replica of its own for reads, whichever node leads", () => {
    expect(hosts(three)).toEqual({ app: ["pg1", "pg1"], app_ro: ["pg2", "pg3"] });
    expect(hosts({ ...three, leader: "pg2" })).toEqual({ app: ["pg2", "pg2"], app_ro: ["pg1", "pg3"] });
    expect(readersOf(three)).toEqual(["pg2", "pg3"]);
  });

  it("lead two processes to the only replica", () => {
    expect(hosts({ ...three, nodes: ["pg1", "pg2"] })).toEqual({ app: ["pg1", "pg1"], app_ro: ["pg2", "pg2"] });
  });

  it("share their connections, where the first processes have what is left over", () => {
    expect(sizes(three, "app")).toEqual([
      [25, 30],
      [25, 30],
    ]);
    expect(sizes(three, "app_ro")).toEqual([
      [56, 61],
      [55, 60],
    ]);
    const small = { ...three, processes: 3, routes: [{ ...app, poolSize: 1, most: 2 }] };
    expect(sizes(small, "app")).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
  });

  it("read from another replica in the process whose own is out, drained or not to be read from", () => {
    const drained = { ...three, drained: { pg2: "x" } };
    expect(hosts(drained)["app_ro"]).toEqual(["pg3", "pg3"]);
    expect(hosts(three, ["pg3"])["app_ro"]).toEqual(["pg2", "pg2"]);
    expect(sizes(drained, "app_ro")).toEqual(sizes(three, "app_ro"));
    expect(readersOf(drained)).toEqual(["pg3"]);
    expect(readersOf(three, ["pg3"])).toEqual(["pg2"]);
  });

  it("read from the leader over the whole pool where there is no replica, over few connections while all are out", () => {
    const alone = { ...three, nodes: ["pg1"] };
    expect(hosts(alone)["app_ro"]).toEqual(["pg1", "pg1"]);
    expect(sizes(alone, "app_ro")).toEqual(sizes(three, "app_ro"));
    for (const [routes, out] of [
      [{ ...three, drained: { pg2: "x", pg3: "y" } }, []],
      [{ ...three, drained: { pg2: "x" } }, ["pg3"]],
      [three, ["pg2", "pg3"]],
    ] as const) {
      expect(readersOf(routes, out)).toEqual(["pg1"]);
      expect(hosts(routes, out)).toEqual({ app: ["pg1", "pg1"], app_ro: ["pg1", "pg1"] });
      expect(sizes(routes, "app_ro", out)).toEqual([
        [3, 3],
        [2, 2],
      ]);
      expect(sizes(routes, "app", out)).toEqual(sizes(three, "app"));
    }
    const small = { ...three, routes: [app, { ...appRo, poolSize: 2 }], drained: { pg2: "x", pg3: "y" } };
    expect(sizes(small, "app_ro")).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it("are written as what is wanted, and as a file for each process", () => {
    const files = routesFiles({ ...three, drained: { pg2: "deployment" } });
    expect(files.map(({ path }) => path)).toEqual(["routes.json", "routes-1.ini", "routes-2.ini"]);
    expect(files[0]?.content).toBe(`{
  "leader": "pg1",
  "nodes": [
    "pg1",
    "pg2",
    "pg3"
  ],
  "drained": {
    "pg2": "deployment"
  },
  "processes": 2,
  "routes": [
    {
      "name": "app",
      "database": "app",
      "reads": false,
      "poolSize": 50,
      "most": 60,
      "parameters": {}
    },
    {
      "name": "app_ro",
      "database": "app",
      "reads": true,
      "poolSize": 111,
      "most": 121,
      "parameters": {
        "server_lifetime": 600
      }
    }
  ]
}
`);
    expect(files[1]?.content).toBe(`\
; Written by pgstack from routes.json. Do not edit: changes are overwritten.
; leader: pg1; nodes: pg1, pg2, pg3
; kept out: pg2 (deployment)
[databases]
app = host=pg1 port=5432 dbname=app pool_size=25 max_db_connections=30
app_ro = host=pg3 port=5432 dbname=app pool_size=56 max_db_connections=61 server_lifetime=600
`);
  });

  it("that cannot be read from are in no data, and named where they are left out", () => {
    expect(wantedText(three)).toBe(routesFiles(three, ["pg3"])[0]?.content);
    expect(textOf(three, "routes-2.ini", ["pg3"])).toContain("; kept out: pg3 (unfit)\n");
    expect(textOf(three, "routes-2.ini")).not.toContain("kept out");
  });

  it("are the only files of these names", () => {
    for (const { path } of routesFiles({ ...three, processes: 15 })) expect(isRoutesFile(path), path).toBe(true);
    for (const path of [
      "pgbouncer.ini",
      "process-1.ini",
      "routes.ini",
      "routes-.ini",
      "routes-1.ini.new",
      "my-routes-1.ini",
      "routes.json.new",
    ])
      expect(isRoutesFile(path), path).toBe(false);
  });

  it("are not read from a file that was not written to its end, or is someone else's", () => {
    const text = wantedText(three);
    expect(readRoutes(text)).toEqual(three);
    for (const other of ["", "null", "[]", "{}", text.slice(0, -3), text.replace('"leader"', '"chief"'), `${text}{`])
      expect(readRoutes(other)).toBeUndefined();
    for (const key of ["leader", "nodes", "drained", "processes", "routes"])
      expect(readRoutes(JSON.stringify({ ...three, [key]: undefined })), key).toBeUndefined();
  });

  it("keep out a node until the one lets it in who has kept it out", () => {
    const out = withDrained(three, "pg2", "deployment");
    expect(withDrained(out, "pg2", "watcher").drained).toEqual({ pg2: "deployment" });
    expect(withoutDrained(out, "pg2", "watcher")).toEqual(out);
    expect(withoutDrained(out, "pg2", "deployment")).toEqual(three);
  });

  it("that are declared again let in whom earlier deployments have left out, and nobody else", () => {
    const present = { ...three, drained: { pg2: "deployment", pg3: "watcher", pg9: "watcher" } };
    expect(keepingDrained(three, present, "deployment").drained).toEqual({ pg3: "watcher" });
    expect(keepingDrained(three, undefined, "deployment")).toEqual(three);
  });

  it("of another leader keep out the one before it until it is let in", () => {
    const now = ledBy(withDrained(three, "pg2", "deployment"), "pg2", "deployment");
    expect(hosts(now)).toEqual({ app: ["pg2", "pg2"], app_ro: ["pg3", "pg3"] });
    expect(hosts(withoutDrained(now, "pg1", "deployment"))).toEqual({ app: ["pg2", "pg2"], app_ro: ["pg1", "pg3"] });
    expect(ledBy(three, "pg1", "deployment")).toBe(three);
  });

  it("are served when a process has them with this node, this database and this size", () => {
    const wanted = servedRoutes(three, [], 2);
    expect(servedOtherwise([...wanted, { name: "old", database: "old", host: "pg1", poolSize: 1 }], wanted)).toEqual([]);
    expect(servedOtherwise(wanted.slice(1), wanted)).toEqual(["app"]);
    for (const change of [{ host: "pg2" }, { database: "x" }, { poolSize: 1 }])
      expect(
        servedOtherwise(
          wanted.map((route) => (route.name === "app" ? route : { ...route, ...change })),
          wanted,
        ),
      ).toEqual(["app_ro"]);
  });
});

const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,20}$/);
const node = fc.integer({ min: 1, max: 9 }).map((number) => `pg${number}`);
const ownKeys = ["host", "port", "dbname", "pool_size", "max_db_connections"];
const spec: fc.Arbitrary<RouteSpec> = fc
  .record({
    name,
    database: fc.string({ minLength: 1, unit: "grapheme-ascii" }),
    reads: fc.boolean(),
    poolSize: fc.integer({ min: 1, max: 1000 }),
    more: fc.nat({ max: 20 }),
    parameters: fc.dictionary(
      name.filter((key) => !ownKeys.includes(key)),
      fc.oneof(fc.nat(), fc.string({ minLength: 1, unit: "grapheme-ascii" })),
      { noNullPrototype: true },
    ),
  })
  .map(({ more, ...rest }) => ({ ...rest, most: rest.poolSize + more }));
const anyRoutes: fc.Arbitrary<Routes> = fc
  .record({
    nodes: fc.uniqueArray(node, { minLength: 1, maxLength: 6 }),
    at: fc.nat(),
    drained: fc.dictionary(node, fc.constantFrom("deployment", "watcher"), { noNullPrototype: true }),
    processes: fc.integer({ min: 2, max: 6 }),
    routes: fc.uniqueArray(spec, { maxLength: 6, selector: (route) => route.name }),
  })
  .map(({ at, nodes, ...rest }) => ({ ...rest, nodes, leader: nodes[at % nodes.length] ?? "" }));
const anyOut = fc.uniqueArray(node, { maxLength: 6 });

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

describe("any routes", () => {
  it("read back as they were written, by this module and as PgBouncer reads them", () => {
    fc.assert(
      fc.property(anyRoutes, anyOut, (routes, out) => {
        const text = wantedText(routes);
        expect(readRoutes(text)).toEqual(routes);
        expect(routesFiles(readRoutes(text) ?? three, out)).toEqual(routesFiles(routes, out));
        for (const number of numbersOf(routes)) {
          const section = readIni(textOf(routes, `routes-${number}.ini`, out) ?? "").get("databases") ?? new Map<string, string>();
          expect([...section.keys()]).toEqual(routes.routes.map((route) => route.name));
          for (const { name: key, host, database, poolSize, parameters } of servedRoutes(routes, out, number))
            expect(readPgbouncerConnstr(section.get(key) ?? "")).toEqual(
              expect.arrayContaining([
                ["host", host],
                ["dbname", database],
                ["pool_size", String(poolSize)],
                ["max_db_connections", String(parameters["max_db_connections"])],
              ]),
            );
        }
      }),
    );
  });

  it("always lead somewhere, and reads to nobody who is out but the leader", () => {
    fc.assert(
      fc.property(anyRoutes, anyOut, (routes, out) => {
        for (const { host } of served(routes, out).flat()) {
          expect(routes.nodes).toContain(host);
          expect(host === routes.leader || (routes.drained[host] === undefined && !out.includes(host))).toBe(true);
        }
      }),
    );
  });

  it("have writes go to the leader, and reads only while nobody else can be read from", () => {
    fc.assert(
      fc.property(anyRoutes, anyOut, (routes, out) => {
        const readers = readersOf(routes, out);
        for (const of of served(routes, out))
          for (const [index, { host }] of of.entries())
            expect(routes.routes[index]?.reads === true ? readers.includes(host) : host === routes.leader).toBe(true);
        expect(readers.includes(routes.leader)).toBe(
          !routes.nodes.some((one) => one !== routes.leader && routes.drained[one] === undefined && !out.includes(one)),
        );
      }),
    );
  });

  it("have every process open a connection, and all together no more than the pool where it is enough for that", () => {
    fc.assert(
      fc.property(anyRoutes, anyOut, (routes, out) => {
        const [reader] = readersOf(routes, out);
        const isStandIn = reader === routes.leader && routes.nodes.length > 1;
        for (const { name: route, reads, poolSize, most } of routes.routes) {
          const own = sizes(routes, route, out);
          const whole = reads && isStandIn ? Math.min(5, poolSize) : poolSize;
          for (const [size, limit] of own) {
            expect(size).toBeGreaterThan(0);
            expect(Number(limit)).toBeGreaterThanOrEqual(size);
          }
          expect(sum(own.map(([size]) => size))).toBe(Math.max(whole, routes.processes));
          expect(sum(own.map(([, limit]) => Number(limit)))).toBe(Math.max(reads && isStandIn ? whole : most, routes.processes));
        }
      }),
    );
  });

  it("of a declared cluster read from every replica as long as none is out", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 15 }), fc.nat(), (replicas, at) => {
        const declared = declaredRoutes(aPlan({ replicas }));
        const leader = declared.nodes[at % declared.nodes.length] ?? "";
        const read = new Set(hosts({ ...declared, leader })["app_ro"]);
        expect([...read].toSorted()).toEqual(declared.nodes.filter((one) => one !== leader).toSorted());
      }),
    );
  });

  it("change nothing in a process whose own replica stays in", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 15 }), fc.nat(), (replicas, pick) => {
        const declared = declaredRoutes(aPlan({ replicas }));
        const out = declared.nodes[1 + (pick % replicas)] ?? "";
        const before = served(declared);
        const after = served(withDrained(declared, out, "watcher"));
        for (const [index, of] of before.entries()) {
          const isOwn = of.some(({ host }) => host === out);
          expect(JSON.stringify(after[index]) === JSON.stringify(of)).toBe(!isOwn);
        }
      }),
    );
  });

  it("are as declared again when all are let in, whatever the order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 6 }), fc.array(fc.nat(), { maxLength: 8 }), (replicas, picks) => {
        const declared = declaredRoutes(aPlan({ replicas }));
        const out = picks.map((pick) => declared.nodes[pick % declared.nodes.length] ?? "");
        const without = out.reduce((now, one) => withDrained(now, one, "deployment"), declared);
        expect(routesFiles(out.reduce((now, one) => withoutDrained(now, one, "deployment"), without))).toEqual(routesFiles(declared));
      }),
    );
  });
});
