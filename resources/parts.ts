import { z } from "zod";

/** What the inputs of several kinds have in common. */

/** Of every kind that touches an engine. */
export const onEngine = { host: z.string() };

/** Of kinds that ask the stack's nodes who leads. */
export const ofStack = {
  ...onEngine,
  /** `<project>-<stack>`: the names of its containers begin with it. */
  prefix: z.string(),
};

/** A server as it is reached. */
export const endpoint = z.object({ host: z.string(), port: z.number() });

/** A process of the pooler. */
export const poolerProcess = z.object({
  /** From 1 on. */
  number: z.number(),
  container: z.string(),
  /** Where its console is reached: no other process answers there. */
  address: endpoint,
});

export type PoolerProcess = z.output<typeof poolerProcess>;

/** What taking a node out of service needs to know of the pooler. */
export const poolerAccess = z.object({
  /** The container that publishes its port. */
  listener: z.string(),
  processes: z.array(poolerProcess),
  configVolume: z.string(),
  /** Any image on the engine: the container that carries files is never started. */
  image: z.string(),
  /** Password of the `pgbouncer` admin. */
  password: z.string(),
  /** How long transactions may take to end, in seconds. */
  drainTimeoutS: z.number(),
});

export type PoolerAccess = z.output<typeof poolerAccess>;

/** A node as the kinds that touch servers see it. */
export const serviceNode = z.object({
  name: z.string(),
  container: z.string(),
  /** Its fixed address in the cluster's network: how the pooler's own lists name it. */
  networkAddress: z.string(),
  address: endpoint,
});

export type ServiceNode = z.output<typeof serviceNode>;
