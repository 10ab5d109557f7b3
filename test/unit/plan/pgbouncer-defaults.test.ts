import { isChangeable } from "../../../src/pgbouncer/settings.ts";
import { describe, expect, it } from "vitest";
import {
  maxDbConnections,
  planPoolerSettings,
  planProcessSettings,
  planRouteParams,
  type PoolerSettingsInput,
} from "../../../src/plan/pgbouncer-defaults.ts";

function anInput(over: Partial<PoolerSettingsInput> = {}): PoolerSettingsInput {
  return {
    mode: "transaction",
    maxClients: 1000,
    poolSize: 25,
    reserveTimeoutS: 3,
    queryWaitTimeoutS: 120,
    idleTransactionTimeoutS: undefined,
    ...over,
  };
}

describe("planPoolerSettings", () => {
  it("prints the settings of a pooler", () => {
    const lines = planPoolerSettings(anInput()).map(({ name, value }) => `${name} = ${value}`);
    expect(lines).toMatchInlineSnapshot(`
      [
        "listen_addr = ",
        "listen_port = 6432",
        "unix_socket_dir = ",
        "logfile = ",
        "pidfile = ",
        "log_connections = 0",
        "log_disconnections = 0",
        "auth_type = scram-sha-256",
        "admin_users = pgbouncer",
        "stats_users = monitoring",
        "ignore_startup_parameters = extra_float_digits,options,search_path",
        "pool_mode = transaction",
        "max_client_conn = 1000",
        "default_pool_size = 25",
        "reserve_pool_timeout = 3",
        "max_prepared_statements = 256",
        "query_wait_timeout = 120",
        "server_login_retry = 1",
        "server_connect_timeout = 3",
        "server_check_delay = 10",
        "server_lifetime = 3600",
        "dns_max_ttl = 1",
        "dns_nxdomain_ttl = 1",
      ]
    `);
  });

  it("lists every name once, with a reason", () => {
    const settings = planPoolerSettings(anInput({ idleTransactionTimeoutS: 60 }));
    const names = settings.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { why } of settings) expect(why).toMatch(/^\S.*[^.\s]$/);
  });

  it("sets idle_transaction_timeout only if asked", () => {
    const found = (input: PoolerSettingsInput): string | undefined =>
      planPoolerSettings(input).find(({ name }) => name === "idle_transaction_timeout")?.value;
    expect(found(anInput())).toBeUndefined();
    expect(found(anInput({ idleTransactionTimeoutS: 90 }))).toBe("90");
  });

  it("needs no restart whatever stack config changes", () => {
    const fixed = (input: PoolerSettingsInput): readonly string[] =>
      planPoolerSettings(input).flatMap(({ name, value }) => (isChangeable(name) ? [] : [`${name} = ${value}`]));
    expect(fixed(anInput({ maxClients: 50_000, poolSize: 500, mode: "session" }))).toEqual(fixed(anInput()));
  });
});

describe("planProcessSettings", () => {
  it("gives each process its number, and its part of the reserve", () => {
    expect(planProcessSettings(3, 2).map(({ name, value }) => `${name} = ${value}`)).toEqual(["peer_id = 3", "reserve_pool_size = 2"]);
    for (const { why } of planProcessSettings(1, 0)) expect(why).toMatch(/^\S.*[^.\s]$/);
  });

  it("gives nothing that all processes have", () => {
    const common = planPoolerSettings(anInput()).map(({ name }) => name);
    expect(planProcessSettings(1, 5).filter(({ name }) => common.includes(name))).toEqual([]);
  });
});

describe("planRouteParams", () => {
  it("turns over the read route's connections, not the write route's", () => {
    expect(planRouteParams(false)).toEqual([]);
    expect(planRouteParams(true).map(({ key, value }) => `${key}=${value}`)).toEqual(["server_lifetime=600"]);
  });
});

describe("maxDbConnections", () => {
  it("bounds a route's connections: its pool, its reserve and five more", () => {
    expect(maxDbConnections(25, 5)).toBe(35);
    expect(maxDbConnections(50, 5)).toBe(60);
  });
});
