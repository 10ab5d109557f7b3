import { z } from "zod";

import type { CheckSecrets, CheckTarget } from "../src/target/target.ts";
import { onEngine } from "./parts.ts";

/** Gate: the whole cluster is what was declared. */
export const replicationCheckInputs = z.object({
  ...onEngine,
  target: z.custom<CheckTarget>((value) => typeof value === "object" && value !== null),
  secrets: z.custom<CheckSecrets>((value) => typeof value === "object" && value !== null),
  /** A change of any of these needs a new check: container ids, for example. */
  triggers: z.array(z.string()),
});
