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

/**
 * What a cluster's stack or bundle says of it.
 *
 * @throws UsageError unless exactly one of the two is named; UserError for what is no name of a stack
 */
export async function loadCheck(
  { stack, bundle }: { readonly stack: string | undefined; readonly bundle: string | undefined },
  signal: AbortSignal,
  world: LoadWorld,
): Promise<StackCheck> {
  if (stack !== undefined && bundle !== undefined) throw new UsageError("options --stack and --bundle exclude each other");
  if (bundle !== undefined) return world.loadBundle(bundle);
  if (stack === undefined) throw new UsageError("option --stack or --bundle is missing");
  return world.load(stackNamed(stack).given, signal);
}
