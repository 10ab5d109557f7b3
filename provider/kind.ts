import type { Properties } from "./wire.ts";

/** What a resource kind can use while it works. */
export interface Context {
  /** Aborted on Ctrl-C: every wait ends at once. */
  readonly signal: AbortSignal;
  /** A line under the resource in Pulumi's diagnostics, in preview too. */
  readonly log: (severity: "info" | "warning", message: string) => void;
  /** The resource's status line, for progress. */
  readonly status: (message: string) => void;
}

/**
 * One kind of resource. Inputs arrive with secrets in clear; what is returned is merged with the inputs as they came, so
 * secrets stay encrypted in state. Throwing fails the deployment, and the next one tries again.
 */
export interface Kind {
  /** Reasons to refuse these inputs, before anything changes. `olds` is undefined when the resource does not exist yet. */
  readonly check?: (context: Context, olds: Properties | undefined, news: Properties) => Promise<readonly string[]>;
  /** Whether there is work although no input changed (drift found by `read`, a broken cluster). */
  readonly needsWork?: (context: Context, olds: Properties, news: Properties) => Promise<boolean>;
  /** Makes or updates. Idempotent. Returns outputs beside the inputs. */
  readonly apply: (context: Context, inputs: Properties, olds: Properties | undefined) => Promise<Properties>;
  /** Outputs as they are in reality, for refresh; undefined when the resource is gone. */
  readonly read?: (context: Context, stored: Properties) => Promise<Properties | undefined>;
  readonly remove?: (context: Context, stored: Properties) => Promise<void>;
  /**
   * Outputs of an update that failed. Given, state holds the new inputs beside the failure, and the next deployment does the
   * update again, also when the inputs have gone back to what they were: half of it may have been done. Without, state keeps
   * the old inputs.
   */
  readonly failed?: Properties;
  /** Output keys that hold secrets. */
  readonly secretOutputs?: readonly string[];
}
