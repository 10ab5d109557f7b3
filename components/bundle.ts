import * as pulumi from "@pulumi/pulumi";

import type { ClusterPlan, ClusterSecrets } from "../src/plan/types.ts";
import type { BundleFile } from "../src/render/compose/bundle.ts";
import { ComposeBundle } from "./provider-resources.ts";

export interface BundleArgs {
  readonly plan: ClusterPlan;
  readonly files: readonly BundleFile[];
  readonly secrets: pulumi.Output<ClusterSecrets>;
}

/** `build/<stack>`: the same cluster for Compose. It waits for the secrets alone, so it is written beside everything else. */
export function composeBundle(name: string, { plan, files, secrets }: BundleArgs, opts: pulumi.CustomResourceOptions): ComposeBundle {
  return new ComposeBundle(
    name,
    {
      folder: `build/${plan.stack}`,
      stack: plan.stack,
      files: Object.fromEntries(files.flatMap((file) => (file.kind === "plain" ? [[file.path, file.content] as const] : []))),
      secretFiles: pulumi.secret(
        secrets.apply((clear) =>
          Object.fromEntries(files.flatMap((file) => (file.kind === "secret" ? [[file.path, file.render(clear)] as const] : []))),
        ),
      ),
    },
    opts,
  );
}
