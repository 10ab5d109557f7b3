import * as pulumi from "@pulumi/pulumi";

import { ownKeys } from "./namespaces.ts";
import type { RawConfig } from "./parse.ts";

/**
 * The raw keys of the stack that Pulumi runs now, without their namespace. What nothing reads is named in a warning.
 *
 * @param stackFile - its file's name, for messages
 * @throws UserError for keys that cannot be meant as they are
 */
export function loadRawConfig(stackFile: string): RawConfig {
  const { values, ignored } = ownKeys(Object.entries(pulumi.runtime.allConfig()), pulumi.getProject(), stackFile);
  for (const line of ignored) void pulumi.log.warn(line);
  return values;
}
