import { createHash } from "node:crypto";

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { checkSecretsOf, checkTargetOf } from "../src/target/target.ts";
import { declaredOf } from "../src/impact/declared.ts";
import { gatewayAddress, strangersRange } from "../src/plan/addresses.ts";
import { planContainers } from "../src/plan/containers.ts";
import { entriesOf } from "../src/plan/declared.ts";
import { restartSettings } from "../src/rollout/restart-settings.ts";
import type { RolloutNode, Turn } from "../src/rollout/turns.ts";
import { rolloutTurns } from "../src/rollout/turns.ts";
import type { Before } from "../src/topology/before.ts";
import type { ClusterPlan, ImageKind, NodePlan, ServiceSecret } from "../src/plan/types.ts";
import { imageKinds } from "../src/plan/types.ts";
import { monitoringRevision } from "../src/postgres/monitoring.ts";
import { renderBundle } from "../src/render/compose/bundle.ts";
import type { RenderedFiles } from "../src/render/files.ts";
import { monitoringFilesOf } from "../src/render/monitoring-files.ts";
import { userlistOf } from "../src/render/pooler-files.ts";
import { rolesSpec, routedUsers, serverVerifiers } from "../src/render/roles-spec.ts";
import { composeBundle } from "./bundle.ts";
import { Exporters } from "./exporters.ts";
import { Images } from "./images.ts";
import { Monitoring } from "./monitoring.ts";
import { PostgresNode } from "./node.ts";
import type { PostgresNodeArgs } from "./node.ts";
import { Pooler } from "./pooler.ts";
import { present } from "./present.ts";
import type { Declaration } from "../resources/declaration.ts";
import { Changes, Leftovers, Logins, Network, Preflight, ReplicationCheck, Restarts, Roles } from "./provider-resources.ts";
import { Secrets } from "./secrets.ts";
import { patienceS, poolerAccess, serviceNode } from "./service.ts";

export interface PlannedClusterArgs {
  readonly plan: ClusterPlan;
  readonly files: RenderedFiles;
  /** Folder of pgstack, which contains `images/`. */
  readonly root: string;
  /** Folder of the Compose bundle, relative to the project. */
  readonly bundleFolder: string;
  /** Secrets that are given. @default - none */
  readonly given?: Readonly<Partial<Record<ServiceSecret, string>>>;
  /** What is on the engine now. @default - unknown: every node is assumed to run, and every image to be missing. */
  readonly before?: Promise<Before | undefined> | Before;
  /** A preview changes nothing, so no node waits for another one: this saves half a second. @default false */
  readonly isPreview?: boolean;
}

/** A leader, its replicas, the pooler and the exporters on one Docker engine, proven by a check at the end. */
export class PlannedCluster extends pulumi.ComponentResource {
  readonly secrets: Secrets;
  readonly check: ReplicationCheck;
  readonly changes: Changes;
  readonly #before: Promise<Before | undefined>;
  /** Names of what it is made of begin with its own. */
  readonly #name: (part: string) => string;

  constructor(name: string, args: PlannedClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    // Before anything is registered: a mistake in it must not leave half a cluster.
    const bundle = renderBundle(args.plan, args.root);
    super("pgstack:docker:PostgresCluster", name, {}, opts);
    this.#before = Promise.resolve(args.before);
    this.#name = (part) => `${name}-${part}`;
    const { plan } = args;
    const preflight = this.#preflight(plan);
    const onEngine = { parent: this, provider: this.#engine(plan), dependsOn: [preflight] };
    this.secrets = this.#secrets(args);
    composeBundle(this.#name("bundle"), { plan, folder: args.bundleFolder, files: bundle, secrets: this.secrets.all }, { parent: this });
    const images = new Images(
      this.#name("image"),
      { images: plan.images, used: usedImages(plan), root: args.root, present: this.#before.then((before) => before?.images ?? new Set()) },
      onEngine,
    );
    const network = this.#network(plan, preflight);
    const logins = this.#logins(args, preflight);

    const nodes = this.#nodes(args, { images, network, logins }, onEngine);
    const pooler = new Pooler(
      this.#name("pooler"),
      {
        nameOf: this.#name,
        plan,
        files: args.files.pooler,
        network,
        secrets: this.secrets.all,
        adminPassword: this.secrets.passwords.pgbouncer,
        images: { pooler: images.resources.pooler, listener: images.resources.listener },
        gates: this.#poolerWaitsFor(args, nodes).then((gates) => [logins, ...gates]),
      },
      onEngine,
    );
    const exporters = this.#exporters(args, { images, network, logins }, onEngine);
    const monitoring = this.#monitoring(args, { images, network, logins }, onEngine);
    const restarts = this.#restarts(plan, nodes, pooler);
    const last = [restarts, this.#leftovers(plan, nodes, pooler)];
    this.check = this.#check(args, nodes, pooler, { exporters, monitoring }, last);
    // After everything: the next preview must still report what a failed deployment left undone.
    this.changes = new Changes(
      this.#name("changes"),
      { prefix: plan.prefix, declared: declaredOf(plan, args.files) },
      { parent: this, dependsOn: [this.check] },
    );
    this.registerOutputs({});
  }

  #secrets({ plan, given = {} }: PlannedClusterArgs): Secrets {
    const users = plan.users.map(({ name }) => name);
    return new Secrets(
      this.#name("secrets"),
      { users, salt: plan.scramSalt, grafana: plan.monitoring?.grafana !== undefined, given },
      { parent: this },
    );
  }

  #preflight(plan: ClusterPlan): Preflight {
    const { engine, nodes } = plan;
    return new Preflight(
      this.#name("preflight"),
      {
        host: engine.host,
        prefix: plan.prefix,
        leader: plan.wishedLeader,
        major: plan.major,
        locale: plan.locale,
        network: { name: plan.network.name, subnet: plan.network.subnet },
        bindAddress: engine.bindAddress,
        memoryMb: engine.memoryMb,
        cpus: engine.cpus ?? 0,
        containers: planContainers(plan).map(({ name }) => name),
        ports: planContainers(plan).flatMap(({ port }) => (port === undefined ? [] : [port.external])),
        published: Object.fromEntries(
          planContainers(plan).flatMap(({ name, port }) => (port === undefined ? [] : [[name, port.external]])),
        ),
        addresses: Object.fromEntries(planContainers(plan).map(({ name, address }) => [name, address])),
        nodes: nodes.map(({ name, dataVolume, reclone }) => ({
          name,
          dataVolume,
          ...(reclone === undefined ? {} : { reclone }),
        })),
        declared: declarationOf(plan),
      },
      { parent: this },
    );
  }

  #logins({ plan, files }: PlannedClusterArgs, preflight: Preflight): Logins {
    return new Logins(
      this.#name("logins"),
      {
        host: plan.engine.host,
        prefix: plan.prefix,
        pooler: poolerAccess(plan, this.secrets.passwords.pgbouncer),
        verifiers: pulumi.secret(this.secrets.all.apply((secrets) => serverVerifiers(plan, secrets))),
        userlist: pulumi.secret(this.secrets.all.apply((secrets) => userlistOf(files.pooler, secrets))),
        users: pulumi.secret(this.secrets.all.apply((secrets) => routedUsers(plan, secrets))),
      },
      { parent: this, dependsOn: [preflight] },
    );
  }

  /** With another host the same resources would silently belong to another engine; preflight refuses that change. */
  #engine(plan: ClusterPlan): docker.Provider {
    return new docker.Provider(this.#name("engine"), { host: plan.engine.host }, { parent: this });
  }

  #network(plan: ClusterPlan, preflight: Preflight): Network {
    const { subnet } = plan.network;
    return new Network(
      this.#name("network"),
      { host: plan.engine.host, name: plan.network.name, subnet, gateway: gatewayAddress(subnet), strangers: strangersRange(subnet) },
      { parent: this, dependsOn: [preflight] },
    );
  }

  #nodes(args: PlannedClusterArgs, shared: Shared, opts: pulumi.ComponentResourceOptions): Nodes {
    const { plan } = args;
    const turns = this.#before.then((before) => turnsOf(plan, before));
    // Resources are declared at once; what each of them waits for depends on the engine's answer.
    const gates = new Map<string, pulumi.Resource>();
    const afterOf = async (node: string): Promise<pulumi.Resource[]> => {
      const { after, afterRoles = false } = (await turns).find((turn) => turn.node === node) ?? {};
      return present(afterRoles ? roles : undefined, args.isPreview === true || after === undefined ? undefined : gates.get(after));
    };
    const all = plan.nodes.map((node) => {
      const made = new PostgresNode(this.#name(node.name), this.#nodeArgs(args, shared, node, afterOf(node.name)), opts);
      gates.set(node.name, made.gate);
      return made;
    });
    const roles = this.#roles(
      plan,
      this.#before.then((before) => present(gates.get(before?.leader ?? plan.firstNode))),
    );
    return { all, roles };
  }

  #nodeArgs(
    { plan, files }: PlannedClusterArgs,
    { images, network, logins }: Shared,
    node: NodePlan,
    after: Promise<pulumi.Resource[]>,
  ): PostgresNodeArgs {
    return {
      plan,
      node,
      files: files.nodes.get(node.name) ?? [],
      network,
      secrets: this.secrets.all,
      monitoringPassword: this.secrets.passwords.monitoring,
      adminPassword: this.secrets.passwords.pgbouncer,
      image: images.resources.postgres,
      logins,
      after,
    };
  }

  /** After every file and every gate: a replaced container has already started with its settings and needs no restart. */
  #restarts(plan: ClusterPlan, nodes: Nodes, pooler: Pooler): Restarts {
    return new Restarts(
      this.#name("restarts"),
      {
        host: plan.engine.host,
        prefix: plan.prefix,
        settings: restartSettings(plan),
        nodes: plan.nodes.map((node) => serviceNode(plan, node)),
        password: this.secrets.passwords.monitoring,
        patienceS,
        pooler: poolerAccess(plan, this.secrets.passwords.pgbouncer),
      },
      { parent: this, dependsOn: [...nodes.all.map(({ gate }) => gate), nodes.roles, ...pooler.files, ...pooler.containers] },
    );
  }

  /**
   * A running pooler lists a replica only after it was proven, and a database only after it was created. A new pooler has no
   * clients yet: it starts while replicas are cloned, and the check at the end proves its routes. Until a node takes writes they lead
   * to the first one, so where the data says that another one leads they wait for that.
   */
  async #poolerWaitsFor({ plan }: PlannedClusterArgs, nodes: Nodes): Promise<pulumi.Resource[]> {
    const before = await this.#before;
    const isNew = before !== undefined && !before.containers.has(plan.pooler.listener);
    const gates = nodes.all.map(({ gate }) => gate);
    if (!isNew) return [...gates, nodes.roles];
    return before.leader === plan.firstNode ? [] : nodes.all.filter(({ node }) => node === before.leader).map(({ gate }) => gate);
  }

  #roles(plan: ClusterPlan, leadersGate: Promise<pulumi.Resource[]>): Roles {
    return new Roles(
      this.#name("roles"),
      {
        host: plan.engine.host,
        prefix: plan.prefix,
        ...rolesSpec(plan),
        monitoring: monitoringRevision,
        verifiers: pulumi.secret(this.secrets.all.apply((secrets) => serverVerifiers(plan, secrets))),
      },
      { parent: this, dependsOn: leadersGate },
    );
  }

  /** After the pooler: no route leads to a database that is dropped. */
  #leftovers(plan: ClusterPlan, nodes: Nodes, pooler: Pooler): Leftovers {
    return new Leftovers(
      this.#name("leftovers"),
      {
        host: plan.engine.host,
        prefix: plan.prefix,
        declared: declarationOf(plan),
      },
      { parent: this, dependsOn: [nodes.roles, ...nodes.all.map(({ files }) => files), ...pooler.files, ...pooler.containers] },
    );
  }

  #exporters(args: PlannedClusterArgs, { images, network, logins }: Shared, opts: pulumi.ComponentResourceOptions): Exporters | undefined {
    const { plan, files } = args;
    if (plan.exporters === undefined || files.exporters === undefined) return undefined;
    const after = present(images.resources.postgresExporter, images.resources.poolerExporter);
    return new Exporters(
      this.#name("exporter"),
      { plan, exporters: plan.exporters, files: files.exporters, network, secrets: this.secrets.all, after, logins },
      opts,
    );
  }

  #monitoring(
    { plan, files }: PlannedClusterArgs,
    { images, network }: Shared,
    opts: pulumi.ComponentResourceOptions,
  ): Monitoring | undefined {
    const { monitoring } = plan;
    if (monitoring === undefined || files.monitoring === undefined) return undefined;
    const args = {
      nameOf: this.#name,
      plan,
      monitoring,
      files: files.monitoring,
      network,
      secrets: this.secrets.all,
      images: images.resources,
    };
    return new Monitoring(this.#name("monitoring"), args, opts);
  }

  /** Runs again whenever anything that it checks was changed. */
  #check(
    { plan, files }: PlannedClusterArgs,
    nodes: Nodes,
    pooler: Pooler,
    { exporters, monitoring }: Watching,
    last: readonly pulumi.Resource[],
  ): ReplicationCheck {
    return new ReplicationCheck(
      this.#name("check"),
      {
        host: plan.engine.host,
        target: checkTargetOf(plan),
        secrets: pulumi.secret(this.secrets.all.apply(checkSecretsOf)),
        triggers: [
          digestOf(files),

          ...nodes.all.map(({ containerId }) => containerId),
          ...pooler.containers.map(({ id }) => id),
          ...[...(exporters?.containers ?? []), ...(monitoring?.containers ?? [])].map(({ id }) => id),
        ],
      },
      {
        parent: this,
        dependsOn: [
          ...nodes.all.map(({ gate }) => gate),
          ...nodes.all.map(({ files }) => files),
          nodes.roles,
          ...pooler.files,
          ...pooler.containers,
          ...last,
          ...(exporters?.containers ?? []),
          ...(monitoring?.containers ?? []),
          ...(monitoring?.files ?? []),
        ],
      },
    );
  }
}

/** Exporters and monitoring, if the stack has them. */
interface Watching {
  readonly exporters: Exporters | undefined;
  readonly monitoring: Monitoring | undefined;
}

/** What nodes and exporters need. */
interface Shared {
  readonly images: Images;
  readonly network: Network;
  /** Later resources log in with the passwords that apply from then on. */
  readonly logins: Logins;
}

/** Unknown is treated as running. */
function turnsOf({ nodes, firstNode }: ClusterPlan, before: Before | undefined): readonly Turn[] {
  const stateOf = (container: string): RolloutNode["container"] => {
    if (before === undefined) return "running";
    const runs = before.containers.get(container);
    return runs === undefined ? "absent" : runs ? "running" : "stopped";
  };
  return rolloutTurns(
    nodes.map(({ name, container, reclone }) => ({ name, container: stateOf(container), isRecloned: reclone !== undefined })),
    before?.leader ?? firstNode,
  );
}

interface Nodes {
  /** In the plan's order. */
  readonly all: readonly PostgresNode[];
  readonly roles: Roles;
}

/** Changes with any plain file; secret files depend on the secrets, which are a separate input. */
function digestOf(files: RenderedFiles): string {
  const monitoring = monitoringFilesOf(files.monitoring).map(([, of]) => of);
  const texts = [...files.nodes.values(), files.pooler, files.exporters ?? [], ...monitoring]
    .flat()
    .map((file) => (file.kind === "plain" ? file.content : ""));
  return createHash("sha256").update(texts.join("\0")).digest("hex");
}

function usedImages(plan: ClusterPlan): readonly ImageKind[] {
  const used = new Set(planContainers(plan).map(({ image }) => image));
  return imageKinds.filter((kind) => used.has(kind));
}

function declarationOf(plan: ClusterPlan): Declaration {
  const { database, databases, users, removal } = plan;
  const roles = [database.owner, ...users.map(({ name }) => name)];
  return {
    databases: Object.fromEntries(databases.map(({ name, owner }) => [name, owner])),
    users: users.map(({ name }) => name),
    entries: Object.fromEntries(
      roles.map((role) => [role, Object.fromEntries(entriesOf(plan, role).map((entry) => [entry.database, entry.right]))]),
    ),
    first: { database: database.name, owner: database.owner },
    remove: { databases: [...removal.databases], users: { ...removal.users } },
  };
}
