/**
 * Every name on the engine. All begin with `<project>-<stack>`, so stacks live side by side on one engine, and none tells
 * a node's role, so a switchover renames nothing. Docker allows 255 characters of [a-zA-Z0-9_.-]; a stack name has at
 * most 100 of them, so no name needs shortening.
 */

export function prefixOf(project: string, stack: string): string {
  return `${project}-${stack}`;
}

/** The cluster's name in the project's own program; names of its resources in Pulumi's state begin with it. */
export const clusterName = "cluster";

/** `pg1` for 1; also the node's slot, alias and cluster_name, hence letters and digits only. */
export function nodeName(number: number): string {
  return `pg${number}`;
}

/** The node that a container of a stack runs; undefined for a container that runs none. */
export function nodeOfContainer(prefix: string, container: string): string | undefined {
  const name = container.startsWith(`${prefix}-`) ? container.slice(prefix.length + 1) : "";
  return /^pg[1-9][0-9]*$/.test(name) ? name : undefined;
}

/** The number of the pooler's process with this name; undefined for another service. */
export function processNumber(service: string): number | undefined {
  const [, number] = /^pgbouncer-([1-9][0-9]*)$/.exec(service) ?? [];
  return number === undefined ? undefined : Number(number);
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
  /** A process that serves them, counted from 1 on. */
  pgbouncer: (number: number): string => `pgbouncer-${number}`,
  exporters: "exporters",
  processExporter: (number: number): string => `pgbouncer-${number}-exporter`,
  nodeExporter: (node: string): string => `${node}-exporter`,
  prometheus: "prometheus",
  alertmanager: "alertmanager",
  grafana: "grafana",
} as const;
