import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { nodeContainer } from "../src/plan/containers.ts";
import type { ClusterPlan, ClusterSecrets, NodePlan } from "../src/plan/types.ts";
import type { FileSpec } from "../src/files/file-spec.ts";
import { ConfigVolume } from "./config-volume.ts";
import { serviceContainer } from "./container.ts";
import { dataVolume } from "./data-volume.ts";
import { present } from "./present.ts";
import { NodeReady, OutOfService, ReplicationSlot } from "./provider-resources.ts";
import { patienceS, poolerAccess, serviceNode, specOf } from "./service.ts";

export interface PostgresNodeArgs {
  readonly plan: ClusterPlan;
  readonly node: NodePlan;
  readonly files: readonly FileSpec[];
  readonly network: pulumi.Resource;
  readonly secrets: pulumi.Output<ClusterSecrets>;
  readonly monitoringPassword: pulumi.Output<string>;
  /** Password of the pooler's admin. */
  readonly adminPassword: pulumi.Output<string>;
  readonly image: pulumi.Resource | undefined;
  /** Has set the passwords in the running cluster with which everything here logs in. */
  readonly logins: pulumi.Resource;
  /** Roles on the leader, with which a replica logs in; undefined for the leader itself. */
  readonly roles: pulumi.Resource | undefined;
  /** The gate that this node's container waits for. */
  readonly rolloutAfter: pulumi.Resource | undefined;
}

/** One PostgreSQL server with its volumes, its slot on the leader and its gate. */
export class PostgresNode extends pulumi.ComponentResource {
  readonly node: string;
  readonly containerId: pulumi.Output<string>;
  /** Succeeds once this node plays its role. */
  readonly gate: NodeReady;
  readonly files: pulumi.Resource;

  constructor(name: string, args: PostgresNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pgstack:docker:PostgresNode", name, {}, opts);
    const { plan, node } = args;
    const config = this.#config(name, args);
    const data = dataVolume(`${name}-data`, node.dataVolume, this);
    const slot = this.#slot(name, args);
    const planned = nodeContainer(plan, node);
    const spec = specOf(plan, planned);
    // One node at a time: a container is changed only after the previous node was proven.
    const ready = present(args.network, config.files, slot, args.image, args.roles, args.rolloutAfter);
    const outOfService = this.#outOfService(name, args, spec, ready);
    const container = serviceContainer(
      name,
      {
        plan,
        container: planned,
        volumes: { [node.dataVolume]: data.name, [node.configVolume]: config.volumeName },
      },
      { parent: this, dependsOn: [...ready, outOfService] },
    );
    this.node = node.name;
    this.containerId = container.id;
    this.files = config.files;
    this.gate = this.#gate(name, args, container, spec);
    this.registerOutputs({});
  }

  #config(name: string, { plan, node, files, secrets, image, logins }: PostgresNodeArgs): ConfigVolume {
    return new ConfigVolume(
      `${name}-config`,
      {
        host: plan.engine.host,
        volume: node.configVolume,
        image: plan.images.postgres.reference,
        files,
        secrets,
        reload: { server: "postgres", container: node.container },
      },
      { parent: this, filesDependOn: present(logins, image) },
    );
  }

  /** The container depends on its slot, so on scale-down the slot is dropped after it. */
  #slot(name: string, { plan, node, roles }: PostgresNodeArgs): ReplicationSlot | undefined {
    if (node.slot === undefined) return undefined;
    const leader = leaderOf(plan);
    return new ReplicationSlot(
      `${name}-slot`,
      { host: plan.engine.host, container: leader.container, slot: node.slot, dataVolume: node.dataVolume },
      { parent: this, dependsOn: present(roles) },
    );
  }

  #outOfService(name: string, { plan, node, adminPassword }: PostgresNodeArgs, spec: string, ready: pulumi.Resource[]): OutOfService {
    return new OutOfService(
      `${name}-out`,
      { host: plan.engine.host, node: serviceNode(plan, node), spec, leader: plan.leader, pooler: poolerAccess(plan, adminPassword) },
      { parent: this, dependsOn: ready },
    );
  }

  #gate(name: string, args: PostgresNodeArgs, container: docker.Container, spec: string): NodeReady {
    const { plan, node, monitoringPassword, adminPassword } = args;
    return new NodeReady(
      `${name}-ready`,
      {
        host: plan.engine.host,
        node: serviceNode(plan, node),
        containerId: container.id,
        spec,
        leader: serviceNode(plan, leaderOf(plan)).address,
        leaderContainer: leaderOf(plan).container,
        password: monitoringPassword,
        patienceS,
        pooler: poolerAccess(plan, adminPassword),
      },
      { parent: this, dependsOn: [container] },
    );
  }
}

export function leaderOf(plan: ClusterPlan): NodePlan {
  const leader = plan.nodes.find(({ role }) => role === "leader");
  if (leader === undefined) throw new Error("a plan without a leader");
  return leader;
}
