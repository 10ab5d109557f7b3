import { z } from "zod";

import { routeSpec } from "../src/pgbouncer/routes.ts";
import { ofStack, poolerAccess } from "./parts.ts";

/** Where the pooler's routes lead: the file, and a running pooler that is proven to serve it. */
export const routesInputs = z.object({
  ...ofStack,
  pooler: poolerAccess,
  /** When a server connection goes back to the pool. */
  mode: z.enum(["transaction", "session", "statement"]),
  /** The node that leads a new cluster. */
  firstNode: z.string(),
  /** All nodes, in the order in which routes list them. */
  nodes: z.array(z.string()),
  routes: z.array(routeSpec),
});

export type RoutesInputs = z.output<typeof routesInputs>;
