import type { Published } from "./access.ts";
import type { AlertsPlan } from "./alerts.ts";
import type { PoolMode } from "./pgbouncer-defaults.ts";
import type { DefaultSetting } from "./postgres-defaults.ts";

/**
 * The plan: every name, port, size and relation of a cluster as plain data. Targets (Docker through Pulumi, the
 * bundle) and the check read it and compute nothing of their own.
 */
export interface ClusterPlan {
  /** Stack name, e.g. `staging`. */
  readonly stack: string;
  /** `<project>-<stack>`: what every name on the engine begins with. */
  readonly prefix: string;
  readonly engine: EnginePlan;
  readonly network: NetworkPlan;
  readonly database: DatabasePlan;
  /** Databases in addition to that one, shadow databases included, in order of their names. */
  readonly databases: readonly DeclaredDatabase[];
  /** Users in addition to the owner of the first database, in order of their names. */
  readonly users: readonly DeclaredUser[];
  readonly removal: RemovalPlan;
  /** PostgreSQL's major version. */
  readonly major: number;
  readonly locale: string;
  /** The node that begins a new cluster, e.g. `pg1`. Who leads a cluster that exists is observed. */
  readonly firstNode: string;
  /** The node that stack config names as leader; undefined: any. */
  readonly wishedLeader: string | undefined;
  /** pg1 … pgN+1 in this order: equals, of which any can lead. */
  readonly nodes: readonly NodePlan[];
  readonly pooler: PoolerPlan;
  /** Absent when `exporters` is false. */
  readonly exporters: ExportersPlan | undefined;
  /** Absent when the stack runs no Prometheus. */
  readonly monitoring: MonitoringPlan | undefined;
  readonly images: Readonly<Record<ImageKind, ImagePlan>>;
  readonly scramIterations: number;
  /** Value that the seed of the salts belongs to; undefined: the first one. */
  readonly scramSalt: string | undefined;
  /** How long the post-deploy check waits, in seconds. */
  readonly checkTimeoutS: number;
}

export interface EnginePlan {
  /** Docker host URL, e.g. `unix:///var/run/docker.sock`. */
  readonly host: string;
  /** Address that ports are published on. */
  readonly bindAddress: string;
  /** Host name or address at which clients reach published ports. */
  readonly accessHost: string;
  /** Memory limits of all containers together, in MB. */
  readonly memoryMb: number;
  /** Largest CPU limit of a container; undefined when none is set. */
  readonly cpus: number | undefined;
}

export interface NetworkPlan {
  readonly name: string;
  /** IPv4 network in CIDR form. */
  readonly subnet: string;
  /** Further networks that may log in to nodes without the pooler. */
  readonly clients: readonly string[];
}

export interface DatabasePlan {
  readonly name: string;
  readonly owner: string;
  /** Without duplicates, `pg_stat_statements` first. */
  readonly extensions: readonly string[];
  /** Pooler database for writes: the database's own name. */
  readonly writeRoute: string;
  /** Pooler database for reads: `<database>_ro`. */
  readonly readRoute: string;
}

/** A database in addition to the first one. */
export interface DeclaredDatabase {
  readonly name: string;
  readonly owner: string;
  readonly extensions: readonly string[];
  /** Schemas in addition to `public`. */
  readonly schemas: readonly string[];
  /** Connections that each server accepts for it; -1 when there is no limit. */
  readonly connectionLimit: number;
  /** The database whose migrations use this one as scratch space; such a database has no routes. */
  readonly shadowOf: string | undefined;
}

/** What a user may do in a database: read all tables, or change rows too. */
export type AccessLevel = "read" | "write";

/** A user in addition to the owner of the first database. */
export interface DeclaredUser {
  readonly name: string;
  /** Connections that each server accepts from it; -1 when there is no limit. */
  readonly connectionLimit: number;
  /** Whether it comes through the pooler too. */
  readonly pooled: boolean;
  /** In order of the databases' names; without those that it owns. */
  readonly access: readonly { readonly database: string; readonly level: AccessLevel }[];
}

/** How what a removed user owns is dealt with. */
export type UserRemoval = "keep-objects" | "with-objects";

/** What may be removed with all its contents, as stack config explicitly says. */
export interface RemovalPlan {
  readonly databases: readonly string[];
  readonly users: Readonly<Record<string, UserRemoval>>;
}

/** One PostgreSQL server. Nothing of it says which part it plays: its name is also the name of its slot on the node that leads. */
export interface NodePlan {
  /** `pg1`, also its alias on the network and its `cluster_name`. */
  readonly name: string;
  readonly container: string;
  readonly dataVolume: string;
  readonly configVolume: string;
  /** Port published on the engine's host. */
  readonly hostPort: number;
  readonly memoryMb: number;
  readonly shmMb: number;
  readonly cpus: number | undefined;
  /** A node with another value than its volume records is re-cloned. */
  readonly reclone: string | undefined;
  /** Everything in postgresql.conf, in order. */
  readonly settings: readonly SettingPlan[];
}

export type SettingPlan = DefaultSetting;

export interface RoutePlan {
  /** Pooler database. */
  readonly name: string;
  /** Whether it leads to replicas; else to the leader. Where these are is observed: see `src/pgbouncer/routes.ts`. */
  readonly reads: boolean;
  /** Server connections of this route, all processes together. */
  readonly poolSize: number;
  /** The most of them, all roles together. */
  readonly most: number;
  /** Further parameters of this route in the pooler's files, the same in each process. */
  readonly parameters: Readonly<Record<string, string | number>>;
}

/** One PgBouncer. All have the port that clients come to, and each has its own for its console. */
export interface PoolerProcessPlan {
  /** From 1 on; also its `peer_id`. */
  readonly number: number;
  readonly container: string;
  /** Port published on the engine's host, of this process alone. */
  readonly hostPort: number;
  /** `[pgbouncer]` settings of this process, in order. */
  readonly settings: readonly { readonly name: string; readonly value: string; readonly why: string }[];
  /** Its part of the users' limits. */
  readonly userLimits: readonly { readonly user: string; readonly connections: number }[];
}

export interface PoolerPlan {
  /** PgBouncer, as often as there are replicas, and at least twice. */
  readonly processes: readonly PoolerProcessPlan[];
  /** The container that holds the port which clients come to. */
  readonly listener: string;
  readonly configVolume: string;
  /** A volume in memory, through which PgBouncer gets the port. */
  readonly socketVolume: string;
  readonly hostPort: number;
  /** Of each process. */
  readonly memoryMb: number;
  /** When a server connection goes back to the pool. */
  readonly mode: PoolMode;
  /** How long transactions may take to end before a node is taken out of service, in seconds. */
  readonly drainTimeoutS: number;
  /** Open files that each process may have. */
  readonly nofile: number;
  /** Routes of the first database. */
  readonly write: RoutePlan;
  readonly read: RoutePlan;
  /** Routes of the other databases. */
  readonly others: readonly { readonly database: string; readonly write: RoutePlan; readonly read: RoutePlan }[];
  /** Most server connections of a user, all routes and processes together; users without a limit are not listed. */
  readonly userLimits: readonly { readonly user: string; readonly connections: number }[];
  /** `[pgbouncer]` settings that all processes have, in order. */
  readonly settings: readonly { readonly name: string; readonly value: string; readonly why: string }[];
}

export interface ExportersPlan {
  /** Secrets of both kinds of exporters. */
  readonly configVolume: string;
  readonly memoryMb: number;
  /** One per node. */
  readonly nodes: readonly { readonly node: string; readonly container: string; readonly hostPort: number }[];
  /** One per process of the pooler. */
  readonly processes: readonly { readonly number: number; readonly container: string; readonly hostPort: number }[];
}

/** One service of the monitoring that keeps what it has seen. */
export interface KeepingServicePlan extends MonitoringServicePlan {
  /** Outlives the stack, as the nodes' volumes do. */
  readonly dataVolume: string;
}

/** One service of the monitoring. */
export interface MonitoringServicePlan {
  readonly container: string;
  readonly configVolume: string;
  /** Absent when all it has is provisioned. */
  readonly dataVolume?: string;
  /** Where its port is published, and at which host it is reached. */
  readonly published: Published;
  readonly hostPort: number;
  readonly memoryMb: number;
}

export interface MonitoringPlan {
  /** How often metrics are read and alerts evaluated, in seconds. */
  readonly scrapeIntervalS: number;
  readonly alerts: AlertsPlan;
  readonly prometheus: KeepingServicePlan & {
    /** How long metrics are kept, in seconds. */
    readonly retentionS: number;
    /** Disk that metrics may take. */
    readonly retentionMb: number;
  };
  readonly alertmanager:
    | (KeepingServicePlan & {
        readonly receiver: "none" | "webhook" | "email";
        readonly email: EmailReceiver | undefined;
        /** How often a notification is repeated, in seconds. */
        readonly repeatIntervalS: number;
      })
    | undefined;
  readonly grafana: MonitoringServicePlan | undefined;
}

/** Mail as Alertmanager sends it; the password is a secret of its own. */
export interface EmailReceiver {
  readonly to: string;
  readonly from: string;
  /** `<host>:<port>`. */
  readonly smarthost: string;
  readonly user?: string | undefined;
  readonly requireTls: boolean;
}

/** Images that are built from `images/`. */
export const builtImageKinds = [
  "postgres",
  "pooler",
  "listener",
  "postgresExporter",
  "poolerExporter",
  "prometheus",
  "alertmanager",
  "orchestrator",
] as const;
export type BuiltImageKind = (typeof builtImageKinds)[number];

export const imageKinds = [...builtImageKinds, "grafana"] as const;
export type ImageKind = (typeof imageKinds)[number];

export type ImagePlan =
  /** Built from `images/<folder>`; the tag holds a hash of what it is built from. */
  | { readonly kind: "build"; readonly reference: string; readonly context: string; readonly buildArgs: Readonly<Record<string, string>> }
  /** A reference from stack config. */
  | { readonly kind: "reference"; readonly reference: string };

/** The five roles. `postgres` has no password and no way in over TCP. */
export const passwordRoles = ["app", "replicator", "monitoring", "pgbouncer"] as const;
export type PasswordRole = (typeof passwordRoles)[number];

/** `grafana`: password of its user `admin`, generated. The others come from stack config. */
export type ServiceSecret = "grafana" | "alertWebhook" | "alertEmailPassword";

/** Generated secrets in plain text; exists only at the edge. */
export interface ClusterSecrets {
  readonly passwords: Readonly<Record<PasswordRole, string>>;
  /** Password of each declared user, by name. */
  readonly users: Readonly<Record<string, string>>;
  /** Random text from which each role's salt is derived. */
  readonly saltSeed: string;
  /** What additional services log in with; only those that the stack has. */
  readonly services?: Readonly<Partial<Record<ServiceSecret, string>>> | undefined;
}
