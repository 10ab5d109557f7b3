import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { DeclaredRoute } from "../../../src/pgbouncer/rotation.ts";
import { routesOf, withNode, withoutNode } from "../../../src/pgbouncer/rotation.ts";
import { renderPoolerFiles } from "../../../src/render/pooler-files.ts";
import { aPlan } from "../../../testing/stacks.ts";

const ini = [
  "; rendered",
  "[databases]",
  "app = host=pg1 port=5432 dbname=app pool_size=50 max_db_connections=60",
  "app_ro = host=pg2,pg3 port=5432 dbname=app pool_size=110 max_db_connections=120 server_lifetime=600",
  '"2nd_ro" = host=pg2 port=5432 dbname=2nd pool_size=7 max_db_connections=17',
  "",
  "[pgbouncer]",
  "; host=pg2 in a remark",
  "listen_addr = *",
].join("\n");

const declared: Readonly<Record<string, DeclaredRoute>> = {
  app: { hosts: ["pg1"], poolSize: 50, maxDbConnections: 60 },
  app_ro: { hosts: ["pg2", "pg3"], poolSize: 110, maxDbConnections: 120 },
  "2nd_ro": { hosts: ["pg2"], poolSize: 7, maxDbConnections: 17 },
};

const hosts = (text: string): Record<string, string> =>
  Object.fromEntries([...routesOf(text)].map(([name, nodes]) => [name, nodes.join(",")]));

describe("rotation", () => {
  it("reads the hosts of each route", () => {
    expect(hosts(ini)).toEqual({ app: "pg1", app_ro: "pg2,pg3", "2nd_ro": "pg2" });
  });

  it("takes a node out of every route that reads from it, and of nothing else", () => {
    const without = withoutNode(ini, "pg2", "pg1");
    expect(hosts(without)).toEqual({ app: "pg1", app_ro: "pg3", "2nd_ro": "pg1" });
    expect(without.split("\n").filter((line, at) => line !== ini.split("\n")[at])).toEqual([
      "app_ro = host=pg3 port=5432 dbname=app pool_size=110 max_db_connections=120 server_lifetime=600",
      '"2nd_ro" = host=pg1 port=5432 dbname=2nd pool_size=5 max_db_connections=5',
    ]);
  });

  it("puts it back where it is declared, in the declared order, with the declared sizes", () => {
    expect(withNode(withoutNode(ini, "pg2", "pg1"), "pg2", declared)).toBe(ini);
    expect(withNode(withoutNode(ini, "pg3", "pg1"), "pg3", declared)).toBe(ini);
  });

  it("leaves out what is still out, and knows nothing of undeclared routes", () => {
    const both = withoutNode(withoutNode(ini, "pg3", "pg1"), "pg2", "pg1");
    expect(hosts(withNode(both, "pg3", declared))).toEqual({ app: "pg1", app_ro: "pg3", "2nd_ro": "pg1" });
    expect(hosts(withNode(both, "pg3", {}))).toEqual(hosts(both));
  });

  it("is undone by putting back, whatever the cluster and the order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(fc.nat(), { minLength: 1, maxLength: 8 }), (replicas, picks) => {
        const plan = aPlan({ replicas });
        const file = renderPoolerFiles(plan).find(({ path }) => path === "pgbouncer.ini");
        const text = file?.kind === "plain" ? file.content : "";
        const routes = Object.fromEntries(
          [plan.pooler.write, plan.pooler.read].map(({ name, hosts: nodes, poolSize, parameters }) => [
            name,
            { hosts: nodes, poolSize, maxDbConnections: Number(parameters["max_db_connections"]) },
          ]),
        );
        const out = [...new Set(picks.map((pick) => `pg${2 + (pick % replicas)}`))];
        const without = out.reduce((now, node) => withoutNode(now, node, "pg1"), text);
        for (const node of out) expect([...routesOf(without).values()].flat()).not.toContain(node);
        // No route is ever without a server.
        for (const nodes of routesOf(without).values()) expect(nodes.length).toBeGreaterThan(0);
        expect(out.reduce((now, node) => withNode(now, node, routes), without)).toBe(text);
      }),
    );
  });
});
