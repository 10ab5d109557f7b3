import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { pgbouncerAddress } from "../src/plan/addresses.ts";
import { listenerFolder } from "../src/plan/container.ts";
import { listenerContainer, pgbouncerContainer } from "../src/plan/containers.ts";
import type { ClusterPlan, ClusterSecrets } from "../src/plan/types.ts";
import type { FileSpec } from "../src/files/file-spec.ts";
import { ConfigVolume } from "./config-volume.ts";
import { serviceContainer } from "./container.ts";
import { present } from "./present.ts";
import { Calm } from "./provider-resources.ts";
import { specOf } from "./service.ts";

export interface PoolerArgs {
  readonly plan: ClusterPlan;
  readonly files: readonly FileSpec[];
  readonly network: pulumi.Resource;
  readonly secrets: pulumi.Output<ClusterSecrets>;
  readonly adminPassword: pulumi.Output<string>;
  readonly images: { readonly pooler: pulumi.Resource | undefined; readonly listener: pulumi.Resource | undefined };
  /** Gates of all nodes: a replica is listed after it is proven and dropped before it stops. */
  readonly gates: readonly pulumi.Resource[];
}

/** PgBouncer with the write and the read route, and the container that holds its port while PgBouncer's is replaced. */
export class Pooler extends pulumi.ComponentResource {
  /** The container that clients connect to, and the one that serves them. */
  readonly containers: readonly docker.Container[];
  readonly files: pulumi.Resource;

  constructor(name: string, args: PoolerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pgstack:docker:Pooler", name, {}, opts);
    const { plan } = args;
    const { pooler, engine } = plan;
    const image = present(args.images.pooler);
    const config = new ConfigVolume(
      `${name}-config`,
      {
        host: engine.host,
        volume: pooler.configVolume,
        image: plan.images.pooler.reference,
        files: args.files,
        secrets: args.secrets,
        reload: {
          server: "pgbouncer",
          container: pooler.container,
          listener: pooler.listener,
          address: { host: engine.accessHost, port: pooler.hostPort },
          password: args.adminPassword,
          drainTimeoutS: pooler.drainTimeoutS,
          settings: Object.fromEntries(pooler.settings.map(({ name: key, value }) => [key, value])),
        },
      },
      { parent: this, filesDependOn: [...args.gates, ...image] },
    );
    this.files = config.files;
    const socket = new docker.Volume(
      `${name}-socket`,
      { name: pooler.socketVolume, driver: "local", driverOpts: { type: "tmpfs", device: "tmpfs", o: listenerFolder } },
      { parent: this },
    );
    const volumes = { [pooler.configVolume]: config.volumeName, [pooler.socketVolume]: socket.name };
    const pgbouncer = pgbouncerContainer(plan);
    const calm = new Calm(
      `${name}-calm`,
      {
        host: engine.host,
        container: pooler.container,
        spec: specOf(plan, pgbouncer),
        nodes: plan.nodes.map((node) => ({ name: node.name, container: node.container })),
        address: pgbouncerAddress(plan.network.subnet),
        timeoutS: pooler.drainTimeoutS,
        signals: "inside",
      },
      { parent: this, dependsOn: [config.files, ...image] },
    );
    const listener = serviceContainer(
      name,
      { plan, container: listenerContainer(plan), volumes },
      // Its files too: where one container was the whole pooler, the other one must be able to start immediately.
      { parent: this, dependsOn: present(args.network, config.files, args.images.listener) },
    );
    // Each waits for the other one, in any order of start; but they should not leave the network at the same time.
    const process = serviceContainer(
      "pgbouncer",
      { plan, container: pgbouncer, volumes },
      { parent: this, dependsOn: [args.network, config.files, calm, listener, ...image] },
    );
    this.containers = [listener, process];
    this.registerOutputs({});
  }
}
