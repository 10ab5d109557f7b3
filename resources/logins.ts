import { z } from "zod";

import { ofStack, poolerAccess } from "./parts.ts";

/** Passwords of a running cluster, on its servers and in its pooler. */
export const loginsInputs = z.object({
  ...ofStack,
  pooler: poolerAccess,
  verifiers: z.record(z.string(), z.string()),
  userlist: z.string(),
  users: z.record(z.string(), z.object({ password: z.string(), routes: z.array(z.string()) })),
});
