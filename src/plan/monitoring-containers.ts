import { monitoringAddress } from "./addresses.ts";
import type { ContainerPlan } from "./container.ts";
import { configMount, tcpProbe, temporary, usualShmMb } from "./container.ts";
import { grafanaEnvironment, grafanaPaths } from "./grafana.ts";
import { services } from "./names.ts";
import { containerUser, paths } from "../layout.ts";
import type { ClusterPlan, KeepingServicePlan, MonitoringPlan, MonitoringServicePlan } from "./types.ts";

/** Ports inside the containers. */
export const monitoringPorts = { prometheus: 9090, alertmanager: 9093, grafana: 3000 } as const;

/** Prometheus, Alertmanager and Grafana; none when the stack runs no Prometheus. */
export function monitoringContainers(plan: ClusterPlan): readonly ContainerPlan[] {
  const { monitoring } = plan;
  if (monitoring === undefined) return [];
  const { alertmanager, grafana } = monitoring;
  return [
    prometheusContainer(plan, monitoring),
    ...(alertmanager === undefined ? [] : [alertmanagerContainer(plan, alertmanager)]),
    ...(grafana === undefined ? [] : [grafanaContainer(plan, grafana)]),
  ];
}

export function prometheusContainer(plan: ClusterPlan, { prometheus }: MonitoringPlan): ContainerPlan {
  return {
    ...common(plan, "prometheus", { service: prometheus, data: { volume: prometheus.dataVolume, target: "/prometheus" } }),
    image: "prometheus",
    command: [
      "prometheus",
      `--config.file=${paths.config}/prometheus.yml`,
      "--storage.tsdb.path=/prometheus",
      `--storage.tsdb.retention.time=${prometheus.retentionS}s`,
      `--storage.tsdb.retention.size=${prometheus.retentionMb}MB`,
      `--web.listen-address=0.0.0.0:${monitoringPorts.prometheus}`,
    ],
    // Go frees memory before the container's limit ends the process.
    environment: { GOMEMLIMIT: `${Math.floor(prometheus.memoryMb * 0.8)}MiB` },
    // It writes what it has in memory to disk first.
    stopSeconds: 60,
  };
}

export function alertmanagerContainer(plan: ClusterPlan, service: KeepingServicePlan): ContainerPlan {
  return {
    ...common(plan, "alertmanager", { service, data: { volume: service.dataVolume, target: "/alertmanager" } }),
    image: "alertmanager",
    command: [
      "prometheus-alertmanager",
      `--config.file=${paths.config}/alertmanager.yml`,
      "--storage.path=/alertmanager",
      // A single instance: it has no cluster peers.
      "--cluster.listen-address=",
      `--web.listen-address=0.0.0.0:${monitoringPorts.alertmanager}`,
    ],
    environment: { GOMEMLIMIT: `${Math.floor(service.memoryMb * 0.8)}MiB` },
    stopSeconds: 10,
  };
}

export function grafanaContainer(plan: ClusterPlan, service: MonitoringServicePlan): ContainerPlan {
  return {
    ...common(plan, "grafana", { service }),
    // Everything in it is provisioned: nothing is lost with it, and the declared password always holds.
    tmpfs: { ...temporary, [grafanaPaths.data]: `rw,noexec,nosuid,size=256m,uid=${containerUser.uid},gid=${containerUser.gid},mode=0700` },
    image: "grafana",
    // The image's own.
    command: [],
    environment: grafanaEnvironment,
    stopSeconds: 30,
  };
}

interface Place {
  readonly service: MonitoringServicePlan;
  readonly data?: { readonly volume: string; readonly target: string };
}

function common(
  { network }: ClusterPlan,
  name: keyof typeof monitoringPorts,
  { service, data }: Place,
): Omit<ContainerPlan, "image" | "command" | "environment" | "stopSeconds"> {
  const internal = monitoringPorts[name];
  return {
    service: services[name],
    name: service.container,
    address: monitoringAddress(network.subnet, name),
    memoryMb: service.memoryMb,
    shmMb: usualShmMb,
    cpus: undefined,
    mounts: [...(data === undefined ? [] : [{ ...data, readOnly: false }]), configMount(service.configVolume)],
    tmpfs: temporary,
    port: { internal, external: service.hostPort, address: service.published.address },
    stopSignal: "SIGTERM",
    nofile: 16_384,
    probe: tcpProbe(internal),
  };
}
