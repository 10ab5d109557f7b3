import { describe, expect, it } from "vitest";

import type { RawConfig } from "../../../src/config/parse.ts";
import { configKeys, parseConfig } from "../../../src/config/parse.ts";
import { UserError } from "../../../src/errors.ts";
import { userErrorOf } from "../../../testing/stacks.ts";

const parse = (raw: RawConfig): ReturnType<typeof parseConfig> => parseConfig(raw, "Pulumi.test.yaml");

/** The lines of the error behind its heading. */
function problemsOf(raw: RawConfig): string[] {
  const [heading, ...lines] = userErrorOf(() => parse(raw)).split("\n");
  expect(heading).toBe("Pulumi.test.yaml is not valid");
  return lines;
}

describe("values", () => {
  it("applies every default to an empty config", () => {
    expect(parse({})).toEqual({
      replicas: 1,
      database: "app",
      appUser: "app",
      databases: {},
      users: {},
      remove: { databases: {}, users: {} },
      postgresVersion: 17,
      timezone: "UTC",
      locale: "C.UTF-8",
      extensions: [],
      memory: "1GB",
      workload: "oltp",
      disk: "ssd",
      settings: {},
      reclone: {},
      slotWalCap: "4GB",
      pooler: {
        mode: "transaction",
        maxClients: 1000,
        poolSize: 25,
        reserveSize: 5,
        reserveTimeout: "3s",
        queryWaitTimeout: "120s",
        drainTimeout: "60s",
        memory: "128MB",
      },
      ports: {
        postgres: 5432,
        pooler: 6432,
        poolerConsole: 6433,
        postgresExporter: 9187,
        poolerExporter: 9127,
        prometheus: 9090,
        alertmanager: 9093,
        grafana: 3000,
      },
      bindAddress: "127.0.0.1",
      clientNetworks: [],
      subnet: "172.29.10.0/24",
      images: {},
      dockerHost: "unix:///var/run/docker.sock",
      exporters: true,
      monitoring: {
        prometheus: false,
        scrapeInterval: "15s",
        retention: "15d",
        retentionSize: "2GB",
        memory: "256MB",
        alerts: expect.objectContaining({ ReplicaLagSeconds: { warning: "5s", critical: "30s", for: "1m", criticalFor: "2m" } }) as unknown,
        rules: [],
        runbooks: "docs/runbooks",
      },
      scramIterations: 4096,
      checkTimeout: "60s",
    });
  });

  it.each([
    ["replicas", "3", 3],
    ["replicas", "0", 0],
    ["cpus", "1.5", 1.5],
    ["exporters", "false", false],
    // Text stays text, whatever else it could be.
    ["database", "true", "true"],
    ["database", "null", "null"],
    ["appUser", "false", "false"],
    ["database", "e3", "e3"],
    ["memory", "512m", "512m"],
    ["extensions", '["pg_trgm","uuid-ossp"]', ["pg_trgm", "uuid-ossp"]],
    ["settings", '{"work_mem":"8MB","jit":false,"random_page_cost":1.5}', { work_mem: "8MB", jit: false, random_page_cost: 1.5 }],
    ["images", '{"postgres":"registry.example:5000/pg:17.6"}', { postgres: "registry.example:5000/pg:17.6" }],
    ["timezone", "Asia/Manila", "Asia/Manila"],
    ["dockerHost", "ssh://admin@db.example.com:22", "ssh://admin@db.example.com:22"],
    ["dockerHost", "tcp://[fd00::7]:2376", "tcp://[fd00::7]:2376"],
    ["clientNetworks", '["192.168.10.0/24"]', ["192.168.10.0/24"]],
  ])("reads %s: %s", (key, text, value) => {
    expect(parse({ [key]: text })).toHaveProperty(key, value);
  });

  it("keeps the defaults of the other keys of a mapping", () => {
    const { pooler, ports } = parse({ pooler: '{"poolSize":40}', ports: '{"pooler":7000}' });
    expect(pooler).toMatchObject({ poolSize: 40, mode: "transaction", memory: "128MB" });
    expect(ports).toMatchObject({ postgres: 5432, pooler: 7000, postgresExporter: 9187, poolerExporter: 9127, prometheus: 9090 });
  });

  it("takes a database name of 60 characters, since the read route's is three longer", () => {
    expect(parse({ database: "d".repeat(60) }).database).toHaveLength(60);
    expect(problemsOf({ database: "d".repeat(61) })).toHaveLength(2);
  });
});

describe("a key that holds a secret", () => {
  it("is never shown, whatever is wrong with it", () => {
    const message = userErrorOf(() => parse({ alertWebhook: "ftp://hush.example/token", alertEmailPassword: "hush\nhush" }));
    expect(message).toContain("pgstack:alertWebhook: its value is not allowed\n  fix: use a URL that begins with http:// or https://");
    expect(message).toContain("pgstack:alertEmailPassword: its value is not allowed");
    expect(message).not.toContain("hush");
  });
});

describe("an unknown key", () => {
  it("is answered with the nearest known one", () => {
    expect(problemsOf({ replica: "3" })).toEqual(["Pulumi.test.yaml: pgstack:replica: unknown key", "  fix: did you mean `replicas`?"]);
  });

  it("is answered with all known ones when none is near", () => {
    expect(configKeys).toHaveLength(33);
    expect(problemsOf({ banana: "3" })).toEqual([
      "Pulumi.test.yaml: pgstack:banana: unknown key",
      `  fix: remove it; known keys: ${configKeys.join(", ")}`,
    ]);
  });

  it("is found inside a mapping too", () => {
    expect(problemsOf({ pooler: '{"poolsize":3,"banana":1}' })).toEqual([
      "Pulumi.test.yaml: pgstack:pooler.banana: unknown key in pooler",
      "  fix: remove it; known keys: mode, processes, maxClients, poolSize, reserveSize, reserveTimeout, queryWaitTimeout, drainTimeout, idleTransactionTimeout, memory",
      "Pulumi.test.yaml: pgstack:pooler.poolsize: unknown key in pooler",
      "  fix: did you mean `poolSize`?",
    ]);
  });

  it("with a dot says how to set a nested key", () => {
    expect(problemsOf({ "pooler.poolSize": "30" })).toEqual([
      "Pulumi.test.yaml: pgstack:pooler.poolSize: unknown key",
      "  fix: remove it (`pulumi config rm pooler.poolSize`); a key inside `pooler` is set with `pulumi config set --path pooler.poolSize …`",
    ]);
  });

  it("never shows its value, which may be a secret under a mistyped key", () => {
    expect(userErrorOf(() => parse({ dbPassword: "hunter2hunter2" }))).not.toContain("hunter2");
  });
});

describe("a wrong value", () => {
  it.each<[string, RawConfig, string, string]>([
    ["a number with letters", { replicas: "5432abc" }, 'replicas: "5432abc" is not allowed', "use a whole number"],
    ["an empty number", { replicas: "" }, 'replicas: "" is not allowed', "use a whole number"],
    ["a fraction for a whole number", { replicas: "2.5" }, "replicas: 2.5 is not allowed", "use a whole number"],
    ["null", { replicas: "null" }, "replicas: null is not allowed", "use a whole number"],
    ["true for a number", { cpus: "true" }, "cpus: true is not allowed", "use a number"],
    ["a word for a switch", { exporters: "yes" }, 'exporters: "yes" is not allowed', "use true or false"],
    ["text for a mapping", { pooler: "transaction" }, 'pooler: "transaction" is not allowed', "use a mapping of keys"],
    ["broken JSON for a mapping", { ports: '{"pooler":' }, 'ports: "{\\"pooler\\":" is not allowed', "use a mapping of keys"],
    ["text for a list", { extensions: "pg_trgm" }, 'extensions: "pg_trgm" is not allowed', "use a list"],
    ["a list for settings", { settings: "[1]" }, "settings: [1] is not allowed", "use a mapping of names to values"],
    ["text for a nested number", { pooler: '{"poolSize":"30"}' }, 'pooler.poolSize: "30" is not allowed', "use a whole number"],
    ["a bare number for a size", { pooler: '{"memory":128}' }, "pooler.memory: 128 is not allowed", "use a size such as 512MB or 2GB"],
    ["a number for a reference", { images: '{"pooler":1}' }, "images.pooler: 1 is not allowed", "use text"],
    ["a number in a list of names", { extensions: "[3]" }, "extensions.0: 3 is not allowed", "use text"],
    ["too few", { replicas: "-1" }, "replicas: -1 is not allowed", "use at least 0"],
    ["too many", { replicas: "16" }, "replicas: 16 is not allowed", "use at most 15"],
    ["a CPU limit of nothing", { cpus: "0" }, "cpus: 0 is not allowed", "use at least 0.1"],
    ["a port of 0", { ports: '{"postgres":0}' }, "ports.postgres: 0 is not allowed", "use at least 1"],
    ["a port over 65535", { ports: '{"pooler":70000}' }, "ports.pooler: 70000 is not allowed", "use at most 65535"],
    ["too few iterations", { scramIterations: "1e3" }, "scramIterations: 1000 is not allowed", "use at least 4096"],
    ["an old version", { postgresVersion: "14" }, "postgresVersion: 14 is not allowed", "use at least 15"],
    [
      "a workload that cannot be replicated",
      { workload: "desktop" },
      'workload: "desktop" is not allowed',
      "use one of web, oltp, dw, mixed",
    ],
    ["a disk of no kind", { disk: "5" }, 'disk: "5" is not allowed', "use one of nvme, ssd, san, hdd"],
    [
      "a mode of no kind",
      { pooler: '{"mode":"fast"}' },
      'pooler.mode: "fast" is not allowed',
      "use one of transaction, session, statement",
    ],
    ["a size of another unit", { memory: "1G" }, 'memory: "1G" is not allowed', "use a size such as 512MB or 2GB"],
    ["a size of nothing", { slotWalCap: "0MB" }, 'slotWalCap: "0MB" is not allowed', "use a size such as 512MB or 2GB"],
    ["a time of nothing", { checkTimeout: "0s" }, 'checkTimeout: "0s" is not allowed', "use a time such as 30s, 2min or 1h"],
    [
      "a time zone that is no name",
      { timezone: "Mars; Base" },
      'timezone: "Mars; Base" is not allowed',
      "use a name of the IANA time zone database, such as UTC or Asia/Manila",
    ],
    [
      "an offset for a time zone, which PostgreSQL reads the other way round",
      { timezone: "+08:00" },
      'timezone: "+08:00" is not allowed',
      "use a name of the IANA time zone database, such as UTC or Asia/Manila",
    ],
    [
      "a locale of libc",
      { locale: "de_DE.UTF-8" },
      'locale: "de_DE.UTF-8" is not allowed',
      "use C.UTF-8, or a language tag for ICU such as en-US",
    ],
    ["a node that is none", { leader: "pg0" }, 'leader: "pg0" is not allowed', "use a node name such as pg1"],
    [
      "a host name for an address",
      { bindAddress: "localhost" },
      'bindAddress: "localhost" is not allowed',
      "use an IPv4 address of the engine's host, such as 127.0.0.1, or 0.0.0.0 for all of them",
    ],
    [
      "a network of no form",
      { subnet: "172.29.10.0" },
      'subnet: "172.29.10.0" is not allowed',
      "use an IPv4 network such as 172.29.10.0/24",
    ],
    [
      "a host for a network of clients",
      { clientNetworks: '["192.168.10.7"]' },
      'clientNetworks.0: "192.168.10.7" is not allowed',
      "use an IPv4 network such as 192.168.10.0/24",
    ],
    [
      "an engine over HTTP",
      { dockerHost: "http://db:2375" },
      'dockerHost: "http://db:2375" is not allowed',
      "use unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host",
    ],
    [
      "an engine without a numeric port",
      { dockerHost: "tcp://db:docker" },
      'dockerHost: "tcp://db:docker" is not allowed',
      "use unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host",
    ],
    [
      "an image without a tag",
      { images: '{"postgres":"registry.example:5000/postgres"}' },
      'images.postgres: "registry.example:5000/postgres" is not allowed',
      "use a tag or a digest: an image without one can change at any time",
    ],
    [
      "the image `latest`",
      { images: '{"postgres":"postgres:latest"}' },
      'images.postgres: "postgres:latest" is not allowed',
      "use a version instead of `latest`, which changes without notice; best with its digest",
    ],
    [
      "a name of an extension that is none",
      { extensions: '["9lives"]' },
      'extensions.0: "9lives" is not allowed',
      "use an extension's name such as pg_trgm or uuid-ossp",
    ],
    [
      "a database name with capitals",
      { database: "Shop" },
      'database: "Shop" is not allowed',
      "use a database name: lower-case letters, digits and _, at most 60 characters, no leading digit",
    ],
    [
      "a number for a database name",
      { database: "1e3" },
      'database: "1e3" is not allowed',
      "use a database name: lower-case letters, digits and _, at most 60 characters, no leading digit",
    ],
    [
      "a role name that begins with a digit",
      { appUser: "1app" },
      'appUser: "1app" is not allowed',
      "use a role name: lower-case letters, digits and _, at most 63 characters, no leading digit",
    ],
    [
      "the name of a read route",
      { database: "shop_ro" },
      'database: "shop_ro" is not allowed',
      "use a name that does not end in _ro: that is the read route's",
    ],
    [
      "a setting's name in capitals",
      { settings: '{"DateStyle":"ISO"}' },
      'settings.DateStyle: "DateStyle" is not allowed as a name',
      "use a PostgreSQL setting's name in lower case",
    ],
    [
      "a setting's name that would be two lines",
      { settings: '{"jit\\nport":"1"}' },
      'settings.jit\nport: "jit\\nport" is not allowed as a name',
      "use a PostgreSQL setting's name in lower case",
    ],
    [
      "a setting without a value",
      { settings: '{"work_mem":null}' },
      "settings.work_mem: null is not allowed",
      "use text on one line, a number, or true or false",
    ],
    [
      "a setting of two lines",
      { settings: '{"search_path":"a\\nssl = off"}' },
      'settings.search_path: "a\\nssl = off" is not allowed',
      "use text on one line, a number, or true or false",
    ],
    [
      "a setting with half a character",
      { settings: '{"search_path":"\\ud800"}' },
      'settings.search_path: "\\ud800" is not allowed',
      "use text on one line, a number, or true or false",
    ],
    [
      "a mapping for a setting",
      { settings: '{"work_mem":{"value":1}}' },
      'settings.work_mem: {"value":1} is not allowed',
      "use text on one line, a number, or true or false",
    ],
  ])("is refused: %s", (_what, raw, problem, fix) => {
    expect(problemsOf(raw).join("\n")).toBe(`Pulumi.test.yaml: pgstack:${problem}\n  fix: ${fix}`);
  });

  it.each([
    "postgres",
    "replicator",
    "monitoring",
    "pgbouncer",
    "all",
    "public",
    "none",
    "current_role",
    "current_user",
    "session_user",
    "pg_x",
  ])("is refused: the reserved role %s", (name) => {
    expect(problemsOf({ appUser: name })).toEqual([
      `Pulumi.test.yaml: pgstack:appUser: "${name}" is not allowed`,
      "  fix: use another name: this role is reserved",
    ]);
  });

  it.each(["postgres", "template0", "template1", "pgbouncer", "all", "replication", "sameuser", "samerole", "samegroup"])(
    "is refused: the reserved database %s",
    (name) => {
      expect(problemsOf({ database: name })).toEqual([
        `Pulumi.test.yaml: pgstack:database: "${name}" is not allowed`,
        "  fix: use another name: this database is not the application's",
      ]);
    },
  );
});

describe("the error", () => {
  const broken: RawConfig = {
    workload: "desktop",
    replicas: "16",
    pooler: '{"mode":"fast","poolSize":0,"banana":1}',
    appUser: "postgres",
    memmory: "2GB",
    settings: '{"Work Mem":1}',
  };
  const message = `Pulumi.test.yaml is not valid
Pulumi.test.yaml: pgstack:appUser: "postgres" is not allowed
  fix: use another name: this role is reserved
Pulumi.test.yaml: pgstack:memmory: unknown key
  fix: did you mean \`memory\`?
Pulumi.test.yaml: pgstack:pooler.banana: unknown key in pooler
  fix: remove it; known keys: mode, processes, maxClients, poolSize, reserveSize, reserveTimeout, queryWaitTimeout, drainTimeout, idleTransactionTimeout, memory
Pulumi.test.yaml: pgstack:pooler.mode: "fast" is not allowed
  fix: use one of transaction, session, statement
Pulumi.test.yaml: pgstack:pooler.poolSize: 0 is not allowed
  fix: use at least 1
Pulumi.test.yaml: pgstack:replicas: 16 is not allowed
  fix: use at most 15
Pulumi.test.yaml: pgstack:settings.Work Mem: "Work Mem" is not allowed as a name
  fix: use a PostgreSQL setting's name in lower case
Pulumi.test.yaml: pgstack:workload: "desktop" is not allowed
  fix: use one of web, oltp, dw, mixed`;

  it("lists all problems at once, sorted by place", () => {
    expect(userErrorOf(() => parse(broken))).toBe(message);
  });

  it("is the same whatever the order of the keys", () => {
    expect(userErrorOf(() => parse(Object.fromEntries(Object.entries(broken).toReversed())))).toBe(message);
  });

  it("carries each problem as data", () => {
    const error = errorOf({ replicas: "16" });
    expect(error.problems).toEqual([{ where: "Pulumi.test.yaml: pgstack:replicas", problem: "16 is not allowed", fix: "use at most 15" }]);
  });

  it("has no stack trace in its message", () => {
    expect(message).not.toMatch(/^\s+at /m);
    expect(errorOf(broken).message).not.toMatch(/^\s+at |node_modules|zod/im);
  });
});

function errorOf(raw: RawConfig): UserError {
  try {
    parse(raw);
  } catch (error) {
    if (error instanceof UserError) return error;
  }
  throw new Error("no UserError was thrown");
}
