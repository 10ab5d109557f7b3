import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { poolerContainer } from "../src/plan/containers.ts";
import type { ClusterPlan, ClusterSecrets } from "../src/plan/types.ts";
import type { FileSpec } from "../src/render/file-spec.ts";
import { ConfigVolume } from "./config-volume.ts";
import { serviceContainer } from "./container.ts";

export interface PoolerArgs {
  readonly plan: ClusterPlan;
  readonly files: readonly FileSpec[];
  readonly network: pulumi.Resource;
  readonly secrets: pulumi.Output<ClusterSecrets>;
  readonly adminPassword: pulumi.Output<string>;
  readonly image: pulumi.Resource | undefined;
  /** Gates of all nodes: a replica is listed after it is proven and dropped before it stops. */
  readonly gates: readonly pulumi.Resource[];
}

/** PgBouncer with the write and the read route. */
export class Pooler extends pulumi.ComponentResource {
  readonly container: docker.Container;
  readonly files: pulumi.Resource;

  constructor(name: string, args: PoolerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pgstack:docker:Pooler", name, {}, opts);
    const { plan } = args;
    const { pooler, engine } = plan;
    const image = args.image === undefined ? [] : [args.image];
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
          address: { host: engine.accessHost, port: pooler.hostPort },
          password: args.adminPassword,
          drainTimeoutS: pooler.drainTimeoutS,
          settings: Object.fromEntries(pooler.settings.map(({ name: key, value }) => [key, value])),
        },
      },
      { parent: this, filesDependOn: [...args.gates, ...image] },
    );
    this.files = config.files;
    this.container = serviceContainer(
      name,
      { plan, container: poolerContainer(plan), volumes: { [pooler.configVolume]: config.volumeName } },
      { parent: this, dependsOn: [args.network, config.files, ...image] },
    );
    this.registerOutputs({});
  }
}
