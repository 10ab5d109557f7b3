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
      replicas: {
        pg1: `postgresql://clerk:${app}@10.0.0.7:5432/shop`,
        pg3: `postgresql://clerk:${app}@10.0.0.7:5434/shop`,
      },
      direct: `postgresql://clerk:${app}@10.0.0.7:5433/shop`,
      admin: `postgresql://pgbouncer:${pgbouncer}@10.0.0.7:6432/pgbouncer`,
    });
  });

  it("name no replica when there is none, and a read route all the same", () => {
    const { replicas, read } = connectionUrls(aPlan({ replicas: 0 }), fakeSecrets);
    expect(replicas).toEqual({});
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

  it("has the names that frameworks look for, replicas counted", () => {
    expect(dotenvBlock(urls)).toBe(
      [
        `DATABASE_URL='${urls.write}'`,
        `DATABASE_REPLICA_URL='${urls.read}'`,
        `DATABASE_REPLICA_1_URL='${urls.replicas["pg2"]}'`,
        `DATABASE_REPLICA_2_URL='${urls.replicas["pg3"]}'`,
        `DATABASE_DIRECT_URL='${urls.direct}'`,
        "",
      ].join("\n"),
    );
  });

  it("is read by a shell as it was meant", () => {
    const printed = execFileSync("sh", ["-euc", `${dotenvBlock(urls)}printf %s "$DATABASE_REPLICA_2_URL"`], { env: {}, encoding: "utf8" });
    expect(printed).toBe(urls.replicas["pg3"]);
  });
});
