import { createHash } from "node:crypto";

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { checkSecretsOf, checkTargetOf } from "../src/target/target.ts";
import { declaredOf } from "../src/impact/declared.ts";
import { gatewayAddress, strangersRange } from "../src/plan/addresses.ts";
import { planContainers } from "../src/plan/containers.ts";
import { entriesOf } from "../src/plan/declared.ts";
import { restartSettings } from "../src/restarts/settings.ts";
import type { OnEngine } from "../src/engine/on-engine.ts";
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
import { leaderOf, PostgresNode } from "./node.ts";
import type { PostgresNodeArgs } from "./node.ts";
import { Pooler } from "./pooler.ts";
import { present } from "./present.ts";
import type { Declaration } from "./provider-resources.ts";
import { Changes, Leftovers, Logins, Network, Preflight, ReplicationCheck, Restarts, Roles } from "./provider-resources.ts";
import { Secrets } from "./secrets.ts";
import { patienceS, poolerAccess, serviceNode } from "./service.ts";

export interface PostgresClusterArgs {
  readonly plan: ClusterPlan;
  readonly files: RenderedFiles;
  /** Folder of the project, which contains `images/`. */
  readonly root: string;
  /** Secrets that stack config holds. @default - none */
  readonly given?: Readonly<Partial<Record<ServiceSecret, string>>>;
  /** What is on the engine now. @default - unknown: every node is assumed to run, and every image to be missing. */
  readonly onEngine?: OnEngine | undefined;
  /** A preview changes nothing, so no node waits for another one: this saves half a second. @default false */
  readonly isPreview?: boolean;
}

/** A leader, its replicas, the pooler and the exporters on one Docker engine, proven by a check at the end. */
export class PostgresCluster extends pulumi.ComponentResource {
  readonly secrets: Secrets;
  readonly check: ReplicationCheck;
  readonly changes: Changes;

  constructor(name: string, args: PostgresClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    // Before anything is registered: a mistake in it must not leave half a cluster.
    const bundle = renderBundle(args.plan, args.root);
    super("pgstack:docker:PostgresCluster", name, {}, opts);
    const { plan } = args;
    const preflight = this.#preflight(plan);
    const onEngine = { parent: this, provider: this.#engine(plan), dependsOn: [preflight] };
    this.secrets = this.#secrets(args);
    composeBundle("bundle", { plan, files: bundle, secrets: this.secrets.all }, { parent: this });
    const images = new Images(
      "image",
      { images: plan.images, used: usedImages(plan), root: args.root, present: args.onEngine?.images ?? new Set() },
      onEngine,
    );
    const network = this.#network(plan, preflight);
    const logins = this.#logins(args, preflight);

    const nodes = this.#nodes(args, { images, network, logins }, onEngine);
    const pooler = new Pooler(
      "pooler",
      {
        plan,
        files: args.files.pooler,
        network,
        secrets: this.secrets.all,
        adminPassword: this.secrets.passwords.pgbouncer,
        images: { pooler: images.resources.pooler, listener: images.resources.listener },
        gates: [logins, ...this.#poolerWaitsFor(args, nodes)],
      },
      onEngine,
    );
    const exporters = this.#exporters(args, { images, network, logins }, onEngine);
    const monitoring = this.#monitoring(args, { images, network, logins }, onEngine);
    const restarts = this.#restarts(plan, nodes, pooler);
    const last = [restarts, this.#leftovers(plan, nodes, pooler)];
    this.check = this.#check(args, nodes, pooler, { exporters, monitoring }, last);
    // After everything: the next preview must still report what a failed deployment left undone.
    this.changes = new Changes("changes", { declared: declaredOf(plan, args.files) }, { parent: this, dependsOn: [this.check] });
    this.registerOutputs({});
  }

  #secrets({ plan, given = {} }: PostgresClusterArgs): Secrets {
    const users = plan.users.map(({ name }) => name);
    return new Secrets(
      "secrets",
      { users, salt: plan.scramSalt, grafana: plan.monitoring?.grafana !== undefined, given },
      { parent: this },
    );
  }

  #preflight(plan: ClusterPlan): Preflight {
    const { engine, nodes } = plan;
    return new Preflight(
      "preflight",
      {
        host: engine.host,
        prefix: plan.prefix,
        leader: plan.leader,
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
        nodes: nodes.map(({ name, role, dataVolume, reclone }) => ({
          name,
          role,
          dataVolume,
          ...(reclone === undefined ? {} : { reclone }),
        })),
        declared: declarationOf(plan),
      },
      { parent: this },
    );
  }

  #logins({ plan, files }: PostgresClusterArgs, preflight: Preflight): Logins {
    return new Logins(
      "logins",
      {
        host: plan.engine.host,
        leader: leaderOf(plan).container,
        replicas: plan.nodes.filter(({ role }) => role === "replica").map(({ container }) => container),
        pooler: { ...poolerAccess(plan, this.secrets.passwords.pgbouncer), routes: {} },
        verifiers: pulumi.secret(this.secrets.all.apply((secrets) => serverVerifiers(plan, secrets))),
        userlist: pulumi.secret(this.secrets.all.apply((secrets) => userlistOf(files.pooler, secrets))),
        users: pulumi.secret(this.secrets.all.apply((secrets) => routedUsers(plan, secrets))),
      },
      { parent: this, dependsOn: [preflight] },
    );
  }

  /** With another host the same resources would silently belong to another engine; preflight refuses that change. */
  #engine(plan: ClusterPlan): docker.Provider {
    return new docker.Provider("engine", { host: plan.engine.host }, { parent: this });
  }

  #network(plan: ClusterPlan, preflight: Preflight): Network {
    const { subnet } = plan.network;
    return new Network(
      "network",
      { host: plan.engine.host, name: plan.network.name, subnet, gateway: gatewayAddress(subnet), strangers: strangersRange(subnet) },
      { parent: this, dependsOn: [preflight] },
    );
  }

  /**
   * A new cluster: leader, roles, then the replicas, several at a time, since they have no clients yet and parallel copies
   * take no longer than one. In a running cluster each node is changed after the gate of the previous one, the leader last:
   * a value with which a server cannot start is then found on a node that takes no writes. Nodes that are down and have to be
   * re-cloned, such as a former leader, come after the leader: the routes to it need not wait for their copy.
   */
  #nodes(args: PostgresClusterArgs, shared: Shared, opts: pulumi.ComponentResourceOptions): Nodes {
    const { plan } = args;
    const containers = args.onEngine?.containers;
    const existing = (node: NodePlan): boolean => containers === undefined || containers.has(node.container);
    // Unknown is treated as running. A leader that is absent or stopped comes first: without it no replica can be proven, and
    // it takes no writes, so a mistake that is found on it costs no session.
    const leaderFirst = containers !== undefined && containers.get(leaderOf(plan).container) !== true;
    const create = (node: NodePlan, after: After): PostgresNode =>
      new PostgresNode(node.name, this.#nodeArgs(args, shared, node, after), opts);
    const chain = (nodes: readonly NodePlan[], first: After): PostgresNode[] =>
      nodes.reduce<PostgresNode[]>(
        (made, node) => [...made, create(node, { ...first, rolloutAfter: made.at(-1)?.gate ?? first.rolloutAfter })],
        [],
      );
    const replicas = plan.nodes.filter(({ role }) => role === "replica");
    const late = (node: NodePlan): boolean => !existing(node) || (node.reclone !== undefined && containers?.get(node.container) === false);
    const known = replicas.filter((node) => !late(node));
    const before = leaderFirst ? [] : chain(known, { roles: undefined, rolloutAfter: undefined });
    const leader = create(leaderOf(plan), { roles: undefined, rolloutAfter: before.at(-1)?.gate });
    const roles = this.#roles(plan, leader);
    const behind = leaderFirst ? chain(known, { roles, rolloutAfter: leader.gate }) : [];
    const last = behind.at(-1) ?? leader;
    const news = replicas
      .filter((node) => late(node))
      .reduce<PostgresNode[]>((made, node) => [...made, create(node, { roles, rolloutAfter: (made.at(-clonesAtOnce) ?? last).gate })], []);
    // In the plan's order, so that the result does not depend on the order of the rollout.
    const place = ({ node }: PostgresNode): number => replicas.findIndex(({ name }) => name === node);
    return { all: [leader, ...[...before, ...behind, ...news].toSorted((a, b) => place(a) - place(b))], roles };
  }

  #nodeArgs(
    { plan, files, isPreview = false }: PostgresClusterArgs,
    { images, network, logins }: Shared,
    node: NodePlan,
    { roles, rolloutAfter }: After,
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
      roles,
      rolloutAfter: isPreview ? undefined : rolloutAfter,
    };
  }

  /** After every file and every gate: a replaced container has already started with its settings and needs no restart. */
  #restarts(plan: ClusterPlan, nodes: Nodes, pooler: Pooler): Restarts {
    return new Restarts(
      "restarts",
      {
        host: plan.engine.host,
        settings: restartSettings(plan),
        nodes: plan.nodes.map((node) => serviceNode(plan, node)),
        password: this.secrets.passwords.monitoring,
        patienceS,
        pooler: poolerAccess(plan, this.secrets.passwords.pgbouncer),
      },
      { parent: this, dependsOn: [...nodes.all.map(({ gate }) => gate), nodes.roles, pooler.files, ...pooler.containers] },
    );
  }

  /**
   * A running pooler lists a replica only after it was proven, and a database only after it was created. A new pooler has no
   * clients yet: it starts while replicas are cloned, and the check at the end proves its routes.
   */
  #poolerWaitsFor({ plan, onEngine }: PostgresClusterArgs, nodes: Nodes): readonly pulumi.Resource[] {
    const isNew = onEngine !== undefined && !onEngine.containers.has(plan.pooler.listener);
    return isNew ? [] : [...nodes.all.map(({ gate }) => gate), nodes.roles];
  }

  #roles(plan: ClusterPlan, leader: PostgresNode): Roles {
    return new Roles(
      "roles",
      {
        host: plan.engine.host,
        container: leaderOf(plan).container,
        ...rolesSpec(plan),
        monitoring: monitoringRevision,
        verifiers: pulumi.secret(this.secrets.all.apply((secrets) => serverVerifiers(plan, secrets))),
      },
      { parent: this, dependsOn: [leader.gate] },
    );
  }

  /** After the pooler: no route leads to a database that is dropped. */
  #leftovers(plan: ClusterPlan, nodes: Nodes, pooler: Pooler): Leftovers {
    return new Leftovers(
      "leftovers",
      {
        host: plan.engine.host,
        container: leaderOf(plan).container,
        nodes: plan.nodes.map((node) => node.container),
        declared: declarationOf(plan),
      },
      { parent: this, dependsOn: [nodes.roles, ...nodes.all.map(({ files }) => files), pooler.files, ...pooler.containers] },
    );
  }

  #exporters(args: PostgresClusterArgs, { images, network, logins }: Shared, opts: pulumi.ComponentResourceOptions): Exporters | undefined {
    const { plan, files } = args;
    if (plan.exporters === undefined || files.exporters === undefined) return undefined;
    const after = present(images.resources.postgresExporter, images.resources.poolerExporter);
    return new Exporters(
      "exporter",
      { plan, exporters: plan.exporters, files: files.exporters, network, secrets: this.secrets.all, after, logins },
      opts,
    );
  }

  #monitoring(
    { plan, files }: PostgresClusterArgs,
    { images, network }: Shared,
    opts: pulumi.ComponentResourceOptions,
  ): Monitoring | undefined {
    const { monitoring } = plan;
    if (monitoring === undefined || files.monitoring === undefined) return undefined;
    const args = { plan, monitoring, files: files.monitoring, network, secrets: this.secrets.all, images: images.resources };
    return new Monitoring("monitoring", args, opts);
  }

  /** Runs again whenever anything that it checks was changed. */
  #check(
    { plan, files }: PostgresClusterArgs,
    nodes: Nodes,
    pooler: Pooler,
    { exporters, monitoring }: Watching,
    last: readonly pulumi.Resource[],
  ): ReplicationCheck {
    return new ReplicationCheck(
      "check",
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
          pooler.files,
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

/** What a node's container waits for, in addition to its own parts. */
type After = Pick<PostgresNodeArgs, "roles" | "rolloutAfter">;

/** Each clone reads all of the leader's data: more at a time would take disk and network bandwidth from its clients. */
const clonesAtOnce = 4;

/** What nodes and exporters need. */
interface Shared {
  readonly images: Images;
  readonly network: Network;
  /** Later resources log in with the passwords that apply from then on. */
  readonly logins: Logins;
}

interface Nodes {
  /** Leader first. */
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
    remove: removal,
  };
}
