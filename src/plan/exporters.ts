import type { ClusterConfig } from "../config/schema.ts";
import { nodeNames } from "./members.ts";
import { configVolumeName, containerName, services } from "./names.ts";
import type { ExportersPlan } from "./types.ts";

/** Memory limit of an exporter's container, in MB. Measured use: about 20. */
export const exporterMemoryMb = 64;

/** One postgres_exporter per node and one pgbouncer_exporter; they share a volume with the `monitoring` password. */
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
    pooler: { container: containerName(prefix, services.poolerExporter), hostPort: config.ports.poolerExporter },
  };
}
