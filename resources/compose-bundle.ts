import { z } from "zod";

/** The stack as a Compose bundle, on the disk of the machine that deploys. */
export const composeBundleInputs = z.object({
  /** Relative to the project, so that state contains no path of one machine. The provider runs in the project's folder. */
  folder: z.string(),
  stack: z.string(),
  /** Path → short hash of the plain files: what a preview shows. */
  digests: z.record(z.string(), z.string()),
  /** Path → text of these, without programs (`bundlePrograms`). */
  files: z.record(z.string(), z.string()),
  secretFiles: z.record(z.string(), z.string()),
});

export type ComposeBundleInputs = z.output<typeof composeBundleInputs>;
