import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { nodeContainer } from "../src/plan/containers.ts";
import type { ClusterPlan, ClusterSecrets, NodePlan } from "../src/plan/types.ts";
import type { FileSpec } from "../src/files/file-spec.ts";
import { configFiles } from "./config-files.ts";
import { serviceContainer } from "./container.ts";
import { dataVolume } from "./data-volume.ts";
import { present } from "./present.ts";
import type { ConfigFiles } from "./provider-resources.ts";
import { NodeReady, OutOfService } from "./provider-resources.ts";
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
  /** What its container waits for in this deployment: the gate of the node before it, roles with which it logs in on the leader. */
  readonly after: Promise<pulumi.Resource[]>;
}

/** One PostgreSQL server with its volumes and its gate. */
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
    const planned = nodeContainer(plan, node);
    const spec = specOf(plan, planned);
    // One node at a time: a container is changed only after the previous node was proven.
    const ready = args.after.then((after) => [...present(args.network, config, args.image), ...after]);
    const outOfService = this.#outOfService(name, args, spec, ready);
    const before: Promise<pulumi.Resource[]> = ready.then((of) => [...of, outOfService]);
    const container = serviceContainer(
      name,
      {
        plan,
        container: planned,
        volumes: { [node.dataVolume]: data.name },
      },
      { parent: this, dependsOn: before },
    );
    this.node = node.name;
    this.containerId = container.id;
    this.files = config;
    this.gate = this.#gate(name, args, container, spec);
    this.registerOutputs({});
  }

  #config(name: string, { plan, node, files, secrets, image, logins }: PostgresNodeArgs): ConfigFiles {
    return configFiles(
      `${name}-config`,
      {
        host: plan.engine.host,
        volume: node.configVolume,
        image: plan.images.postgres.reference,
        files,
        secrets,
        reload: { server: "postgres", container: node.container },
      },
      { parent: this, dependsOn: present(logins, image) },
    );
  }

  #outOfService(
    name: string,
    { plan, node, adminPassword }: PostgresNodeArgs,
    spec: string,
    ready: Promise<pulumi.Resource[]>,
  ): OutOfService {
    return new OutOfService(
      `${name}-out`,
      {
        host: plan.engine.host,
        prefix: plan.prefix,
        container: node.container,
        spec,
        service: { kind: "node", node: serviceNode(plan, node), dataVolume: node.dataVolume, pooler: poolerAccess(plan, adminPassword) },
      },
      { parent: this, dependsOn: ready },
    );
  }

  #gate(name: string, args: PostgresNodeArgs, container: docker.Container, spec: string): NodeReady {
    const { plan, node, monitoringPassword, adminPassword } = args;
    return new NodeReady(
      `${name}-ready`,
      {
        host: plan.engine.host,
        prefix: plan.prefix,
        node: serviceNode(plan, node),
        containerId: container.id,
        spec,
        password: monitoringPassword,
        patienceS,
        pooler: poolerAccess(plan, adminPassword),
      },
      { parent: this, dependsOn: [container] },
    );
  }
}
