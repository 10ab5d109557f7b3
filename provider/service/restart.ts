import type { Engine } from "../../src/engine/connect.ts";
import { containerState, restartContainer } from "../../src/engine/container.ts";
import { runSql } from "../../src/engine/psql.ts";
import type { Context } from "../kind.ts";
import type { Pooler, ServiceNode } from "./access.ts";
import { drain, putBack } from "../traffic/drain.ts";
import { pauseLeader, resumeLeader } from "../traffic/pause.ts";
import { trafficOn } from "../traffic/world.ts";
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

/**
 * Restarts one server so that clients of the routes notice nothing but a wait: a replica outside of rotation, the leader while
 * they are held. One that is down already is started.
 *
 * @returns how long clients of the leader were held, in milliseconds; undefined when they were not
 */
export async function restartNode(context: Context, engine: Engine, cluster: Cluster, node: ServiceNode): Promise<number | undefined> {
  const { leader } = cluster;
  const traffic = trafficOn(context, engine, cluster.pooler);
  const runs = (await containerState(engine, node.container))?.running === true;
  const ready = (): Promise<void> => waitUntilReady(context, engine, arrivalOf(cluster, node));
  if (node.role === "replica") {
    // What the leader's own restart changed has to be replayed before this one.
    if (runs) await ready();
    await drain(traffic, node, leader.name);
    if (runs) await runSql(engine, node.container, "checkpoint;", "postgres", context.signal);
    context.status(`restarting ${node.name}`);
    if (runs) await restartContainer(engine, node.container, stopS);
    await ready();
    await putBack(traffic, node);
    return undefined;
  }
  const held = runs ? await pauseLeader(traffic, node) : [];
  const began = performance.now();
  try {
    context.status(`restarting ${node.name}`);
    if (runs) await restartContainer(engine, node.container, stopS);
    await ready();
  } finally {
    await resumeLeader(traffic, node);
  }
  return held.length === 0 ? undefined : performance.now() - began;
}

export function arrivalOf({ leader, password, patienceS }: Cluster, { name, role, container, address }: ServiceNode): Arrival {
  return { node: name, role, container, address, leader: leader.address, password, patienceS };
}
