import type { Server } from "../postgres/endpoint.ts";
import { services } from "./names.ts";
import { poolerPort } from "./pgbouncer-defaults.ts";
import type { ClusterPlan, NodePlan, PoolerProcessPlan } from "./types.ts";

type Reached = { readonly engine: Pick<ClusterPlan["engine"], "accessHost"> };

/** Port of every server inside its container. */
export const nodePort = 5432;

/** A node inside the cluster's network. */
export function nodeInside({ name }: { readonly name: string }): Server {
  return { host: name, port: nodePort };
}

/** A node from outside, without the pooler. */
export function nodeOutside({ engine }: Reached, { hostPort }: Pick<NodePlan, "hostPort">): Server {
  return { host: engine.accessHost, port: hostPort };
}

/** One process of the pooler inside the cluster's network. */
export function processInside(number: number): Server {
  return { host: services.pgbouncer(number), port: poolerPort };
}

/** One process of the pooler from outside, for its console. */
export function processOutside({ engine }: Reached, { hostPort }: Pick<PoolerProcessPlan, "hostPort">): Server {
  return { host: engine.accessHost, port: hostPort };
}

/** The pooler from outside. */
export function poolerOutside({ engine, pooler }: Reached & { readonly pooler: Pick<ClusterPlan["pooler"], "hostPort"> }): Server {
  return { host: engine.accessHost, port: pooler.hostPort };
}
