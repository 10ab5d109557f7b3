import type { ClusterConfig } from "../config/schema.ts";
import { nodeNames } from "./members.ts";

/** A port that a container publishes on the engine's host. */
export interface PublishedPort {
  readonly port: number;
  /** Who gets it, for messages. */
  readonly what: string;
  /** Key of the stack file that decides it. */
  readonly key: string;
}

/** Every port that a stack publishes, in a fixed order. */
export function publishedPorts(config: Pick<ClusterConfig, "replicas" | "ports" | "exporters" | "monitoring">): readonly PublishedPort[] {
  const { ports, exporters, monitoring } = config;
  const nodes = nodeNames(config);
  return [
    ...nodes.map((node, index) => ({ port: ports.postgres + index, what: node, key: "ports.postgres" })),
    { port: ports.pooler, what: "the pooler", key: "ports.pooler" },
    ...(exporters
      ? [
          ...nodes.map((node, index) => ({
            port: ports.postgresExporter + index,
            what: `the exporter of ${node}`,
            key: "ports.postgresExporter",
          })),
          { port: ports.poolerExporter, what: "the pooler's exporter", key: "ports.poolerExporter" },
        ]
      : []),
    ...(monitoring.prometheus
      ? [
          { port: ports.prometheus, what: "Prometheus", key: "ports.prometheus" },
          ...(monitoring.alertmanager === undefined ? [] : [{ port: ports.alertmanager, what: "Alertmanager", key: "ports.alertmanager" }]),
          ...(monitoring.grafana === undefined ? [] : [{ port: ports.grafana, what: "Grafana", key: "ports.grafana" }]),
        ]
      : []),
  ];
}
