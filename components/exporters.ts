import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { ContainerPlan } from "../src/plan/container.ts";
import { nodeExporterContainer, processExporterContainer } from "../src/plan/containers.ts";
import { services } from "../src/plan/names.ts";
import type { ClusterPlan, ClusterSecrets, ExportersPlan } from "../src/plan/types.ts";
import type { FileSpec } from "../src/files/file-spec.ts";
import { configFiles } from "./config-files.ts";
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

/** postgres_exporter for each node, pgbouncer_exporter for each process of the pooler. */
export class Exporters extends pulumi.ComponentResource {
  readonly containers: readonly docker.Container[];

  constructor(name: string, args: ExportersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pgstack:docker:Exporters", name, {}, opts);
    const { plan, exporters } = args;
    const config = configFiles(
      `${name}-config`,
      {
        host: plan.engine.host,
        volume: exporters.configVolume,
        image: plan.images.postgresExporter.reference,
        files: args.files,
        secrets: args.secrets,
        reload: {
          server: "exporters",
          containers: [
            ...exporters.nodes.map((exporter) => exporter.container),
            ...exporters.processes.map((exporter) => exporter.container),
          ],
        },
      },
      { parent: this, dependsOn: [args.logins, ...args.after] },
    );
    const container = (key: string, planned: ContainerPlan): docker.Container =>
      serviceContainer(
        `${name}-${key}`,
        { plan, container: planned, volumes: {} },
        { parent: this, dependsOn: [args.network, config, ...args.after] },
      );
    this.containers = [
      ...exporters.nodes.map((exporter) => container(exporter.node, nodeExporterContainer(plan, exporters, exporter))),
      ...exporters.processes.map((exporter) =>
        container(services.pgbouncer(exporter.number), processExporterContainer(plan, exporters, exporter)),
      ),
    ];
    this.registerOutputs({});
  }
}
