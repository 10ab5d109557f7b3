import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { monitoringContainers } from "../src/plan/monitoring-containers.ts";
import { monitoringServices } from "../src/plan/monitoring.ts";
import type { MonitoringService as Service } from "../src/plan/monitoring.ts";
import type { ClusterPlan, ClusterSecrets, ImageKind, MonitoringPlan, MonitoringServicePlan } from "../src/plan/types.ts";
import type { MonitoringFiles } from "../src/render/monitoring-files.ts";
import { ConfigVolume } from "./config-volume.ts";
import { serviceContainer } from "./container.ts";
import { dataVolume } from "./data-volume.ts";
import { present } from "./present.ts";
import type { Reload } from "./provider-resources.ts";

export interface MonitoringArgs {
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
    const made = monitoringServices(args.monitoring).map(([service, planned]) => this.#service(service, planned, args));
    this.containers = made.map(({ container }) => container);
    this.files = made.map(({ files }) => files);
    this.registerOutputs({});
  }

  #service(
    name: Service,
    service: MonitoringServicePlan,
    { plan, files, network, secrets, images }: MonitoringArgs,
  ): { readonly container: docker.Container; readonly files: pulumi.Resource } {
    const after = present(images[name]);
    const config = new ConfigVolume(
      `${name}-config`,
      {
        host: plan.engine.host,
        volume: service.configVolume,
        image: plan.images[name].reference,
        files: files[name] ?? [],
        secrets,
        reload: reloadOf(name, service),
      },
      { parent: this, filesDependOn: after },
    );
    // Metrics of weeks are not lost when a stack is destroyed and created again.
    const data =
      service.dataVolume === undefined ? {} : { [service.dataVolume]: dataVolume(`${name}-data`, service.dataVolume, this).name };
    const planned = monitoringContainers(plan).find((container) => container.service === name);
    if (planned === undefined) throw new Error(`no container of ${name}`);
    const container = serviceContainer(
      name,
      { plan, container: planned, volumes: { [service.configVolume]: config.volumeName, ...data } },
      { parent: this, dependsOn: [network, config.files, ...after] },
    );
    return { container, files: config.files };
  }
}

/** Grafana reloads its dashboards by itself; it reads everything else only at start. */
function reloadOf(name: Service, { container, published, hostPort }: MonitoringServicePlan): Reload {
  if (name === "grafana") return { server: "exporters", containers: [container] };
  return { server: name, container, address: { host: published.host, port: hostPort }, signals: "inside" };
}
