import { z } from "zod";

import { onEngine } from "./parts.ts";

/** The cluster's network; fixed when it is created. */
export const networkInputs = z.object({
  ...onEngine,
  name: z.string(),
  subnet: z.string(),
  gateway: z.string(),
  /** Where the engine finds addresses for containers without one; absent: anywhere. */
  strangers: z.string().optional(),
});
