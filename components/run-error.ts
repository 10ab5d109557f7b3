import * as pulumi from "@pulumi/pulumi";

import { UserError } from "../src/errors.ts";

/** A user's mistake as a RunError, of which Pulumi prints the message alone. */
export function asRunError(error: unknown): unknown {
  return error instanceof UserError ? new pulumi.RunError(error.message) : error;
}

/** Does work whose errors are shown like that. */
export function forUsers<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asRunError(error);
  }
}
