import type { z } from "zod";

import type { Properties } from "./wire.ts";

/**
 * Inputs of a resource as typed values. They come from pgstack's own components, so a mismatch is a programming error.
 */
export function parseInputs<T>(schema: z.ZodType<T>, inputs: Properties): T {
  const result = schema.safeParse(inputs);
  if (result.success) return result.data;
  // Paths only: a message must not show a value that may be a secret.
  throw new Error(
    `resource inputs do not fit: ${result.error.issues.map((issue) => `${issue.path.join(".")} (${issue.code})`).join(", ")}`,
  );
}
