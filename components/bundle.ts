import { createHash } from "node:crypto";

import * as pulumi from "@pulumi/pulumi";

import type { ClusterPlan, ClusterSecrets } from "../src/plan/types.ts";
import type { BundleFile } from "../src/render/compose/bundle.ts";
import { bundlePrograms } from "../src/render/compose/programs.ts";
import { ComposeBundle } from "./provider-resources.ts";

export interface BundleArgs {
  readonly plan: ClusterPlan;
  /** Relative to the project. */
  readonly folder: string;
  readonly files: readonly BundleFile[];
  readonly secrets: pulumi.Output<ClusterSecrets>;
}

/** The same cluster for Compose. It waits only for the secrets, so it is written in parallel with everything else. */
export function composeBundle(
  name: string,
  { plan, folder, files, secrets }: BundleArgs,
  opts: pulumi.CustomResourceOptions,
): ComposeBundle {
  const programs = bundlePrograms();
  const plain = files.flatMap((file) => (file.kind === "plain" ? [[file.path, file.content] as const] : []));
  return new ComposeBundle(
    name,
    {
      folder,
      stack: plan.stack,
      digests: Object.fromEntries(plain.map(([path, content]) => [path, digestOf(content)])),
      // A preview shows each change line by line where it takes effect; repeated here, it would be hundreds of lines.
      files: pulumi.secret(Object.fromEntries(plain.filter(([path]) => !Object.hasOwn(programs, path)))),
      secretFiles: pulumi.secret(
        secrets.apply((clear) =>
          Object.fromEntries(files.flatMap((file) => (file.kind === "secret" ? [[file.path, file.render(clear)] as const] : []))),
        ),
      ),
    },
    opts,
  );
}

/** Enough of a hash to distinguish two versions of a file. */
function digestOf(content: string): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 12);
}
