import * as pulumi from "@pulumi/pulumi";

import type { ClusterSecrets } from "../src/plan/types.ts";
import type { FileSpec } from "../src/files/file-spec.ts";
import type { ConfigFilesInputs } from "../resources/config-files.ts";
import type { Inputs } from "./provider-resources.ts";
import { ConfigFiles } from "./provider-resources.ts";

export interface ConfigFilesArgs {
  readonly host: string;
  readonly volume: string;
  readonly image: string;
  readonly files: readonly FileSpec[];
  readonly secrets: pulumi.Output<ClusterSecrets>;
  readonly reload: Inputs<ConfigFilesInputs["reload"]>;
}

/** A volume with rendered files. Everything in it can be rendered again, so it is deleted with the stack. */
export function configFiles(
  name: string,
  { host, volume, image, files, secrets, reload }: ConfigFilesArgs,
  opts: pulumi.CustomResourceOptions,
): ConfigFiles {
  return new ConfigFiles(name, { host, volume, image, files: plainFiles(files), secretFiles: secretFiles(files, secrets), reload }, opts);
}

function plainFiles(files: readonly FileSpec[]): Record<string, string> {
  return Object.fromEntries(files.flatMap((file) => (file.kind === "plain" ? [[file.path, file.content] as const] : [])));
}

function secretFiles(
  files: readonly FileSpec[],
  secrets: pulumi.Output<ClusterSecrets>,
): Record<string, { mode: number; content: pulumi.Output<string> }> {
  return Object.fromEntries(
    files.flatMap((file) =>
      file.kind === "secret"
        ? [[file.path, { mode: file.mode, content: pulumi.secret(secrets.apply((clear) => file.render(clear))) }] as const]
        : [],
    ),
  );
}
