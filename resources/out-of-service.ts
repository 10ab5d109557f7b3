import { z } from "zod";

import { ofStack, poolerAccess, serviceNode } from "./parts.ts";

const nodeService = z.object({
  kind: z.literal("node"),
  node: serviceNode,
  /** Named when the node is removed: the volume stays. */
  dataVolume: z.string(),
  pooler: poolerAccess,
});

const poolerService = z.object({
  kind: z.literal("pooler"),
  nodes: z.array(z.object({ name: z.string(), container: z.string() })),
  /** Its address in the cluster's network: sessions from it are those of its clients. */
  address: z.string(),
  /** How long transactions may take to end, in seconds. */
  timeoutS: z.number(),
});

/** Before a container with clients is replaced, they wait, read elsewhere, or end their long transactions. */
export const outOfServiceInputs = z.object({
  ...ofStack,
  container: z.string(),
  /** What the container is made from: when it changes, the container is about to be replaced. */
  spec: z.string(),
  service: z.discriminatedUnion("kind", [nodeService, poolerService]),
});

export type NodeService = z.output<typeof nodeService>;
export type PoolerService = z.output<typeof poolerService>;
