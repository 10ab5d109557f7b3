import { z } from "zod";

import { declaration } from "./declaration.ts";
import { ofStack } from "./parts.ts";

/** Drops what was declared before and no longer is. */
export const leftoversInputs = z.object({
  ...ofStack,
  declared: declaration,
});
