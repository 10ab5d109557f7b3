import { z } from "zod";

import { declaration } from "./declaration.ts";
import { ofStack } from "./parts.ts";

/** What a deployment needs from its engine and from existing data. */
export const preflightInputs = z.object({
  ...ofStack,
  /** The node that stack config wishes to lead. */
  leader: z.string().optional(),
  major: z.number(),
  locale: z.string(),
  network: z.object({ name: z.string(), subnet: z.string() }),
  bindAddress: z.string(),
  /** Memory limits of all containers together, in MB. */
  memoryMb: z.number(),
  /** Largest CPU limit of one container; 0 when there is none. */
  cpus: z.number(),
  containers: z.array(z.string()),
  ports: z.array(z.number()),
  /** Container → its port on the engine's host. */
  published: z.record(z.string(), z.number()),
  /** Container → its address in the network. */
  addresses: z.record(z.string(), z.string()),
  nodes: z.array(
    z.object({
      name: z.string(),
      dataVolume: z.string(),
      /** A new value sets its data aside. */
      reclone: z.string().optional(),
    }),
  ),
  declared: declaration,
});

export type PreflightInputs = z.output<typeof preflightInputs>;
