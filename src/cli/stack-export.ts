import { z } from "zod";

import { clusterName } from "../plan/names.ts";
import type { RunProgram } from "./stack-outputs.ts";
import { explainFailure, ProgramError } from "./stack-outputs.ts";

const resource = z.object({
  urn: z.string(),
  type: z.string(),
  /** Replaced, and not removed yet. */
  delete: z.boolean().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  /** Why its last update failed half way; Pulumi does it again. */
  initErrors: z.array(z.string()).optional(),
});

const exportSchema = z.object({
  deployment: z.object({
    resources: z.array(resource).optional(),
    pending_operations: z.array(z.object({ resource: z.object({ urn: z.string() }) })).optional(),
  }),
});

/** A resource in a stack's state; its secrets are encrypted. */
export type StateResource = z.output<typeof resource>;

/** A stack's state. */
export interface StackState {
  /** Resources that exist and are not about to be removed. */
  readonly resources: readonly StateResource[];
  /** Names of resources that the last deployment left half done: it failed there, or was killed. Sorted. */
  readonly unfinished: readonly string[];
}

/**
 * The state of a stack. Secrets are neither asked for nor needed.
 *
 * @throws UserError when there is no such stack, or Pulumi does not run
 */
export async function stackState(stack: string, signal: AbortSignal, run: RunProgram): Promise<StackState> {
  let text: string;
  try {
    text = await run("pulumi", ["stack", "export", "--stack", stack, "--non-interactive"], signal);
  } catch (error) {
    throw error instanceof ProgramError ? explainFailure(stack, "stack export", error) : error;
  }
  const { resources = [], pending_operations: pending = [] } = exportSchema.parse(JSON.parse(text)).deployment;
  const failed = resources.filter(({ initErrors = [] }) => initErrors.length > 0);
  const unfinished = new Set([...failed, ...pending.map((one) => one.resource)].map(({ urn }) => nameOf(urn)));
  return { resources: resources.filter((one) => one.delete !== true), unfinished: [...unfinished].toSorted() };
}

/** The name of a resource, which its URN ends with, without the cluster's name in front of it. */
export function nameOf(urn: string): string {
  const name = urn.split("::").at(-1) ?? urn;
  return name.startsWith(`${clusterName}-`) ? name.slice(clusterName.length + 1) : name;
}
