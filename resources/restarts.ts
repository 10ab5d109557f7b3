import { z } from "zod";

import { ofStack, poolerAccess, serviceNode } from "./parts.ts";

/** Restarts servers whose settings need it, in order. */
export const restartsInputs = z.object({
  ...ofStack,
  /** Settings that take effect only at a restart, as declared: a preview shows them. */
  settings: z.record(z.string(), z.string()),
  nodes: z.array(serviceNode),
  password: z.string(),
  patienceS: z.number(),
  pooler: poolerAccess,
});

export type RestartsInputs = z.output<typeof restartsInputs>;
