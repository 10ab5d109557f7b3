import { z } from "zod";

import { connectEngine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";
import { nodeInputs, poolerInputs } from "../service/access.ts";
import { poolerNow } from "../service/published.ts";
import { drain } from "../traffic/drain.ts";
import { pauseLeader } from "../traffic/pause.ts";
import { trafficOn } from "../traffic/world.ts";

const inputs = z.object({
  host: z.string(),
  node: nodeInputs,
  /** What the container is made from: when it changes, the container is about to be replaced. */
  spec: z.string(),
  /** The leader's name. */
  leader: z.string(),
  pooler: poolerInputs,
});

/**
 * Before a node's container is replaced: a replica leaves rotation and its reads end; clients of the leader wait. The node's
 * gate undoes it. A container that does not run has no clients, so nothing is done for it.
 */
export const outOfService: Kind = {
  apply: async (context, properties, olds) => {
    const { host, node, spec, leader, pooler: declared } = parseInputs(inputs, properties);
    if (olds === undefined || olds["spec"] === spec) return {};
    const engine = await connectEngine(host);
    if (!(await isRunning(engine, node.container))) return {};
    const traffic = trafficOn(context, engine, await poolerNow(engine, declared));
    if (node.role === "leader") await pauseLeader(traffic, node);
    else await drain(traffic, node, leader);
    return {};
  },
};
