import type { ClusterConfig } from "../config/schema.ts";
import { nodeNames, processNumbers } from "./members.ts";
import { configVolumeName, containerName, services } from "./names.ts";
import type { ExportersPlan } from "./types.ts";

/** Memory limit of an exporter's container, in MB. Measured use: about 20. */
export const exporterMemoryMb = 64;

/** One postgres_exporter per node, one pgbouncer_exporter per process; they share a volume with the `monitoring` password. */
export function planExporters(config: ClusterConfig, prefix: string): ExportersPlan {
  const nodes = nodeNames(config).map((node, index) => ({
    node,
    container: containerName(prefix, services.nodeExporter(node)),
    hostPort: config.ports.postgresExporter + index,
  }));
  return {
    configVolume: configVolumeName(prefix, services.exporters),
    memoryMb: exporterMemoryMb,
    nodes,
    processes: processNumbers(config).map((number, index) => ({
      number,
      container: containerName(prefix, services.processExporter(number)),
      hostPort: config.ports.poolerExporter + index,
    })),
  };
}
