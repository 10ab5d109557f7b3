// As pgstack's entry point does: without it, Pulumi's loader maps a stack trace for each promise.
Error.prepareStackTrace = undefined;
await import("@pulumi/pulumi");
