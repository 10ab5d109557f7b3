import type { Properties } from "./wire.ts";

/** What a resource kind can use while it works. */
export interface Context {
  /** Aborted on Ctrl-C, which ends every wait immediately. */
  readonly signal: AbortSignal;
  /** A line under the resource in Pulumi's diagnostics, in preview too. */
  readonly log: (severity: "info" | "warning", message: string) => void;
  /** The resource's status line, for progress. */
  readonly status: (message: string) => void;
}

/**
 * One kind of resource. Inputs arrive with decrypted secrets; the result is merged with the inputs as they were given, so
 * secrets stay encrypted in state. Throwing fails the deployment, and the next one retries.
 */
export interface Kind {
  /** Reasons to refuse these inputs, before anything changes. `olds` is undefined when the resource does not exist yet. */
  readonly check?: (context: Context, olds: Properties | undefined, news: Properties) => Promise<readonly string[]>;
  /** Whether there is work although no input changed (drift found by `read`, a broken cluster). */
  readonly needsWork?: (context: Context, olds: Properties, news: Properties) => Promise<boolean>;
  /** Creates or updates. Idempotent. Returns outputs in addition to the inputs. */
  readonly apply: (context: Context, inputs: Properties, olds: Properties | undefined) => Promise<Properties>;
  /** Actual outputs, for refresh; undefined when the resource is gone. */
  readonly read?: (context: Context, stored: Properties) => Promise<Properties | undefined>;
  readonly remove?: (context: Context, stored: Properties) => Promise<void>;
  /**
   * Outputs of an update that failed. If given, state has the new inputs and the failure, and the next deployment repeats the
   * update, even if the inputs were reverted, since a part of it may have been done. If not given, state keeps the old
   * inputs.
   */
  readonly failed?: Properties;
  /** Output keys that contain secrets. */
  readonly secretOutputs?: readonly string[];
}
