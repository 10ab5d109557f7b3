import { z } from "zod";

import { connectEngine } from "../../src/engine/connect.ts";
import { endpoint, parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";
import { nodeInputs, poolerInputs } from "../service/access.ts";
import { poolerNow, publishedNow } from "../service/published.ts";
import { waitUntilReady } from "../service/ready.ts";
import { isOutOfRotation, putBack } from "../traffic/drain.ts";
import { resumeLeader } from "../traffic/pause.ts";
import { routesOn, trafficOn } from "../traffic/world.ts";

const inputs = z.object({
  host: z.string(),
  node: nodeInputs,
  /** The gate's trigger: a replaced container must be proven again, whatever its settings. */
  containerId: z.string(),
  /** The same as in `OutOfService`: a node that was taken out of service, but needed no new container, comes back too. */
  spec: z.string(),
  leader: endpoint,
  /** The leader's container. Absent in the state of an older version. */
  leaderContainer: z.string().optional(),
  /** Password of the monitoring role. */
  password: z.string(),
  /** How long a node may make no progress, in seconds. */
  patienceS: z.number(),
  pooler: poolerInputs,
});

/**
 * Gate: succeeds once a node plays its declared role. A node that was taken out of service is then back in it; one that an
 * interrupted change has left out is proven here too, before the pooler's files list it again.
 */
export const nodeReady: Kind = {
  needsWork: async (_context, _olds, news) => {
    const { node, pooler } = parseInputs(inputs, news);
    return node.role === "replica" && isOutOfRotation({ world: { routes: () => routesOn(pooler) }, pooler }, node);
  },

  apply: async (context, properties, olds) => {
    const { host, node, leader: declared, leaderContainer, password, patienceS, pooler } = parseInputs(inputs, properties);
    const engine = await connectEngine(host);
    const leader = leaderContainer === undefined ? declared : await publishedNow(engine, leaderContainer, declared);
    const began = performance.now();
    const { name, role, container, address } = node;
    await waitUntilReady(context, engine, { node: name, role, container, address, leader, password, patienceS });
    const readyAfterMs = Math.round(performance.now() - began);
    // A new node is listed by the pooler's files, which come after all gates.
    if (olds !== undefined) {
      const traffic = trafficOn(context, engine, await poolerNow(engine, pooler));
      // A leader too: routes that lead to the one before it need not wait for that one's clone.
      await putBack(traffic, node);
      if (role === "leader") await resumeLeader(traffic, node);
    }
    return { readyAfterMs };
  },
};
