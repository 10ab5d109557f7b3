import type { Engine } from "../../src/engine/connect.ts";
import { restartContainer } from "../../src/engine/container.ts";
import type { Context } from "../kind.ts";
import type { PoolerAccess, ServiceNode } from "../../resources/parts.ts";
import type { KnownNode } from "./known-node.ts";
import { drain, putBack } from "../traffic/drain.ts";
import { pauseLeader, resumeLeader } from "../traffic/pause.ts";
import { trafficOn } from "../traffic/world.ts";
import type { Traffic } from "../traffic/world.ts";
import { readyWorld, waitUntilReady } from "./ready.ts";

/** How long a server may take to end cleanly, in seconds. */
const stopS = 120;

/** What restarts share. */
export interface Cluster {
  /** `<project>-<stack>` */
  readonly prefix: string;
  /** Password of the monitoring role. */
  readonly password: string;
  readonly patienceS: number;
  readonly pooler: PoolerAccess;
}

/** What a restart does to a cluster. Tests have one of their own. */
export interface RestartWorld {
  readonly traffic: Traffic;
  /** Ends the server cleanly and starts it. */
  readonly restart: (node: ServiceNode) => Promise<void>;
  /** Waits until a node serves; one that is down is started. @throws UserError when it does not get there */
  readonly ready: (node: ServiceNode) => Promise<void>;
}

/** The cluster on an engine. */
export function restartWorld(context: Context, engine: Engine, { pooler, ...cluster }: Cluster): RestartWorld {
  return {
    traffic: trafficOn(context, engine, pooler),
    restart: ({ container }) => restartContainer(engine, container, stopS),
    ready: async (node) => {
      const gate = { ...cluster, node };
      await waitUntilReady(context, readyWorld(engine, gate), gate);
    },
  };
}

/**
 * Restarts one server so that clients of the routes notice nothing but a wait: a replica while it is out of rotation, the leader
 * while the pooler is paused. A server that is down is started.
 *
 * @returns how long clients of the leader were held, in milliseconds; undefined when they were not
 */
export async function restartNode(world: RestartWorld, node: KnownNode): Promise<number | undefined> {
  const { traffic, restart, ready } = world;
  const { context } = traffic;
  const runs = await traffic.world.isRunning(node.container);
  if (node.role === "replica") {
    // What the leader's own restart changed has to be replayed before this one.
    if (runs) await ready(node);
    await drain(traffic, node);
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
