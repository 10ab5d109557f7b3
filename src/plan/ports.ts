import type { ClusterConfig } from "../config/schema.ts";
import { nodeNames, processNumbers } from "./members.ts";
import { services } from "./names.ts";

/** A port that a container publishes on the engine's host. */
export interface PublishedPort {
  readonly port: number;
  /** Who gets it, for messages. */
  readonly what: string;
  /** Key of the stack file that decides it. */
  readonly key: string;
}

/** Every port that a stack publishes, in a fixed order. */
export function publishedPorts(
  config: Pick<ClusterConfig, "replicas" | "pooler" | "ports" | "exporters" | "monitoring">,
): readonly PublishedPort[] {
  const { ports, exporters, monitoring } = config;
  const nodes = nodeNames(config);
  const processes = processNumbers(config);
  return [
    ...nodes.map((node, index) => ({ port: ports.postgres + index, what: node, key: "ports.postgres" })),
    { port: ports.pooler, what: "the pooler", key: "ports.pooler" },
    ...processes.map((number, index) => ({
      port: ports.poolerConsole + index,
      what: `the console of ${services.pgbouncer(number)}`,
      key: "ports.poolerConsole",
    })),
    ...(exporters
      ? [
          ...nodes.map((node, index) => ({
            port: ports.postgresExporter + index,
            what: `the exporter of ${node}`,
            key: "ports.postgresExporter",
          })),
          ...processes.map((number, index) => ({
            port: ports.poolerExporter + index,
            what: `the exporter of ${services.pgbouncer(number)}`,
            key: "ports.poolerExporter",
          })),
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
