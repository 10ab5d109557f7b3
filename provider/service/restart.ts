import type { Engine } from "../../src/engine/connect.ts";
import { restartContainer } from "../../src/engine/container.ts";
import type { Context } from "../kind.ts";
import type { Pooler, ServiceNode } from "./access.ts";
import { drain, putBack } from "../traffic/drain.ts";
import { pauseLeader, resumeLeader } from "../traffic/pause.ts";
import { trafficOn } from "../traffic/world.ts";
import type { Traffic } from "../traffic/world.ts";
import type { Arrival } from "./ready.ts";
import { waitUntilReady } from "./ready.ts";

/** How long a server may take to end cleanly, in seconds. */
const stopS = 120;

/** What restarts share. */
export interface Cluster {
  readonly leader: ServiceNode;
  /** Password of the monitoring role. */
  readonly password: string;
  readonly patienceS: number;
  readonly pooler: Pooler;
}

/** What a restart does to a cluster. Tests have one of their own. */
export interface RestartWorld {
  readonly traffic: Traffic;
  /** Ends the server cleanly and starts it. */
  readonly restart: (node: ServiceNode) => Promise<void>;
  /** Waits until a node plays its role; one that is down is started. @throws UserError when it does not get there */
  readonly ready: (node: ServiceNode) => Promise<void>;
}

/** The cluster on an engine. */
export function restartWorld(context: Context, engine: Engine, cluster: Cluster): RestartWorld {
  return {
    traffic: trafficOn(context, engine, cluster.pooler),
    restart: ({ container }) => restartContainer(engine, container, stopS),
    ready: (node) => waitUntilReady(context, engine, arrivalOf(cluster, node)),
  };
}

/**
 * Restarts one server so that clients of the routes notice nothing but a wait: a replica while it is out of rotation, the leader
 * while the pooler is paused. A server that is down is started.
 *
 * @param leader - the leader's name
 * @returns how long clients of the leader were held, in milliseconds; undefined when they were not
 */
export async function restartNode(world: RestartWorld, node: ServiceNode, leader: string): Promise<number | undefined> {
  const { traffic, restart, ready } = world;
  const { context } = traffic;
  const runs = await traffic.world.isRunning(node.container);
  if (node.role === "replica") {
    // What the leader's own restart changed has to be replayed before this one.
    if (runs) await ready(node);
    await drain(traffic, node, leader);
    if (runs) await traffic.world.sql(node.container, "checkpoint;", context.signal);
    context.status(`restarting ${node.name}`);
    if (runs) await restart(node);
    await ready(node);
    await putBack(traffic, node);
    return undefined;
  }
  const held = runs ? await pauseLeader(traffic, node) : [];
  const began = performance.now();
  try {
    context.status(`restarting ${node.name}`);
    if (runs) await restart(node);
    await ready(node);
  } finally {
    await resumeLeader(traffic, node);
  }
  return held.length === 0 ? undefined : performance.now() - began;
}

function arrivalOf({ leader, password, patienceS }: Cluster, { name, role, container, address }: ServiceNode): Arrival {
  return { node: name, role, container, address, leader: leader.address, password, patienceS };
}
