import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";

import type { changesInputs } from "../resources/changes.ts";
import type { composeBundleInputs } from "../resources/compose-bundle.ts";
import type { configFilesInputs } from "../resources/config-files.ts";
import type { leftoversInputs } from "../resources/leftovers.ts";
import type { loginsInputs } from "../resources/logins.ts";
import type { networkInputs } from "../resources/network.ts";
import type { nodeReadyInputs } from "../resources/node-ready.ts";
import type { outOfServiceInputs } from "../resources/out-of-service.ts";
import type { preflightInputs } from "../resources/preflight.ts";
import type { replicationCheckInputs } from "../resources/replication-check.ts";
import type { restartsInputs } from "../resources/restarts.ts";
import type { rolesInputs } from "../resources/roles.ts";
import type { routesInputs } from "../resources/routes.ts";
import type { CheckReport } from "../src/check/result.ts";

/** The stack's own resource kinds as the program sees them: their arguments are the inputs that `provider/` reads. */

/** A value of which every part may be known only later. */
export type Inputs<T> = T extends string | number | boolean | undefined
  ? pulumi.Input<T>
  : T extends readonly (infer Item)[]
    ? pulumi.Input<readonly Inputs<Item>[]>
    : pulumi.Input<{ readonly [Key in keyof T]: Inputs<T[Key]> }>;

/** A kind's arguments: the object itself is known. */
export type Args<Schema extends z.ZodType> = {
  readonly [Key in keyof z.output<Schema>]: z.output<Schema>[Key] | Inputs<z.output<Schema>[Key]>;
};

/** The class of a kind that has no outputs. */
function resourceOf<Schema extends z.ZodType>(kind: string) {
  return class extends pulumi.CustomResource {
    constructor(name: string, args: Args<Schema>, opts?: pulumi.CustomResourceOptions) {
      super(`pgstack:index:${kind}`, name, { ...args }, opts);
    }
  };
}

export class Preflight extends resourceOf<typeof preflightInputs>("Preflight") {}
export class Network extends resourceOf<typeof networkInputs>("Network") {}
export class ConfigFiles extends resourceOf<typeof configFilesInputs>("ConfigFiles") {}
export class Routes extends resourceOf<typeof routesInputs>("Routes") {}
export class OutOfService extends resourceOf<typeof outOfServiceInputs>("OutOfService") {}
export class NodeReady extends resourceOf<typeof nodeReadyInputs>("NodeReady") {}
export class Restarts extends resourceOf<typeof restartsInputs>("Restarts") {}
export class Logins extends resourceOf<typeof loginsInputs>("Logins") {}
export class Roles extends resourceOf<typeof rolesInputs>("Roles") {}
export class Leftovers extends resourceOf<typeof leftoversInputs>("Leftovers") {}
export class ComposeBundle extends resourceOf<typeof composeBundleInputs>("ComposeBundle") {}
export class Changes extends resourceOf<typeof changesInputs>("Changes") {}

export class ReplicationCheck extends pulumi.CustomResource {
  /** The report of the check. */
  declare readonly report: pulumi.Output<CheckReport>;

  constructor(name: string, args: Args<typeof replicationCheckInputs>, opts?: pulumi.CustomResourceOptions) {
    super("pgstack:index:ReplicationCheck", name, { ...args, report: undefined }, opts);
  }
}
