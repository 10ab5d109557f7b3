import { z } from "zod";

import { ofStack, poolerAccess, serviceNode } from "./parts.ts";

/** Gate: a node serves, as the leader or as a replica of it. */
export const nodeReadyInputs = z.object({
  ...ofStack,
  node: serviceNode,
  /** The gate's trigger: a replaced container must be proven again, whatever its settings. */
  containerId: z.string(),
  /** The same as in `OutOfService`: a node that was taken out of service, but needed no new container, comes back too. */
  spec: z.string(),
  /** Password of the monitoring role. */
  password: z.string(),
  /** How long a node may make no progress, in seconds. */
  patienceS: z.number(),
  pooler: poolerAccess,
});
