import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { ContainerPlan } from "../src/plan/container.ts";
import { nodeExporterContainer, poolerExporterContainer } from "../src/plan/containers.ts";
import type { ClusterPlan, ClusterSecrets, ExportersPlan } from "../src/plan/types.ts";
import type { FileSpec } from "../src/files/file-spec.ts";
import { ConfigVolume } from "./config-volume.ts";
import { serviceContainer } from "./container.ts";

export interface ExportersArgs {
  readonly plan: ClusterPlan;
  readonly exporters: ExportersPlan;
  readonly files: readonly FileSpec[];
  readonly network: pulumi.Resource;
  readonly secrets: pulumi.Output<ClusterSecrets>;
  /** Images. Nothing else: exporters wait for the server that they watch, so they start while the leader initializes its database. */
  readonly after: readonly pulumi.Resource[];
  /** Has set the password in the running cluster with which exporters restart. */
  readonly logins: pulumi.Resource;
}

/** postgres_exporter for each node, pgbouncer_exporter for the pooler. */
export class Exporters extends pulumi.ComponentResource {
  readonly containers: readonly docker.Container[];

  constructor(name: string, args: ExportersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pgstack:docker:Exporters", name, {}, opts);
    const { plan, exporters } = args;
    const config = new ConfigVolume(
      `${name}-config`,
      {
        host: plan.engine.host,
        volume: exporters.configVolume,
        image: plan.images.postgresExporter.reference,
        files: args.files,
        secrets: args.secrets,
        reload: {
          server: "exporters",
          containers: [...exporters.nodes.map((exporter) => exporter.container), exporters.pooler.container],
        },
      },
      { parent: this, filesDependOn: [args.logins, ...args.after] },
    );
    const container = (key: string, planned: ContainerPlan): docker.Container =>
      serviceContainer(
        `${name}-${key}`,
        { plan, container: planned, volumes: { [exporters.configVolume]: config.volumeName } },
        { parent: this, dependsOn: [args.network, config.files, ...args.after] },
      );
    this.containers = [
      ...exporters.nodes.map((exporter) => container(exporter.node, nodeExporterContainer(plan, exporters, exporter))),
      container("pooler", poolerExporterContainer(plan, exporters)),
    ];
    this.registerOutputs({});
  }
}
