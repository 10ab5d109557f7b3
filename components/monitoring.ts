import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { monitoringContainers } from "../src/plan/monitoring-containers.ts";
import { monitoringServices } from "../src/plan/monitoring.ts";
import type { MonitoringService as Service } from "../src/plan/monitoring.ts";
import type { ClusterPlan, ClusterSecrets, ImageKind, MonitoringPlan, MonitoringServicePlan } from "../src/plan/types.ts";
import type { MonitoringFiles } from "../src/render/monitoring-files.ts";
import { configFiles } from "./config-files.ts";
import { serviceContainer } from "./container.ts";
import { dataVolume } from "./data-volume.ts";
import { present } from "./present.ts";
import type { ConfigFilesInputs } from "../resources/config-files.ts";

export interface MonitoringArgs {
  /** Names of the cluster's resources. */
  readonly nameOf: (part: string) => string;
  readonly plan: ClusterPlan;
  readonly monitoring: MonitoringPlan;
  readonly files: MonitoringFiles;
  readonly network: pulumi.Resource;
  readonly secrets: pulumi.Output<ClusterSecrets>;
  readonly images: Readonly<Partial<Record<ImageKind, pulumi.Resource>>>;
}

/** Prometheus, Alertmanager and Grafana, each with its files. They wait for nothing of the cluster. */
export class Monitoring extends pulumi.ComponentResource {
  readonly containers: readonly docker.Container[];
  readonly files: readonly pulumi.Resource[];

  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pgstack:docker:Monitoring", name, {}, opts);
    const made = monitoringServices(args.monitoring).map(([service, planned]) =>
      this.#service(args.nameOf(service), service, planned, args),
    );
    this.containers = made.map(({ container }) => container);
    this.files = made.map(({ files }) => files);
    this.registerOutputs({});
  }

  #service(
    name: string,
    kind: Service,
    service: MonitoringServicePlan,
    { plan, files, network, secrets, images }: MonitoringArgs,
  ): { readonly container: docker.Container; readonly files: pulumi.Resource } {
    const after = present(images[kind]);
    const config = configFiles(
      `${name}-config`,
      {
        host: plan.engine.host,
        volume: service.configVolume,
        image: plan.images[kind].reference,
        files: files[kind] ?? [],
        secrets,
        reload: reloadOf(kind, service),
      },
      { parent: this, dependsOn: after },
    );
    // Metrics of weeks are not lost when a stack is destroyed and created again.
    const data =
      service.dataVolume === undefined ? {} : { [service.dataVolume]: dataVolume(`${name}-data`, service.dataVolume, this).name };
    const planned = monitoringContainers(plan).find((container) => container.service === kind);
    if (planned === undefined) throw new Error(`no container of ${kind}`);
    const container = serviceContainer(
      name,
      { plan, container: planned, volumes: data },
      { parent: this, dependsOn: [network, config, ...after] },
    );
    return { container, files: config };
  }
}

/** Grafana reloads its dashboards by itself; it reads everything else only at start. */
function reloadOf(name: Service, { container, published, hostPort }: MonitoringServicePlan): ConfigFilesInputs["reload"] {
  if (name === "grafana") return { server: "exporters", containers: [container] };
  return { server: name, container, address: { host: published.host, port: hostPort } };
}
