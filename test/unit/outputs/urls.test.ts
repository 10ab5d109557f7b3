import { execFileSync } from "node:child_process";

import { describe, expect, it } from "vitest";

import { connectionUrls, dotenvBlock } from "../../../src/outputs/urls.ts";
import { aPlan, fakeSecrets } from "../../../testing/stacks.ts";

const { app, pgbouncer } = fakeSecrets.passwords;

describe("connectionUrls", () => {
  it("lead through the pooler, past it, and to its console", () => {
    const plan = aPlan({
      replicas: 2,
      leader: "pg2",
      database: "shop",
      appUser: "clerk",
      bindAddress: "10.0.0.7",
      clientNetworks: ["10.0.0.0/8"],
    });
    expect(connectionUrls(plan, fakeSecrets)).toEqual({
      write: `postgresql://clerk:${app}@10.0.0.7:6432/shop`,
      read: `postgresql://clerk:${app}@10.0.0.7:6432/shop_ro`,
      nodes: {
        pg1: `postgresql://clerk:${app}@10.0.0.7:5432/shop`,
        pg2: `postgresql://clerk:${app}@10.0.0.7:5433/shop`,
        pg3: `postgresql://clerk:${app}@10.0.0.7:5434/shop`,
      },
      direct: `postgresql://clerk:${app}@10.0.0.7:5432,10.0.0.7:5433,10.0.0.7:5434/shop?target_session_attrs=read-write`,
      admin: `postgresql://pgbouncer:${pgbouncer}@10.0.0.7:6433/pgbouncer`,
      consoles: [6433, 6434].map((port) => `postgresql://pgbouncer:${pgbouncer}@10.0.0.7:${port}/pgbouncer`),
    });
  });

  it("say nothing of which node leads", () => {
    const of = (leader: string): unknown => connectionUrls(aPlan({ replicas: 2, leader }), fakeSecrets);
    expect(of("pg2")).toEqual(of("pg1"));
  });

  it("leave nothing to choose with one node, and have a read route all the same", () => {
    const { nodes, direct, read } = connectionUrls(aPlan({ replicas: 0 }), fakeSecrets);
    expect(nodes).toEqual({ pg1: direct });
    expect(direct).toBe(`postgresql://app:${app}@127.0.0.1:5432/app`);
    expect(read).toBe(`postgresql://app:${app}@127.0.0.1:6432/app_ro`);
  });

  it("are URLs: every part reads back", () => {
    const { hostname, port, username, password, pathname } = new URL(connectionUrls(aPlan(), fakeSecrets).write);
    expect({ hostname, port, username, password, pathname }).toEqual({
      hostname: "127.0.0.1",
      port: "6432",
      username: "app",
      password: app,
      pathname: "/app",
    });
  });
});

describe("dotenvBlock", () => {
  const urls = connectionUrls(aPlan({ replicas: 2 }), fakeSecrets);

  it("has the names that frameworks look for, and each node", () => {
    expect(dotenvBlock(urls)).toBe(
      [
        `DATABASE_URL='${urls.write}'`,
        `DATABASE_REPLICA_URL='${urls.read}'`,
        `DATABASE_DIRECT_URL='${urls.direct}'`,
        `DATABASE_PG1_URL='${urls.nodes["pg1"]}'`,
        `DATABASE_PG2_URL='${urls.nodes["pg2"]}'`,
        `DATABASE_PG3_URL='${urls.nodes["pg3"]}'`,
        "",
      ].join("\n"),
    );
  });

  it("is read by a shell as it was meant", () => {
    const printed = execFileSync("sh", ["-euc", `${dotenvBlock(urls)}printf %s "$DATABASE_DIRECT_URL"`], { env: {}, encoding: "utf8" });
    expect(printed).toBe(urls.direct);
  });
});
