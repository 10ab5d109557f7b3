import { createHash } from "node:crypto";

import type * as pulumi from "@pulumi/pulumi";

import { nodeAddress } from "../src/plan/addresses.ts";
import type { ContainerPlan } from "../src/plan/container.ts";
import { hardening } from "../src/plan/container.ts";
import { routesOf } from "../src/plan/pooler.ts";
import type { ClusterPlan, NodePlan } from "../src/plan/types.ts";
import type { PoolerAccess, ServiceNode } from "./provider-resources.ts";

/** How long a node may make no progress before its gate gives up, in seconds. */
export const patienceS = 120;

export function serviceNode({ engine, network, nodes }: ClusterPlan, node: NodePlan): ServiceNode {
  return {
    name: node.name,
    role: node.role,
    container: node.container,
    networkAddress: nodeAddress(network.subnet, nodes.indexOf(node)),
    address: { host: engine.accessHost, port: node.hostPort },
  };
}

export function poolerAccess(plan: ClusterPlan, password: pulumi.Input<string>): PoolerAccess {
  const { engine, pooler, images } = plan;
  return {
    container: pooler.container,
    listener: pooler.listener,
    configVolume: pooler.configVolume,
    image: images.pooler.reference,
    address: { host: engine.accessHost, port: pooler.hostPort },
    password,
    drainTimeoutS: pooler.drainTimeoutS,
    routes: Object.fromEntries(
      routesOf(plan).map(({ name, hosts, poolSize, parameters }) => [
        name,
        { hosts, poolSize, maxDbConnections: Number(parameters["max_db_connections"]) },
      ]),
    ),
  };
}

/** Changes with everything for which the engine replaces a container; a memory limit is changed while it runs. */
export function specOf(plan: ClusterPlan, container: ContainerPlan): string {
  const { memoryMb: _memoryMb, ...replacing } = container;
  const parts = [plan.images[container.image].reference, replacing, hardening];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
