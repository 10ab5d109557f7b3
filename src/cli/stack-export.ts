import { z } from "zod";

import type { RunProgram } from "./stack-outputs.ts";
import { explainFailure, ProgramError } from "./stack-outputs.ts";

const resource = z.object({
  urn: z.string(),
  type: z.string(),
  /** Replaced, and not removed yet. */
  delete: z.boolean().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
});

const exportSchema = z.object({ deployment: z.object({ resources: z.array(resource).optional() }) });

/** A resource in a stack's state; its secrets are encrypted. */
export type StateResource = z.output<typeof resource>;

/**
 * What is in a stack's state and not about to be removed. Secrets are neither asked for nor needed.
 *
 * @throws UserError when there is no such stack, or Pulumi does not run
 */
export async function stateResources(stack: string, signal: AbortSignal, run: RunProgram): Promise<readonly StateResource[]> {
  let text: string;
  try {
    text = await run("pulumi", ["stack", "export", "--stack", stack, "--non-interactive"], signal);
  } catch (error) {
    throw error instanceof ProgramError ? explainFailure(stack, "stack export", error) : error;
  }
  const { resources = [] } = exportSchema.parse(JSON.parse(text)).deployment;
  return resources.filter((one) => one.delete !== true);
}
