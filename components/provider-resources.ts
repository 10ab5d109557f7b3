import * as pulumi from "@pulumi/pulumi";

import type { CheckReport } from "../src/check/result.ts";
import type { CheckSecrets, CheckTarget } from "../src/target/target.ts";
import type { Declared } from "../src/impact/declared.ts";
import type { RemovalPlan } from "../src/plan/types.ts";
import type { DeclaredSpec } from "../src/postgres/roles.ts";

/** The stack's own resource kinds as the program sees them; `provider/` does the work. */

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Common to all of them: the engine's host, so that a resource knows where it is. */
interface OnEngine {
  readonly host: string;
}

/** What is declared in addition to the first database and its owner, as far as removal needs it. */
export interface Declaration {
  /** Database → owner. */
  readonly databases: Readonly<Record<string, string>>;
  readonly users: readonly string[];
  /** User → database → its access level there. */
  readonly entries: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly first: { readonly database: string; readonly owner: string };
  readonly remove: RemovalPlan;
}

export interface PreflightArgs extends OnEngine {
  readonly prefix: string;
  readonly leader: string;
  readonly major: number;
  readonly locale: string;
  readonly network: { readonly name: string; readonly subnet: string };
  readonly bindAddress: string;
  readonly memoryMb: number;
  readonly cpus: number;
  readonly containers: readonly string[];
  readonly ports: readonly number[];
  /** Container → its port on the engine's host. */
  readonly published: Readonly<Record<string, number>>;
  /** Container → its address in the network. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly nodes: readonly {
    readonly name: string;
    readonly role: "leader" | "replica";
    readonly dataVolume: string;
    readonly reclone?: string;
  }[];
  readonly declared: Declaration;
}

/** Refuses what cannot work on this engine or would contradict existing data. */
export class Preflight extends pulumi.CustomResource {
  constructor(name: string, args: PreflightArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:Preflight", name, { ...args }, opts);
  }
}

export interface NetworkArgs extends OnEngine {
  readonly name: string;
  readonly subnet: string;
  readonly gateway: string;
  /** Where the engine finds addresses for containers without one; undefined: anywhere. */
  readonly strangers: string | undefined;
}

/** The cluster's network; fixed when it is created. */
export class Network extends pulumi.CustomResource {
  constructor(name: string, args: NetworkArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:Network", name, { ...args }, opts);
  }
}

export type Reload =
  | { readonly server: "none" }
  | { readonly server: "postgres"; readonly container: string }
  | { readonly server: "exporters"; readonly containers: readonly string[] }
  | {
      readonly server: "prometheus" | "alertmanager";
      readonly container: string;
      readonly address: Endpoint;
      /** How it is told to reload. */
      readonly signals: "inside";
    }
  | {
      readonly server: "pgbouncer";
      readonly container: string;
      readonly listener: string;
      readonly address: Endpoint;
      readonly password: pulumi.Input<string>;
      readonly drainTimeoutS: number;
      readonly settings: Readonly<Record<string, string>>;
    };

export interface ConfigFilesArgs extends OnEngine {
  readonly volume: pulumi.Input<string>;
  readonly image: string;
  readonly files: Readonly<Record<string, string>>;
  readonly secretFiles: Readonly<Record<string, { readonly mode: number; readonly content: pulumi.Input<string> }>>;
  readonly reload: Reload;
}

/** Files of a config volume; after a change the running server reloads them, which is verified. */
export class ConfigFiles extends pulumi.CustomResource {
  constructor(name: string, args: ConfigFilesArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:ConfigFiles", name, { ...args }, opts);
  }
}

/** A node as the kinds that touch servers see it. */
export interface ServiceNode {
  readonly name: string;
  readonly role: "leader" | "replica";
  readonly container: string;
  /** Its fixed address in the cluster's network. */
  readonly networkAddress: string;
  readonly address: Endpoint;
}

/** What taking a node out of service needs to know of the pooler. */
export interface PoolerAccess {
  readonly container: string;
  /** The container that publishes its port. */
  readonly listener: string;
  readonly configVolume: string;
  readonly image: string;
  readonly address: Endpoint;
  readonly password: pulumi.Input<string>;
  readonly drainTimeoutS: number;
  readonly routes: Readonly<
    Record<string, { readonly hosts: readonly string[]; readonly poolSize: number; readonly maxDbConnections: number }>
  >;
}

export interface OutOfServiceArgs extends OnEngine {
  readonly node: ServiceNode;
  /** What the container is made from. */
  readonly spec: string;
  readonly leader: string;
  readonly pooler: PoolerAccess;
}

/** Takes a node out of service while its container is replaced; the node's gate puts it back. */
export class OutOfService extends pulumi.CustomResource {
  constructor(name: string, args: OutOfServiceArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:OutOfService", name, { ...args }, opts);
  }
}

export interface CalmArgs extends OnEngine {
  /** The pooler's container. */
  readonly container: string;
  /** What the container is made from. */
  readonly spec: string;
  readonly nodes: readonly { readonly name: string; readonly container: string }[];
  /** The pooler's address in the cluster's network. */
  readonly address: string;
  readonly timeoutS: number;
  /** How PgBouncer is told to reload. */
  readonly signals: "inside";
}

/** Waits for long transactions before the pooler's container is replaced. */
export class Calm extends pulumi.CustomResource {
  constructor(name: string, args: CalmArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:Calm", name, { ...args }, opts);
  }
}

export interface NodeReadyArgs extends OnEngine {
  readonly node: ServiceNode;
  readonly containerId: pulumi.Input<string>;
  readonly spec: string;
  readonly leader: Endpoint;
  readonly leaderContainer: string;
  readonly password: pulumi.Input<string>;
  readonly patienceS: number;
  readonly pooler: PoolerAccess;
}

/** Gate: a node plays its declared role. */
export class NodeReady extends pulumi.CustomResource {
  constructor(name: string, args: NodeReadyArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:NodeReady", name, { ...args }, opts);
  }
}

export interface RestartsArgs extends OnEngine {
  /** Settings that take effect only at a restart. */
  readonly settings: Readonly<Record<string, string>>;
  readonly nodes: readonly ServiceNode[];
  readonly password: pulumi.Input<string>;
  readonly patienceS: number;
  readonly pooler: PoolerAccess;
}

/** Restarts servers whose settings need it, in order, while clients wait or read elsewhere. */
export class Restarts extends pulumi.CustomResource {
  constructor(name: string, args: RestartsArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:Restarts", name, { ...args }, opts);
  }
}

export interface LoginsArgs extends OnEngine {
  /** The leader's container. */
  readonly leader: string;
  /** The replicas' containers. */
  readonly replicas: readonly string[];
  readonly pooler: PoolerAccess;
  readonly verifiers: pulumi.Input<Readonly<Record<string, string>>>;
  readonly userlist: pulumi.Input<string>;
  readonly users: pulumi.Input<Readonly<Record<string, { readonly password: string; readonly routes: readonly string[] }>>>;
}

/** Passwords of a running cluster, on its servers and in its pooler. */
export class Logins extends pulumi.CustomResource {
  constructor(name: string, args: LoginsArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:Logins", name, { ...args }, opts);
  }
}

export interface RolesArgs extends OnEngine, DeclaredSpec {
  readonly container: string;
  readonly database: string;
  readonly owner: string;
  readonly extensions: readonly string[];
  readonly monitoringConnections: number;
  /** Version of the objects that monitoring reads. */
  readonly monitoring: string;
  readonly verifiers: pulumi.Input<Readonly<Record<string, string>>>;
}

/** Roles, database, extensions and grants on the leader. */
export class Roles extends pulumi.CustomResource {
  constructor(name: string, args: RolesArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:Roles", name, { ...args }, opts);
  }
}

export interface LeftoversArgs extends OnEngine {
  readonly container: string;
  readonly nodes: readonly string[];
  readonly declared: Declaration;
}

/** Drops what was declared before and no longer is. */
export class Leftovers extends pulumi.CustomResource {
  constructor(name: string, args: LeftoversArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:Leftovers", name, { ...args }, opts);
  }
}

export interface ReplicationSlotArgs extends OnEngine {
  readonly container: string;
  readonly slot: string;
  /** The replica's data volume, which stays when the slot is dropped. */
  readonly dataVolume: string;
}

/** A replica's slot on the leader. */
export class ReplicationSlot extends pulumi.CustomResource {
  constructor(name: string, args: ReplicationSlotArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:ReplicationSlot", name, { ...args }, opts);
  }
}

export interface ReplicationCheckArgs extends OnEngine {
  readonly target: CheckTarget;
  readonly secrets: pulumi.Input<CheckSecrets>;
  readonly triggers: readonly pulumi.Input<string>[];
}

/** Gate: the whole cluster is what was declared. */
export class ReplicationCheck extends pulumi.CustomResource {
  /** The report of the check. */
  declare readonly report: pulumi.Output<CheckReport>;

  constructor(name: string, args: ReplicationCheckArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:ReplicationCheck", name, { ...args, report: undefined }, opts);
  }
}

export interface ComposeBundleArgs {
  /** Relative to the project. */
  readonly folder: string;
  readonly stack: string;
  /** Path → short hash: what a preview shows. */
  readonly digests: Readonly<Record<string, string>>;
  readonly files: pulumi.Input<Readonly<Record<string, string>>>;
  readonly secretFiles: pulumi.Input<Readonly<Record<string, string>>>;
}

/** The stack as a Compose bundle, on the disk of the machine that deploys. */
export class ComposeBundle extends pulumi.CustomResource {
  constructor(name: string, args: ComposeBundleArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:ComposeBundle", name, { ...args }, opts);
  }
}

export interface ChangesArgs {
  /** No part of it is secret. */
  readonly declared: Declared;
}

/** What the last successful deployment declared; reports what a change of it does to sessions. */
export class Changes extends pulumi.CustomResource {
  constructor(name: string, args: ChangesArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:Changes", name, { ...args }, opts);
  }
}
