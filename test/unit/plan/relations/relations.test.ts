import { describe, expect, it } from "vitest";

import type { StackKeys } from "../../../../testing/stacks.ts";
import { aConfig, aContext, aPlan, userErrorOf } from "../../../../testing/stacks.ts";
import { planCluster } from "../../../../src/plan/cluster.ts";

/** Plans with the keys and gives the lines of the error behind its heading. */
function problemsOf(keys: StackKeys): string[] {
  const [heading, ...lines] = userErrorOf(() => planCluster(aConfig(keys), aContext())).split("\n");
  expect(heading).toBe("Pulumi.test.yaml is not valid");
  return lines;
}

interface Broken {
  readonly what: string;
  readonly keys: StackKeys;
  readonly problem: string;
  readonly fix: string;
  /** The same with the fix taken to the letter: plans. */
  readonly fixed: StackKeys;
}

const relations: readonly Broken[] = [
  {
    what: "the leader is one of the nodes",
    keys: { replicas: 2, leader: "pg4" },
    problem: 'leader: "pg4" is not a node of this stack: with replicas 2 there are pg1, pg2, pg3',
    fix: "name one of them, or raise replicas to at least 3",
    fixed: { replicas: 3, leader: "pg4" },
  },
  {
    what: "the leader is a node that there can be",
    keys: { replicas: 1, leader: "pg17" },
    problem: 'leader: "pg17" is not a node of this stack: with replicas 1 there are pg1, pg2',
    fix: "name one of them",
    fixed: { replicas: 1, leader: "pg2" },
  },
  {
    what: "another version of PostgreSQL has an image",
    keys: { postgresVersion: 16 },
    problem: "postgresVersion: 16 needs an image of its own: the built one holds PostgreSQL 17",
    fix: "set images.postgres to an image with PostgreSQL 16 in /usr/lib/postgresql/16/bin, or postgresVersion to 17",
    fixed: { postgresVersion: 16, images: { postgres: "registry.example/postgres:16.10" } },
  },
  {
    what: "who archives says how",
    keys: { settings: { archive_mode: "on" } },
    problem: 'settings.archive_mode: "on" without archive_command or archive_library keeps all WAL until the disk is full',
    fix: "set settings.archive_command too (`/bin/true` archives nothing and keeps nothing), or remove archive_mode",
    fixed: { settings: { archive_mode: "on", archive_command: "/bin/true" } },
  },
  {
    what: "pools, reserve, monitoring, direct and reserved connections fit into max_connections",
    keys: { pooler: { poolSize: 60, reserveSize: 10 }, settings: { max_connections: 90 } },
    problem:
      "settings.max_connections: 60 pooled for writes + 10 in reserve for writes + 10 for monitoring + 10 direct + 5 reserved for the superuser = 95 connections, but max_connections is 90",
    fix: "lower pooler.poolSize or pooler.reserveSize, or set settings.max_connections to at least 95",
    fixed: { pooler: { poolSize: 60, reserveSize: 10 }, settings: { max_connections: 95 } },
  },
  {
    what: "without a replica the leader bears the reads too",
    keys: { replicas: 0, pooler: { poolSize: 30, reserveSize: 5 }, settings: { max_connections: 94 } },
    problem:
      "settings.max_connections: 30 pooled for writes + 5 in reserve for writes + 30 pooled for reads + 5 in reserve for reads + 10 for monitoring + 10 direct + 5 reserved for the superuser = 95 connections, but max_connections is 94",
    fix: "lower pooler.poolSize or pooler.reserveSize, or set settings.max_connections to at least 95",
    fixed: { replicas: 0, pooler: { poolSize: 29, reserveSize: 5 }, settings: { max_connections: 94 } },
  },
  {
    what: "connections reserved by stack config count",
    keys: { settings: { max_connections: 60, superuser_reserved_connections: 7, reserved_connections: 4 } },
    problem:
      "settings.max_connections: 25 pooled for writes + 5 in reserve for writes + 10 for monitoring + 10 direct + 7 reserved for the superuser + 4 reserved (reserved_connections) = 61 connections, but max_connections is 60",
    fix: "lower pooler.poolSize or pooler.reserveSize, or set settings.max_connections to at least 61",
    fixed: { settings: { max_connections: 61, superuser_reserved_connections: 7, reserved_connections: 4 } },
  },
  {
    what: "there are senders for all replicas, also while they are cloned",
    keys: { replicas: 3, settings: { max_wal_senders: 5 } },
    problem: "settings.max_wal_senders: 5 is too few for 3 replicas",
    fix: "use at least 6 (two for each replica while it is cloned), or remove it",
    fixed: { replicas: 3, settings: { max_wal_senders: 6 } },
  },
  {
    what: "there is a slot for each replica",
    keys: { replicas: 3, settings: { max_replication_slots: 2 } },
    problem: "settings.max_replication_slots: 2 is too few for 3 replicas",
    fix: "use at least 3 (one for each replica), or remove it",
    fixed: { replicas: 3, settings: { max_replication_slots: 3 } },
  },
  {
    what: "one replica is counted in the singular",
    keys: { settings: { max_wal_senders: 1 } },
    problem: "settings.max_wal_senders: 1 is too few for 1 replica",
    fix: "use at least 2 (two for each replica while it is cloned), or remove it",
    fixed: {},
  },
  {
    what: "a node has memory to run in",
    keys: { memory: "255MB" },
    problem: 'memory: "255MB" is too little for a PostgreSQL server',
    fix: "use at least 256MB",
    fixed: { memory: "256MB" },
  },
  {
    what: "shared_buffers without a unit are blocks",
    keys: { memory: "1GB", settings: { shared_buffers: 131_073 } },
    problem:
      'settings.shared_buffers: "131073" is more than what memory, 1GB, leaves after 40MB for the server and 30 pooled connections of 2MB',
    fix: "use at most 924MB (a quarter of memory is usual), or raise memory",
    fixed: { memory: "1GB", settings: { shared_buffers: 118_272 } },
  },
  {
    what: "no two published ports meet",
    keys: { replicas: 2, ports: { postgres: 6430 } },
    problem: "ports.pooler: port 6432 is given to pg3 and to the pooler",
    fix: "choose ports that do not overlap: nodes use consecutive ones",
    fixed: { replicas: 2, ports: { postgres: 6440 } },
  },
  {
    what: "exporters take ports too",
    keys: { replicas: 1, ports: { poolerExporter: 9188 } },
    problem: "ports.poolerExporter: port 9188 is given to the exporter of pg2 and to the exporter of pgbouncer-1",
    fix: "choose ports that do not overlap: nodes use consecutive ones",
    fixed: { replicas: 1, ports: { poolerExporter: 9189 } },
  },
  {
    what: "exporters of all processes of the pooler take ports",
    keys: { replicas: 1, ports: { postgresExporter: 9128 } },
    problem: "ports.poolerExporter: port 9128 is given to the exporter of pg1 and to the exporter of pgbouncer-2",
    fix: "choose ports that do not overlap: nodes use consecutive ones",
    fixed: { replicas: 1, ports: { postgresExporter: 9129 } },
  },
  {
    what: "the port of the pooler is not that of one process",
    keys: { replicas: 3, ports: { pooler: 6435 } },
    problem: "ports.poolerConsole: port 6435 is given to the pooler and to the console of pgbouncer-3",
    fix: "choose ports that do not overlap: nodes use consecutive ones",
    fixed: { replicas: 3, ports: { pooler: 6436 } },
  },
  {
    what: "ports of processes of the pooler are nobody else's",
    keys: { replicas: 2, ports: { poolerConsole: 9186 } },
    problem: "ports.postgresExporter: port 9187 is given to the console of pgbouncer-2 and to the exporter of pg1",
    fix: "choose ports that do not overlap: nodes use consecutive ones",
    fixed: { replicas: 2, ports: { poolerConsole: 9185 } },
  },
  {
    what: "the last process's port exists",
    keys: { replicas: 0, ports: { poolerConsole: 65_535 } },
    problem: "ports.poolerConsole: the console of pgbouncer-2 would get port 65536",
    fix: "choose a lower first port: the highest is 65535",
    fixed: { replicas: 0, ports: { poolerConsole: 65_534 } },
  },
  {
    what: "each process of the pooler has a connection for a user that comes",
    keys: { replicas: 3, users: { reporter: { access: { app: "read" }, connectionLimit: 2 } } },
    problem: "users.reporter.connectionLimit: 2 is less than the 3 processes of the pooler, of which each needs a connection",
    fix: "use at least 3, or keep the user out of the pooler: users.reporter.pooled: false",
    fixed: { replicas: 3, users: { reporter: { access: { app: "read" }, connectionLimit: 3 } } },
  },
  {
    what: "there are two processes of the pooler without a replica too",
    keys: { replicas: 0, users: { reporter: { access: { app: "read" }, connectionLimit: 1 } } },
    problem: "users.reporter.connectionLimit: 1 is less than the 2 processes of the pooler, of which each needs a connection",
    fix: "use at least 2, or keep the user out of the pooler: users.reporter.pooled: false",
    fixed: { replicas: 0, users: { reporter: { access: { app: "read" }, connectionLimit: 1, pooled: false } } },
  },
  {
    what: "each process of the pooler has a connection to a database",
    keys: { replicas: 3, databases: { shop: { poolSize: 2, connectionLimit: 2 } } },
    problem: "databases.shop.connectionLimit: 2 is less than the 3 connections of its pool",
    fix: "use at least 3",
    fixed: { replicas: 3, databases: { shop: { poolSize: 2, connectionLimit: 3 } } },
  },
  {
    what: "the last node's port exists",
    keys: { replicas: 1, ports: { postgres: 65_535 } },
    problem: "ports.postgres: pg2 would get port 65536",
    fix: "choose a lower first port: the highest is 65535",
    fixed: { replicas: 1, ports: { postgres: 65_534 } },
  },
  {
    what: "the network has an address for each container",
    // Two nodes and two processes of the pooler, all with exporters, the listener, three of the monitoring, the bundle's setup;
    // network, gateway and broadcast address; two that are free.
    keys: { replicas: 1, subnet: "172.29.10.0/29" },
    problem: 'subnet: "172.29.10.0/29" has 8 addresses, 18 are needed',
    fix: "choose a larger network, for example a /24",
    fixed: { replicas: 1, subnet: "172.29.10.0/24" },
  },
  {
    what: "the network has an address for each process of the pooler",
    keys: { replicas: 6, subnet: "172.29.10.0/27" },
    problem: 'subnet: "172.29.10.0/27" has 32 addresses, 36 are needed',
    fix: "choose a larger network, for example a /24",
    fixed: { replicas: 5, subnet: "172.29.10.0/27" },
  },
  {
    what: "the network is one",
    keys: { subnet: "172.29.10.7/24" },
    problem:
      'subnet: "172.29.10.7/24" is not an IPv4 network in CIDR form: it has bits set after the first 24: the network is 172.29.10.0/24',
    fix: "use a network such as 172.29.10.0/24",
    fixed: { subnet: "172.29.10.0/24" },
  },
  {
    what: "networks of clients are networks",
    keys: { clientNetworks: ["10.0.0.0/8", "192.168.10.7/24"] },
    problem:
      'clientNetworks.1: "192.168.10.7/24" is not an IPv4 network in CIDR form: it has bits set after the first 24: the network is 192.168.10.0/24',
    fix: "use a network such as 192.168.10.0/24",
    fixed: { clientNetworks: ["10.0.0.0/8", "192.168.10.0/24"] },
  },
  {
    what: "ports of another machine's engine can be reached from here",
    keys: { dockerHost: "ssh://admin@db.example.com", bindAddress: "127.0.0.1" },
    problem:
      'bindAddress: "127.0.0.1" on the engine at ssh://admin@db.example.com can be reached only from that host, but the deployment is checked from here',
    fix: "use an address of that host that this machine can reach, preferably in a private network, or 0.0.0.0",
    fixed: { dockerHost: "ssh://admin@db.example.com", bindAddress: "0.0.0.0", clientNetworks: ["192.168.10.0/24"] },
  },
  {
    what: "servers admit this machine where they see its own address",
    keys: { bindAddress: "10.0.0.7" },
    problem: "clientNetworks: none are given, but with bindAddress 10.0.0.7 the servers see this machine's own address and refuse it",
    fix: "list the network that this machine reaches the engine from, for example 192.168.10.0/24",
    fixed: { bindAddress: "10.0.0.7", clientNetworks: ["192.168.10.0/24"] },
  },
  {
    what: "pg_stat_statements stays loaded",
    keys: { settings: { shared_preload_libraries: "pg_cron, auto_explain" } },
    problem: 'settings.shared_preload_libraries: "pg_cron, auto_explain" does not include pg_stat_statements, which pgstack requires',
    fix: 'set it to "pg_stat_statements,pg_cron,auto_explain"',
    fixed: { settings: { shared_preload_libraries: "pg_stat_statements,pg_cron,auto_explain" } },
  },
  {
    what: "one replica alone cannot be waited for",
    keys: { replicas: 1, settings: { synchronous_standby_names: "pg2" } },
    problem: 'settings.synchronous_standby_names: "pg2" waits for 1 of 0 matching replicas: every write would stop when one is away',
    fix: 'remove it, or let more nodes match, since any of them can lead: "ANY 1 (*)" with replicas at least 2',
    fixed: { replicas: 2, settings: { synchronous_standby_names: "ANY 1 (*)" } },
  },
  {
    what: "writes wait for fewer replicas than there are",
    keys: { replicas: 2, settings: { synchronous_standby_names: 'FIRST 2 (pg2, "PG3")' } },
    problem:
      'settings.synchronous_standby_names: "FIRST 2 (pg2, "PG3")" waits for 2 of 1 matching replica: every write would stop when one is away',
    fix: 'remove it, or let more nodes match, since any of them can lead: "ANY 1 (*)" with replicas at least 2',
    fixed: { replicas: 2, settings: { synchronous_standby_names: "FIRST 1 (pg1, pg2, pg3)" } },
  },
  {
    what: "writes wait for nodes that exist",
    keys: { replicas: 3, settings: { synchronous_standby_names: "ANY 1 (standby1, standby2, pg1)" } },
    problem:
      'settings.synchronous_standby_names: "ANY 1 (standby1, standby2, pg1)" waits for 1 of 0 matching replicas: every write would stop when one is away',
    fix: 'remove it, or let more nodes match, since any of them can lead: "ANY 1 (*)" with replicas at least 2',
    fixed: { replicas: 3, settings: { synchronous_standby_names: "2 (pg1, pg2, pg3, pg4)" } },
  },
];

describe("a relation", () => {
  it.each(relations)("holds: $what", ({ keys, problem, fix }) => {
    expect(problemsOf(keys)).toEqual([`Pulumi.test.yaml: pgstack:${problem}`, `  fix: ${fix}`]);
  });

  it.each(relations)("is satisfied by the fix that its message proposes: $what", ({ fixed }) => {
    expect(aPlan(fixed).stack).toBe("test");
  });
});

describe("settings", () => {
  it.each([
    ["port", "5433", "it is 5432 inside the container; see `ports.postgres`"],
    ["data_directory", "/data", "its place is fixed"],
    ["hba_file", "/tmp/pg_hba.conf", "its place is fixed"],
    ["listen_addresses", "localhost", "the container's network decides; see `bindAddress`"],
    ["cluster_name", "main", "the node's name; replication and the check match on it"],
    ["hot_standby", "off", "replicas serve reads"],
    ["primary_conninfo", "host=elsewhere", "pgstack connects replicas to the leader"],
    ["primary_slot_name", "mine", "each replica has a slot of its own name"],
    ["password_encryption", "md5", "pgstack stores SCRAM-SHA-256 verifiers"],
    ["allow_alter_system", "on", "the stack file is the only place that settings come from"],
    ["max_slot_wal_keep_size", "1GB", "use the key `slotWalCap`"],
    ["timezone", "UTC", "use the key `timezone`"],
    ["logging_collector", "on", "logs go to the container's log"],
    ["recovery_target_timeline", "1", "replicas follow the leader's latest timeline"],
    ["unix_socket_permissions", "0777", "only the server's own user may use the socket"],
  ])("cannot override %s", (name, value, fix) => {
    expect(problemsOf({ settings: { [name]: value } })).toEqual([
      `Pulumi.test.yaml: pgstack:settings.${name}: pgstack owns this setting (given: ${value})`,
      `  fix: ${fix}`,
    ]);
  });

  it.each([
    ["wal_level", "minimal", "replicas need `replica` or `logical`"],
    ["wal_level", "Minimal", "replicas need `replica` or `logical`"],
    ["fsync", "off", "a crash would lose or corrupt data"],
    ["fsync", false, "a crash would lose or corrupt data"],
    ["fsync", 0, "a crash would lose or corrupt data"],
    ["fsync", "f", "a crash would lose or corrupt data"],
    ["full_page_writes", "of", "a crash could corrupt data"],
    ["zero_damaged_pages", "on", "it destroys data"],
    ["ignore_checksum_failure", "yes", "it hides corruption"],
    [
      "default_transaction_isolation",
      "Serializable",
      "a replica refuses every read with it; give it to the users that need it: alter role <user> set default_transaction_isolation = serializable",
    ],
    [
      "default_transaction_read_only",
      true,
      "every write of every session would fail; give it to the users that only read: alter role <user> set default_transaction_read_only = on",
    ],
  ])("refuse %s = %s", (name, value, why) => {
    expect(problemsOf({ settings: { [name]: value } })).toEqual([
      `Pulumi.test.yaml: pgstack:settings.${name}: "${value}" is refused: ${why}`,
      "  fix: remove it",
    ]);
  });

  it.each([
    ["ssl", "on"],
    ["ssl_cert_file", "/certs/server.crt"],
    ["ssl_min_protocol_version", "TLSv1.3"],
  ])("refuse %s, for which there are no certificates", (name, value) => {
    expect(problemsOf({ settings: { [name]: value } })).toEqual([
      `Pulumi.test.yaml: pgstack:settings.${name}: pgstack owns this setting (given: ${value})`,
      "  fix: pgstack delivers no certificates: servers speak plain TCP inside the cluster's network",
    ]);
  });

  it.each([
    ["max_wal_senders", "replicas need senders"],
    ["max_replication_slots", "replicas need slots"],
  ])("refuse %s = 0, and say that it is too few", (name, why) => {
    expect(problemsOf({ settings: { [name]: 0 } })).toContain(`Pulumi.test.yaml: pgstack:settings.${name}: "0" is refused: ${why}`);
  });

  it.each([
    ["work_men", "8MB", "PostgreSQL 17 has no setting of this name", "did you mean `work_mem`?"],
    ["promote_fast_please", "1", "PostgreSQL 17 has no setting of this name", "remove it"],
    ["work_mem", "8mb", '"8mb" is not allowed', "use a number with a unit such as kB, MB, GB, TB"],
    ["work_mem", "1kB", '"1kB" is not allowed', "use a value between 64 and 2147483647 (in kB)"],
    ["checkpoint_timeout", "15 minutes", '"15 minutes" is not allowed', "use a number with a unit such as us, ms, s, min, h, d"],
    ["max_connections", "many", '"many" is not allowed', "use a number"],
    ["max_wal_senders", "many", '"many" is not allowed', "use a number"],
    ["jit", "maybe", '"maybe" is not allowed', "use on or off"],
    ["wal_level", "archive", '"archive" is not allowed', "use one of minimal, replica, logical"],
    ["random_page_cost", "-1", '"-1" is not allowed', "use a value between 0 and 1.79769e+308"],
  ])("are checked against the server's own table: %s = %s", (name, value, problem, fix) => {
    expect(problemsOf({ settings: { [name]: value } })).toEqual([
      `Pulumi.test.yaml: pgstack:settings.${name}: ${problem}`,
      `  fix: ${fix}`,
    ]);
  });

  it.each([
    ["work_mem", "8MB"],
    ["work_mem", 8192],
    ["jit", true],
    ["wal_level", "logical"],
    ["synchronous_commit", "off"],
    ["synchronous_standby_names", ""],
    ["datestyle", "ISO, DMY"],
    ["auto_explain.log_min_duration", "1s"],
    ["log_line_prefix", "it's %u "],
  ])("take %s = %s", (name, value) => {
    const [node] = aPlan({ settings: { [name]: value } }).nodes;
    expect(node?.settings.filter((setting) => setting.name === name).map((setting) => setting.value)).toEqual([String(value)]);
  });

  it("are those of the declared version, owned ones excepted", () => {
    const keys = { postgresVersion: 16, images: { postgres: "registry.example/postgres:16.10" } };
    expect(aPlan({ ...keys, settings: { work_mem: "8MB" } }).major).toBe(16);
    expect(problemsOf({ ...keys, settings: { work_men: "8MB" } })[1]).toContain("did you mean `work_mem`?");
    expect(problemsOf({ ...keys, settings: { transaction_timeout: "1s" } })[0]).toContain("PostgreSQL 16 has no setting of this name");
    expect(problemsOf({ ...keys, settings: { port: "1" } })).toHaveLength(2);
  });
});

describe("ports", () => {
  it("names every clash of two rows of ports", () => {
    expect(problemsOf({ replicas: 2, ports: { postgres: 9186 } })).toEqual([
      "Pulumi.test.yaml: pgstack:ports.postgresExporter: port 9187 is given to pg2 and to the exporter of pg1",
      "  fix: choose ports that do not overlap: nodes use consecutive ones",
      "Pulumi.test.yaml: pgstack:ports.postgresExporter: port 9188 is given to pg3 and to the exporter of pg2",
      "  fix: choose ports that do not overlap: nodes use consecutive ones",
    ]);
  });

  it("of exporters that are not there do not count", () => {
    expect(aPlan({ replicas: 2, exporters: false, ports: { postgres: 9186 } }).exporters).toBeUndefined();
  });
});

describe("many broken relations", () => {
  it("are reported at once, sorted by key", () => {
    const problems = problemsOf({
      replicas: 1,
      leader: "pg5",
      memory: "100MB",
      subnet: "10.0.0.0/30",
      ports: { pooler: 5432 },
      settings: { port: 1, wal_level: "minimal", max_connections: 10, max_wal_senders: 1, work_men: "1MB", synchronous_standby_names: "*" },
    });
    expect(problems.filter((line) => !line.startsWith("  fix: "))).toEqual([
      'Pulumi.test.yaml: pgstack:leader: "pg5" is not a node of this stack: with replicas 1 there are pg1, pg2',
      'Pulumi.test.yaml: pgstack:memory: "100MB" is too little for a PostgreSQL server',
      "Pulumi.test.yaml: pgstack:ports.pooler: port 5432 is given to pg1 and to the pooler",
      "Pulumi.test.yaml: pgstack:settings.max_connections: 25 pooled for writes + 5 in reserve for writes + 10 for monitoring + 10 direct + 5 reserved for the superuser = 55 connections, but max_connections is 10",
      "Pulumi.test.yaml: pgstack:settings.max_wal_senders: 1 is too few for 1 replica",
      "Pulumi.test.yaml: pgstack:settings.port: pgstack owns this setting (given: 1)",
      'Pulumi.test.yaml: pgstack:settings.synchronous_standby_names: "*" waits for 1 of 1 matching replica: every write would stop when one is away',
      'Pulumi.test.yaml: pgstack:settings.wal_level: "minimal" is refused: replicas need `replica` or `logical`',
      "Pulumi.test.yaml: pgstack:settings.work_men: PostgreSQL 17 has no setting of this name",
      'Pulumi.test.yaml: pgstack:subnet: "10.0.0.0/30" has 4 addresses, 18 are needed',
    ]);
  });
});
