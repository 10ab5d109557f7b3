import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { processAddress } from "../src/plan/addresses.ts";
import { listenerFolder } from "../src/plan/container.ts";
import { listenerContainer, pgbouncerContainer } from "../src/plan/containers.ts";
import type { ClusterPlan, ClusterSecrets, PoolerProcessPlan } from "../src/plan/types.ts";
import { declaredRoutes } from "../src/pgbouncer/routes.ts";
import type { FileSpec } from "../src/files/file-spec.ts";
import { configFiles } from "./config-files.ts";
import { serviceContainer } from "./container.ts";
import { present } from "./present.ts";
import { OutOfService, Routes } from "./provider-resources.ts";
import { poolerAccess, processAccess, specOf } from "./service.ts";

export interface PoolerArgs {
  /** Names of the cluster's resources. */
  readonly nameOf: (part: string) => string;
  readonly plan: ClusterPlan;
  readonly files: readonly FileSpec[];
  readonly network: pulumi.Resource;
  readonly secrets: pulumi.Output<ClusterSecrets>;
  readonly adminPassword: pulumi.Output<string>;
  readonly images: { readonly pooler: pulumi.Resource | undefined; readonly listener: pulumi.Resource | undefined };
  /** Gates of all nodes: a replica is listed after it is proven and left out before it stops. */
  readonly gates: Promise<pulumi.Resource[]>;
}

type Volumes = Readonly<Record<string, pulumi.Output<string>>>;

/** PgBouncer's processes with the write and the read route, and the container that holds their port. */
export class Pooler extends pulumi.ComponentResource {
  /** The container that clients connect to, and those that serve them. */
  readonly containers: readonly docker.Container[];
  readonly files: readonly pulumi.Resource[];

  constructor(name: string, args: PoolerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pgstack:docker:Pooler", name, {}, opts);
    const { plan } = args;
    const { pooler, engine } = plan;
    const image = present(args.images.pooler);
    const before: Promise<pulumi.Resource[]> = args.gates.then((gates) => [...gates, ...image]);
    const config = configFiles(
      `${name}-config`,
      {
        host: engine.host,
        volume: pooler.configVolume,
        image: plan.images.pooler.reference,
        files: args.files,
        secrets: args.secrets,
        reload: {
          server: "pgbouncer",
          processes: pooler.processes.map((process) => ({
            ...processAccess(plan, process),
            settings: Object.fromEntries([...pooler.settings, ...process.settings].map(({ name: key, value }) => [key, value])),
          })),
          password: args.adminPassword,
        },
      },
      { parent: this, dependsOn: before },
    );
    const { leader: firstNode, nodes, routes: declared } = declaredRoutes(plan);
    const routes = new Routes(
      `${name}-routes`,
      {
        host: engine.host,
        prefix: plan.prefix,
        pooler: poolerAccess(plan, args.adminPassword),
        mode: pooler.mode,
        firstNode,
        nodes,
        routes: declared,
      },
      { parent: this, dependsOn: [config] },
    );
    this.files = [config, routes];
    const socket = new docker.Volume(
      `${name}-socket`,
      { name: pooler.socketVolume, driver: "local", driverOpts: { type: "tmpfs", device: "tmpfs", o: listenerFolder } },
      { parent: this },
    );
    const volumes = { [pooler.socketVolume]: socket.name };
    const listener = serviceContainer(
      name,
      { plan, container: listenerContainer(plan), volumes },
      // Its files too: where one container was the whole pooler, the other one must be able to start immediately.
      { parent: this, dependsOn: present(args.network, ...this.files, args.images.listener) },
    );
    // All at once: replaced one after the other, each would close clients that the one before has closed. Listener and processes wait
    // for each other, in any order of start; but they should not leave the network at the same time.
    const after = [args.network, ...this.files, listener, ...image];
    const processes = pooler.processes.map((process) => this.#process(args, process, { volumes, after, files: [...this.files, ...image] }));
    this.containers = [listener, ...processes];
    this.registerOutputs({});
  }

  #process(
    { plan, nameOf }: PoolerArgs,
    process: PoolerProcessPlan,
    { volumes, after, files }: { readonly volumes: Volumes; readonly after: pulumi.Resource[]; readonly files: pulumi.Resource[] },
  ): docker.Container {
    const { pooler, engine, network, prefix } = plan;
    const container = pgbouncerContainer(plan, process);
    const outOfService = new OutOfService(
      nameOf(`${container.service}-out`),
      {
        host: engine.host,
        prefix,
        container: process.container,
        spec: specOf(plan, container),
        service: {
          kind: "pooler",
          nodes: plan.nodes.map((node) => ({ name: node.name, container: node.container })),
          address: processAddress(network.subnet, process.number),
          timeoutS: pooler.drainTimeoutS,
        },
      },
      { parent: this, dependsOn: files },
    );
    return serviceContainer(nameOf(container.service), { plan, container, volumes }, { parent: this, dependsOn: [...after, outOfService] });
  }
}
