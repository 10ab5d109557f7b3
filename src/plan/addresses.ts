import { formatAddress, parseSubnet } from "./subnet.ts";

/**
 * Fixed addresses of the containers. The engine would give free ones in the order of starting, so after a restart a replica
 * may have the leader's old address; a pooler that connected there meanwhile would keep that connection and send writes to it.
 *
 * The order leaves every container's address alone when replicas are added: network and gateway first, then the pooler and
 * its exporter, then each node with its exporter.
 */
const poolerOffset = 2;
const nodesOffset = 4;

/**
 * Addresses that a cluster takes from its subnet, the network's, the gateway's and the broadcast address included.
 *
 * @param isMonitored - whether Prometheus and what stands around it take theirs at the end
 */
export function addressesNeeded(nodes: number, isMonitored: boolean): number {
  return nodesOffset + 2 * nodes + (isMonitored ? 6 : 2);
}

/** The last one of the subnet: a free one might be a node's that is just being restarted. */
export function oneShotAddress(subnet: string): string {
  const { first, size } = parseSubnet(subnet);
  // The very last one is the broadcast address.
  return formatAddress(first + size - 2);
}

export function poolerAddress(subnet: string): string {
  return at(subnet, poolerOffset);
}

export function poolerExporterAddress(subnet: string): string {
  return at(subnet, poolerOffset + 1);
}

/** @param index - 0 for pg1 */
export function nodeAddress(subnet: string, index: number): string {
  return at(subnet, nodesOffset + 2 * index);
}

/** @param index - 0 for pg1 */
export function nodeExporterAddress(subnet: string, index: number): string {
  return at(subnet, nodesOffset + 2 * index + 1);
}

/** From the end, where no further replica comes. */
const monitoringFromEnd = { prometheus: 4, alertmanager: 5, grafana: 6 } as const;

export function monitoringAddress(subnet: string, service: keyof typeof monitoringFromEnd): string {
  const { first, size } = parseSubnet(subnet);
  return formatAddress(first + size - monitoringFromEnd[service]);
}

function at(subnet: string, offset: number): string {
  return formatAddress(parseSubnet(subnet).first + offset);
}
