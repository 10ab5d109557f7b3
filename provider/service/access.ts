import { z } from "zod";

import { endpoint } from "../inputs.ts";

/** What taking a node out of service needs to know of the pooler. */
export const poolerInputs = z.object({
  container: z.string(),
  /** The container that publishes its port. Absent in the state of an older version. */
  listener: z.string().optional(),
  configVolume: z.string(),
  /** Any image on the engine: the container that carries files is never started. */
  image: z.string(),
  address: endpoint,
  /** Password of the `pgbouncer` admin. */
  password: z.string(),
  /** How long transactions may take to end, in seconds. */
  drainTimeoutS: z.number(),
  /** Routes as declared, by name. */
  routes: z.record(z.string(), z.object({ hosts: z.array(z.string()), poolSize: z.number(), maxDbConnections: z.number() })),
});

export type Pooler = z.output<typeof poolerInputs>;

/** A node as the services below see it. */
export const nodeInputs = z.object({
  name: z.string(),
  role: z.enum(["leader", "replica"]),
  container: z.string(),
  /** Its fixed address in the cluster's network: how the pooler's own lists name it. */
  networkAddress: z.string(),
  address: endpoint,
});

export type ServiceNode = z.output<typeof nodeInputs>;
