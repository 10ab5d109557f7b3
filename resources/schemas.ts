import type { z } from "zod";

import { changesInputs } from "./changes.ts";
import { composeBundleInputs } from "./compose-bundle.ts";
import { configFilesInputs } from "./config-files.ts";
import { leftoversInputs } from "./leftovers.ts";
import { loginsInputs } from "./logins.ts";
import { networkInputs } from "./network.ts";
import { nodeReadyInputs } from "./node-ready.ts";
import { outOfServiceInputs } from "./out-of-service.ts";
import { preflightInputs } from "./preflight.ts";
import { replicationCheckInputs } from "./replication-check.ts";
import { restartsInputs } from "./restarts.ts";
import { rolesInputs } from "./roles.ts";
import { routesInputs } from "./routes.ts";

/** Kind → the schema of its inputs. State that a release has stored is read by them. */
export const schemas = {
  Changes: changesInputs,
  ComposeBundle: composeBundleInputs,
  ConfigFiles: configFilesInputs,
  Leftovers: leftoversInputs,
  Logins: loginsInputs,
  Network: networkInputs,
  NodeReady: nodeReadyInputs,
  OutOfService: outOfServiceInputs,
  Preflight: preflightInputs,
  ReplicationCheck: replicationCheckInputs,
  Restarts: restartsInputs,
  Roles: rolesInputs,
  Routes: routesInputs,
} satisfies Readonly<Record<string, z.ZodType>>;

export type KindName = keyof typeof schemas;

/**
 * Inputs that a kind needs for its work, and whose change alone is no work: how the pooler is reached and with which password, for
 * example. State keeps the earlier value until there is work; an operation is always given the current one.
 */
export const incidental: Readonly<Partial<Record<KindName, readonly string[]>>> = {
  Logins: ["pooler"],
  NodeReady: ["pooler"],
  OutOfService: ["service"],
  Restarts: ["pooler"],
  Routes: ["pooler"],
};
