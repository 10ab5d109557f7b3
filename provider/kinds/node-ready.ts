import { nodeReadyInputs } from "../../resources/node-ready.ts";
import { connectEngine } from "../../src/engine/connect.ts";
import { parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";
import { isLost } from "../../src/topology/topology.ts";
import { topologySeen } from "../topology.ts";
import { poolerNow } from "../service/published.ts";
import { readyWorld, waitUntilReady } from "../service/ready.ts";
import { isOutOfRotation, putBack } from "../traffic/drain.ts";
import { resumeLeader } from "../traffic/pause.ts";
import { routesOn } from "../traffic/serving.ts";
import { trafficOn } from "../traffic/world.ts";

/**
 * Gate: succeeds once a node serves, as the leader or as a replica of the node that leads. A node that was taken out of service
 * is then back in it; one that an interrupted change has left out is proven here too, before the pooler's routes list it again.
 */
export const nodeReady: Kind = {
  needsWork: async (_context, _olds, news) => {
    const { host, prefix, node, pooler } = parseInputs(nodeReadyInputs, news);
    const seen = topologySeen(prefix);
    if (seen !== undefined && isLost(seen, node.name)) return true;
    return isOutOfRotation({ processes: async () => routesOn(await connectEngine(host), pooler) }, node);
  },

  apply: async (context, properties, olds) => {
    const { host, pooler, ...gate } = parseInputs(nodeReadyInputs, properties);
    const engine = await connectEngine(host);
    const began = performance.now();
    const role = await waitUntilReady(context, readyWorld(engine, gate), gate);
    const readyAfterMs = Math.round(performance.now() - began);
    // A new node is listed by the pooler's routes, which come after all gates.
    if (olds !== undefined) {
      const traffic = trafficOn(context, engine, await poolerNow(engine, pooler));
      // A leader too: routes that lead to the one before it need not wait for that one's clone.
      await putBack(traffic, { ...gate.node, role });
      if (role === "leader") await resumeLeader(traffic, gate.node);
    }
    return { readyAfterMs };
  },
};
