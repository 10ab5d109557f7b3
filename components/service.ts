import { createHash } from "node:crypto";

import type * as pulumi from "@pulumi/pulumi";

import { nodeAddress } from "../src/plan/addresses.ts";
import type { ContainerPlan } from "../src/plan/container.ts";
import { hardening } from "../src/plan/container.ts";
import { nodeOutside, processOutside } from "../src/plan/endpoints.ts";
import type { ClusterPlan, NodePlan, PoolerProcessPlan } from "../src/plan/types.ts";
import type { PoolerAccess, PoolerProcess, ServiceNode } from "../resources/parts.ts";
import type { Inputs } from "./provider-resources.ts";

/** How long a node may make no progress before its gate gives up, in seconds. */
export const patienceS = 120;

export function serviceNode(plan: ClusterPlan, node: NodePlan): ServiceNode {
  return {
    name: node.name,
    container: node.container,
    networkAddress: nodeAddress(plan.network.subnet, plan.nodes.indexOf(node)),
    address: nodeOutside(plan, node),
  };
}

export function poolerAccess(plan: ClusterPlan, password: pulumi.Input<string>): Inputs<PoolerAccess> {
  const { pooler, images } = plan;
  return {
    listener: pooler.listener,
    processes: pooler.processes.map((process) => processAccess(plan, process)),
    configVolume: pooler.configVolume,
    image: images.pooler.reference,
    password,
    drainTimeoutS: pooler.drainTimeoutS,
  };
}

export function processAccess(plan: ClusterPlan, process: PoolerProcessPlan): PoolerProcess {
  return { number: process.number, container: process.container, address: processOutside(plan, process) };
}

/** Changes with everything for which the engine replaces a container; a memory limit is changed while it runs. */
export function specOf(plan: ClusterPlan, container: ContainerPlan): string {
  const { memoryMb: _memoryMb, ...replacing } = container;
  const parts = [plan.images[container.image].reference, replacing, hardening];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
