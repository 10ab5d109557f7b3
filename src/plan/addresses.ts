import { maxReplicas } from "../config/schema.ts";
import { formatAddress, parseSubnet } from "./subnet.ts";

/**
 * Fixed addresses of the containers. The engine would give free ones in the order of starting, so after a restart a replica
 * may have the leader's old address; a pooler that connected there meanwhile would keep that connection and send writes to it.
 *
 * The order leaves every container's address alone when replicas are added: network and gateway first, then the pooler and
 * then each node with its exporter. The pooler's processes with their exporters, and what runs once, come from the other end.
 */
const poolerOffset = 2;
const nodesOffset = 4;

/** The first of the pooler's processes, from the end: behind it are the broadcast address, what runs once, and the monitoring. */
const processesFromEnd = 6;

/** Addresses that a cluster takes from its subnet, the network's, the gateway's and the broadcast address included. */
export function addressesNeeded(nodes: number, processes: number): number {
  return nodesOffset + 2 * nodes + processesFromEnd + 2 * processes;
}

/** The engine would take one out of the range of the others. */
export function gatewayAddress(subnet: string): string {
  return at(subnet, 1);
}

/**
 * Where the engine finds addresses for containers that ask for none, such as an application's: the third quarter of the subnet.
 * The cluster's own lie before it, however many replicas there will be, and after it. Undefined for a subnet that is too small
 * for that: there the engine may give a container the address of the next replica.
 */
export function strangersRange(subnet: string): string | undefined {
  const { first, size } = parseSubnet(subnet);
  if (size / 2 < nodesOffset + 2 * (maxReplicas + 1) || size / 4 < processesFromEnd + 2 * maxReplicas) return undefined;
  return `${formatAddress(first + size / 2)}/${32 - Math.log2(size / 4)}`;
}

/** The last one of the subnet: a free one might be a node's that is just being restarted. */
export function oneShotAddress(subnet: string): string {
  return fromEnd(subnet, 1);
}

/**
 * Where one of the pooler's processes comes from when it connects to nodes.
 *
 * @param number - 1 for pgbouncer-1
 */
export function processAddress(subnet: string, number: number): string {
  return fromEnd(subnet, processesFromEnd + 2 * (number - 1));
}

/** @param number - 1 for that of pgbouncer-1 */
export function processExporterAddress(subnet: string, number: number): string {
  return fromEnd(subnet, processesFromEnd + 2 * (number - 1) + 1);
}

/** Where clients in the network reach the pooler. */
export function poolerAddress(subnet: string): string {
  return at(subnet, poolerOffset);
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
const monitoringFromEnd = { prometheus: 3, alertmanager: 4, grafana: 5 } as const;

export function monitoringAddress(subnet: string, service: keyof typeof monitoringFromEnd): string {
  return fromEnd(subnet, monitoringFromEnd[service]);
}

/** @param offset - 0 is the broadcast address */
function fromEnd(subnet: string, offset: number): string {
  const { first, size } = parseSubnet(subnet);
  return formatAddress(first + size - 1 - offset);
}

function at(subnet: string, offset: number): string {
  return formatAddress(parseSubnet(subnet).first + offset);
}
