import * as pulumi from "@pulumi/pulumi";

import type { RawConfig } from "./parse.ts";

/** The namespace of pgstack's keys: the project's name, so that `pulumi config set replicas 4` needs no prefix. */
const namespace = "pgstack";

/** The raw `pgstack:` keys of the stack that Pulumi runs now, without their namespace. */
export function loadRawConfig(): RawConfig {
  const entries = Object.entries(pulumi.runtime.allConfig())
    .filter(([key]) => key.startsWith(`${namespace}:`))
    .map(([key, value]) => [key.slice(namespace.length + 1), value] as const);
  return Object.fromEntries(entries);
}
