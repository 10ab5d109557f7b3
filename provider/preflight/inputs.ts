import { z } from "zod";

import { declaration } from "../leftovers/inputs.ts";

/** What a deployment needs from its engine and from existing data. */
export const inputs = z.object({
  host: z.string(),
  prefix: z.string(),
  leader: z.string(),
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
  /** Container → its port on the engine's host. Absent in the state of an older version. */
  published: z.record(z.string(), z.number()).optional(),
  /** Container → its address in the network. Absent in the state of an older version. */
  addresses: z.record(z.string(), z.string()).optional(),
  nodes: z.array(
    z.object({
      name: z.string(),
      role: z.enum(["leader", "replica"]),
      dataVolume: z.string(),
      /** A new value sets its data aside. */
      reclone: z.string().optional(),
    }),
  ),
  /** Absent in the state of an older version. */
  declared: declaration.optional(),
});

export type PreflightInputs = z.output<typeof inputs>;
