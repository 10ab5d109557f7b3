import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { paths } from "../src/plan/paths.ts";
import { poolerPort } from "../src/plan/pgbouncer-defaults.ts";
import type { ClusterPlan, ClusterSecrets, ExportersPlan } from "../src/plan/types.ts";
import type { FileSpec } from "../src/render/file-spec.ts";
import { ConfigVolume } from "./config-volume.ts";
import { configMount, containerArgs } from "./container-options.ts";

export interface ExportersArgs {
  readonly plan: ClusterPlan;
  readonly exporters: ExportersPlan;
  readonly files: readonly FileSpec[];
  readonly network: pulumi.Output<string>;
  readonly secrets: pulumi.Output<ClusterSecrets>;
  /** Images and roles: what an exporter needs to start. */
  readonly after: readonly pulumi.Resource[];
  /** Its exporter ends at once when it cannot reach the pooler. */
  readonly pooler: pulumi.Resource;
}

/** Collectors beside the default ones: what the dashboards and alerts of a replicated cluster need. */
const collectors = [
  "stat_wal_receiver",
  "stat_checkpointer",
  "long_running_transactions",
  "database_wraparound",
  "postmaster",
  "xlog_location",
];

/** postgres_exporter beside each node, pgbouncer_exporter beside the pooler. */
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
        reload: { server: "none" },
      },
      { parent: this, filesDependOn: [...args.after] },
    );
    this.containers = [
      ...exporters.nodes.map((exporter) => this.#nodeExporter(`${name}-${exporter.node}`, args, exporter, config)),
      this.#poolerExporter(`${name}-pooler`, args, config),
    ];
    this.registerOutputs({});
  }

  #nodeExporter(name: string, args: ExportersArgs, exporter: ExportersPlan["nodes"][number], config: ConfigVolume): docker.Container {
    return this.#container(name, args, config, {
      name: exporter.container,
      image: args.plan.images.postgresExporter.reference,
      command: ["/usr/bin/prometheus-postgres-exporter", ...collectors.map((collector) => `--collector.${collector}`)],
      environment: {
        DATA_SOURCE_URI: `${exporter.node}:5432/postgres?sslmode=disable`,
        DATA_SOURCE_USER: "monitoring",
        DATA_SOURCE_PASS_FILE: `${paths.config}/monitoring.password`,
      },
      aliases: [`${exporter.node}-exporter`],
      internal: 9187,
      external: exporter.hostPort,
      after: args.after,
    });
  }

  #poolerExporter(name: string, args: ExportersArgs, config: ConfigVolume): docker.Container {
    return this.#container(name, args, config, {
      name: args.exporters.pooler.container,
      image: args.plan.images.poolerExporter.reference,
      command: ["/usr/bin/prometheus-pgbouncer-exporter"],
      environment: {
        // Without a password: the driver takes it from the file.
        PGBOUNCER_EXPORTER_CONNECTION_STRING: `postgres://monitoring@pooler:${poolerPort}/pgbouncer?sslmode=disable`,
        PGPASSFILE: `${paths.config}/monitoring.pgpass`,
      },
      aliases: ["pooler-exporter"],
      internal: 9127,
      external: args.exporters.pooler.hostPort,
      after: [...args.after, args.pooler],
    });
  }

  #container(
    name: string,
    { plan, exporters, network }: ExportersArgs,
    config: ConfigVolume,
    own: {
      readonly name: string;
      readonly image: string;
      readonly command: readonly string[];
      readonly environment: Readonly<Record<string, string>>;
      readonly aliases: readonly string[];
      readonly internal: number;
      readonly external: number;
      readonly after: readonly pulumi.Resource[];
    },
  ): docker.Container {
    const { internal, external, after, ...spec } = own;
    return new docker.Container(
      name,
      containerArgs({
        ...spec,
        memoryMb: exporters.memoryMb,
        mounts: [configMount(config.volumeName)],
        network,
        port: { internal, external, address: plan.engine.bindAddress },
        stopSignal: "SIGTERM",
        stopSeconds: 10,
        nofile: 1024,
        probe: ["/bin/bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${internal}`],
      }),
      { parent: this, dependsOn: [config.files, ...after], replaceOnChanges: ["healthcheck", "tmpfs", "init"], deleteBeforeReplace: true },
    );
  }
}
