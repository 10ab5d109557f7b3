/**
 * Every name on the engine. All begin with `<project>-<stack>`, so stacks live side by side on one engine, and none tells
 * a node's role, so a switchover renames nothing. Docker allows 255 characters of [a-zA-Z0-9_.-]; a stack name has at
 * most 100 of them, so no name needs shortening.
 */

export function prefixOf(project: string, stack: string): string {
  return `${project}-${stack}`;
}

/** `pg1` for 1; also the node's slot, alias and cluster_name, hence letters and digits only. */
export function nodeName(number: number): string {
  return `pg${number}`;
}

export const containerName = (prefix: string, service: string): string => `${prefix}-${service}`;

/** Data volumes keep this name forever: renaming one would start an empty database and leave the old data unused. */
export const dataVolumeName = (prefix: string, node: string): string => `${prefix}-${node}-data`;

export const configVolumeName = (prefix: string, service: string): string => `${prefix}-${service}-config`;

/** A volume in memory through which containers share a socket. */
export const socketVolumeName = (prefix: string, service: string): string => `${prefix}-${service}-socket`;

export const networkName = (prefix: string): string => prefix;

/** Services in addition to the nodes. */
export const services = {
  /** Where clients come to. */
  pooler: "pooler",
  /** The process that serves them. */
  pgbouncer: "pgbouncer",
  exporters: "exporters",
  poolerExporter: "pooler-exporter",
  nodeExporter: (node: string): string => `${node}-exporter`,
  prometheus: "prometheus",
  alertmanager: "alertmanager",
  grafana: "grafana",
} as const;
