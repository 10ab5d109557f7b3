import { z } from "zod";

import { declaredSchema } from "../src/impact/declared.ts";

/** What the last successful deployment declared. No part of it is secret. */
export const changesInputs = z.object({
  /** `<project>-<stack>` */
  prefix: z.string(),
  declared: declaredSchema,
});
