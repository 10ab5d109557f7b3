import { z } from "zod";

import { databasesSchema, extensionList, removeSchema, usersSchema } from "./declared.ts";
import { monitoringSchema } from "./monitoring.ts";
import { databaseName, roleName } from "./names.ts";
import { duration, memory } from "./quantities.ts";

export { reservedDatabases, reservedRoles } from "./names.ts";

/**
 * The stack's config: flat keys of the `pgstack:` namespace. This schema is the single source of shapes, ranges,
 * defaults and descriptions; `docs/config.md` and `docs/config.schema.json` are generated from it.
 * Relations between keys (pools against connections, memory against the engine) are the plan's business.
 */

/** Most replicas of a stack. Senders and slots are planned for them from the start, so scaling never restarts a server. */
export const maxReplicas = 15;

const imageReference = z
  .string()
  .regex(
    /^[^\s@:]+(?::\d+\/[^\s@:]+)?(?::[\w][\w.-]*)?(?:@sha256:[0-9a-f]{64})?$/,
    "an image reference such as registry.example/postgres:17.6@sha256:…",
  )
  .refine(
    (ref) => /:[\w][\w.-]*$|@sha256:/.test(ref.replace(/^[^/]*:\d+\//, "")),
    "a tag or a digest: an image without one can change at any time",
  )
  .refine((ref) => !/:latest(@|$)/.test(ref), "a version instead of `latest`, which changes without notice; best with its digest");

const port = z.int().min(1).max(65535);

const poolerSchema = z
  .strictObject({
    mode: z
      .enum(["transaction", "session", "statement"])
      .default("transaction")
      .describe("When a server connection goes back to the pool. `transaction` is what makes pooling effective."),
    processes: z
      .int()
      .min(2)
      .max(maxReplicas)
      .optional()
      .describe(
        "PgBouncer processes that share the port; at least as many as replicas. Default: one for each replica, at least two. With a number of your own, replicas come and go without a process coming or going.",
      ),
    maxClients: z
      .int()
      .min(1)
      .max(100_000)
      .default(1000)
      .describe("Client connections that each process of the pooler accepts (`max_client_conn`)."),
    poolSize: z
      .int()
      .min(1)
      .max(10_000)
      .default(25)
      .describe("Server connections for writes, and per replica for reads (`default_pool_size`)."),
    reserveSize: z
      .int()
      .min(0)
      .max(1000)
      .default(5)
      .describe("Further server connections when clients wait too long (`reserve_pool_size`)."),
    reserveTimeout: duration.default("3s").describe("How long a client waits before the reserve is used (`reserve_pool_timeout`)."),
    queryWaitTimeout: duration
      .default("120s")
      .describe("How long a query waits for a server connection before it fails (`query_wait_timeout`)."),
    drainTimeout: duration
      .default("60s")
      .describe("How long transactions may take to end before a node is taken out of service; a deployment that needs longer stops there."),
    idleTransactionTimeout: duration
      .optional()
      .describe("Ends client transactions that idle for longer (`idle_transaction_timeout`). Default: PostgreSQL's own limit decides."),
    memory: memory.default("128MB").describe("Memory limit of each process of the pooler."),
  })
  .prefault({});

const portsSchema = z
  .strictObject({
    postgres: port.default(5432).describe("Port of `pg1`; `pg2` gets the next one, and so on. Direct connections, without the pooler."),
    pooler: port.default(6432).describe("Port of the pooler: what applications use."),
    poolerConsole: port
      .default(6433)
      .describe(
        "Port of the pooler's first process alone, for its console; the second one gets the next one, and so on. No port for applications.",
      ),
    postgresExporter: port.default(9187).describe("Metrics of `pg1`; `pg2` gets the next one, and so on."),
    poolerExporter: port.default(9127).describe("Metrics of the pooler's first process; the second one gets the next one, and so on."),
    prometheus: port.default(9090).describe("Prometheus, if the stack runs it."),
    alertmanager: port.default(9093).describe("Alertmanager, if the stack runs it."),
    grafana: port.default(3000).describe("Grafana, if the stack runs it."),
  })
  .prefault({});

const imagesSchema = z
  .strictObject({
    postgres: imageReference
      .optional()
      .describe("Replaces the built PostgreSQL image; needs PostgreSQL under `/usr/lib/postgresql/<major>/bin` and a user 999."),
    pooler: imageReference
      .optional()
      .describe("Replaces the built PgBouncer image; needs PgBouncer with systemd's socket activation (`pgbouncer -V` says so) and Perl."),
    listener: imageReference
      .optional()
      .describe("Replaces the built image of the container that holds the pooler's port: `images/listener` built on another base."),
    postgresExporter: imageReference.optional().describe("Replaces the built postgres_exporter image."),
    poolerExporter: imageReference.optional().describe("Replaces the built pgbouncer_exporter image."),
    prometheus: imageReference
      .optional()
      .describe(
        "Replaces the built Prometheus image; needs `prometheus` in its path, bash, and a folder `/prometheus` that user 999 owns.",
      ),
    alertmanager: imageReference
      .optional()
      .describe(
        "Replaces the built Alertmanager image; needs `prometheus-alertmanager`, bash, and a folder `/alertmanager` that user 999 owns.",
      ),
    orchestrator: imageReference
      .optional()
      .describe(
        "Replaces the built image of pgstack's own programs, which the bundle's `setup` has; needs Node 20 or newer as `node`, and `psql`.",
      ),
    grafana: imageReference.optional().describe("Replaces Grafana's official image, for example by its digest or by a mirror's."),
  })
  .prefault({});

/** Text that a line of postgresql.conf can hold: no control character, whole Unicode characters. */
const aSetting = "text on one line, a number, or true or false";
const settingText = z.string().regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, aSetting);
const setting = z.union([settingText, z.number(), z.boolean()], aSetting);

export const configSchema = z.strictObject({
  replicas: z.int().min(0).max(maxReplicas).default(1).describe("Read replicas. With 0, reads go to the leader."),
  leader: z
    .string()
    .regex(/^pg[1-9]\d*$/, "a node name such as pg1")
    .optional()
    .describe(
      "The node on which a new cluster is initialised. Default: pg1. Once the cluster exists, the nodes decide which one leads, and only the node that leads can be named (docs/operations.md).",
    ),
  database: databaseName
    .default("app")
    .describe("The application's database. Its write route has the same name, its read route ends in `_ro`."),
  appUser: roleName.default("app").describe("The role that owns the application's database."),
  databases: databasesSchema,
  users: usersSchema,
  remove: removeSchema.describe("What may be removed together with its data, stated explicitly."),
  postgresVersion: z
    .int()
    .min(15)
    .max(18)
    .default(17)
    .describe("PostgreSQL's major version. The built image has 17; another one needs `images.postgres`. Fixed once the cluster exists."),
  timezone: z
    .string()
    // An offset such as +08:00 is read the other way round by PostgreSQL.
    .regex(/^[A-Za-z][\w+\-/ ]{0,62}$/, "a name of the IANA time zone database, such as UTC or Asia/Manila")
    .default("UTC")
    .describe("Time zone of sessions and of the log, old names such as `US/Pacific` included."),
  locale: z
    .string()
    .regex(/^(C\.UTF-8|[a-z]{2,3}(-[A-Za-z0-9]{2,8})*)$/, "C.UTF-8, or a language tag for ICU such as en-US")
    .default("C.UTF-8")
    .describe("`C.UTF-8` sorts by code point and never changes; a language tag such as `en-US` uses ICU. Fixed once the cluster exists."),
  extensions: extensionList.describe("Extensions of the application's database. `pg_stat_statements` is always there."),
  memory: memory.default("1GB").describe("Memory limit of each node; PostgreSQL's memory settings follow from it."),
  shm: memory
    .optional()
    .describe(
      "Size of `/dev/shm` of each node, where processes of a parallel query share memory; what is used of it counts as the node's memory. Default: an eighth of `memory` up to 1GB, from 16GB on a sixteenth up to 2GB, at least 64MB.",
    ),
  cpus: z.number().min(0.1).max(512).optional().describe("CPU limit of each node. Default: none."),
  workload: z
    .enum(["web", "oltp", "dw", "mixed"])
    .default("oltp")
    .describe("Kind of load, as PGTune names it: web, online transactions, data warehouse, mixed."),
  disk: z.enum(["nvme", "ssd", "san", "hdd"]).default("ssd").describe("Kind of disk under the data volumes."),
  settings: z
    .record(z.string().regex(/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/, "a PostgreSQL setting's name in lower case"), setting)
    .default({})
    .describe("PostgreSQL settings for all nodes; they win over pgstack's defaults."),
  reclone: z
    .record(
      z.string().regex(/^pg[1-9]\d*$/, "a node name such as pg3"),
      z.string().regex(/^[\w.:-]{1,40}$/, "a word or a date, such as 2026-11-21"),
    )
    .default({})
    .describe(
      "Nodes to re-clone, each with a value of your choice; each new value re-clones the node once; `./pgstack reclone` sets one. The old data directory stays in the volume, under another name.",
    ),
  slotWalCap: memory
    .default("4GB")
    .describe(
      "WAL that the leader keeps for a replica that is away (`max_slot_wal_keep_size`). Beyond it the replica must be re-cloned. Temporary files of a query may take as much, per process (`temp_file_limit`).",
    ),
  pooler: poolerSchema.describe("PgBouncer."),
  ports: portsSchema.describe("Ports on the engine's host."),
  bindAddress: z
    .ipv4("an IPv4 address of the engine's host, such as 127.0.0.1, or 0.0.0.0 for all of them")
    .default("127.0.0.1")
    .describe("Address that ports are published on. The default can be reached only from the engine's host."),
  clientNetworks: z
    .array(z.string().regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, "an IPv4 network such as 192.168.10.0/24"))
    .default([])
    .describe(
      "Networks, in addition to the cluster's own, that may log in to nodes without the pooler. Needed when `bindAddress` is not a loopback address: the server then sees the client's own address, and this machine's must be among them.",
    ),
  subnet: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, "an IPv4 network such as 172.29.10.0/24")
    .default("172.29.10.0/24")
    .describe("Network of the cluster's containers; `pg_hba.conf` admits only it. Fixed once the cluster exists."),
  images: imagesSchema.describe("Image references that replace the built ones. Digests encouraged."),
  dockerHost: z
    .string()
    .regex(
      /^(unix:\/\/\/.+|(tcp|ssh):\/\/([^/@:\s]+@)?([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?)$/,
      "unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host",
    )
    .default("unix:///var/run/docker.sock")
    .describe("The Docker engine. Fixed once the cluster exists."),
  exporters: z
    .boolean()
    .default(true)
    .describe("A postgres_exporter for each node and a pgbouncer_exporter for each process of the pooler."),
  monitoring: monitoringSchema.describe("Prometheus, alerts, Alertmanager and Grafana."),
  alertWebhook: z
    .url({ protocol: /^https?$/, error: "a URL that begins with http:// or https://" })
    .optional()
    .describe("URL that Alertmanager sends notifications to. It usually holds a token: `pulumi config set --secret alertWebhook …`."),
  alertEmailPassword: z
    .string()
    .regex(/^[^\p{Cc}]{1,1024}$/u, "a password on one line")
    .optional()
    .describe("Password of `monitoring.alertmanager.email.user`: `pulumi config set --secret alertEmailPassword …`."),
  scramIterations: z
    .int()
    .min(4096)
    .max(1_000_000)
    .default(4096)
    .describe("Iterations of the SCRAM-SHA-256 verifiers. Generated passwords need no more than the standard's 4096."),
  scramSalt: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, "a word such as 2026-11")
    .optional()
    .describe("A value of your choice. Each new value gives every role a new salt; passwords stay, and clients only notice a short wait."),
  checkTimeout: duration
    .default("60s")
    .describe("How long the check after a deployment waits for the cluster to become what was declared."),
});

/** Checked stack config with every default applied. */
export type ClusterConfig = z.output<typeof configSchema>;

/** The keys of a stack file as values: what may be given. */
export type ConfigKeys = z.input<typeof configSchema>;
