import { loadBundleCheck } from "./bundle-check.ts";
import { UsageError } from "./command.ts";
import type { StackCheck } from "./stack-outputs.ts";
import { loadStackCheck } from "./stack-outputs.ts";
import { stackNamed } from "./stack-plan.ts";

/** Where a deployed cluster is described; tests replace it. */
export interface LoadWorld {
  readonly load: typeof loadStackCheck;
  readonly loadBundle: typeof loadBundleCheck;
}

export const loadWorld: LoadWorld = { load: loadStackCheck, loadBundle: loadBundleCheck };

/** A cluster by its stack or its bundle. */
export interface Named {
  readonly stack?: string | undefined;
  readonly bundle?: string | undefined;
}

/**
 * What a cluster's stack or bundle says of it.
 *
 * @throws UsageError unless one of the two is named; UserError for what is not the name of a stack
 */
export async function loadCheck({ stack, bundle }: Named, signal: AbortSignal, world: LoadWorld): Promise<StackCheck> {
  if (bundle !== undefined) return world.loadBundle(bundle);
  if (stack === undefined) throw new UsageError("option --stack or --bundle is missing");
  return world.load(stackNamed(stack).given, signal);
}
