import { configVolumeName, containerName, dataVolumeName, networkName, services } from "./names.ts";
import { keepingNames, monitoringNames } from "./monitoring.ts";
import { poolerNames } from "./pooler.ts";
import type { ClusterPlan, ExportersPlan, MonitoringPlan } from "./types.ts";

/**
 * The plan of the same cluster as a bundle: other names for all that lives on the engine, so that the two never share a
 * volume, a container or a network. Ports and subnet stay: both running at once fails loudly.
 */
export function bundlePlan(plan: ClusterPlan): ClusterPlan {
  const prefix = `${plan.prefix}-bundle`;
  const { nodes, pooler, exporters, monitoring } = plan;
  return {
    ...plan,
    prefix,
    network: { ...plan.network, name: networkName(prefix) },
    nodes: nodes.map((node) => ({
      ...node,
      container: containerName(prefix, node.name),
      dataVolume: dataVolumeName(prefix, node.name),
      configVolume: configVolumeName(prefix, node.name),
    })),
    pooler: {
      ...pooler,
      ...poolerNames(prefix),
      processes: pooler.processes.map((process) => ({ ...process, container: containerName(prefix, services.pgbouncer(process.number)) })),
    },
    exporters: exporters === undefined ? undefined : bundleExporters(exporters, prefix),
    monitoring: monitoring === undefined ? undefined : bundleMonitoring(monitoring, prefix),
  };
}

function bundleExporters(exporters: ExportersPlan, prefix: string): ExportersPlan {
  return {
    ...exporters,
    configVolume: configVolumeName(prefix, services.exporters),
    nodes: exporters.nodes.map((exporter) => ({ ...exporter, container: containerName(prefix, services.nodeExporter(exporter.node)) })),
    processes: exporters.processes.map((exporter) => ({
      ...exporter,
      container: containerName(prefix, services.processExporter(exporter.number)),
    })),
  };
}

function bundleMonitoring(plan: MonitoringPlan, prefix: string): MonitoringPlan {
  const { prometheus, alertmanager, grafana } = plan;
  return {
    ...plan,
    prometheus: { ...prometheus, ...keepingNames("prometheus", prefix) },
    alertmanager: alertmanager && { ...alertmanager, ...keepingNames("alertmanager", prefix) },
    grafana: grafana && { ...grafana, ...monitoringNames("grafana", prefix) },
  };
}
