import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { ClusterSecrets } from "../src/plan/types.ts";
import type { FileSpec } from "../src/files/file-spec.ts";
import type { Reload } from "./provider-resources.ts";
import { ConfigFiles } from "./provider-resources.ts";

export interface ConfigVolumeArgs {
  readonly host: string;
  readonly volume: string;
  readonly image: string;
  readonly files: readonly FileSpec[];
  readonly secrets: pulumi.Output<ClusterSecrets>;
  readonly reload: Reload;
}

/** A volume with rendered files. Everything in it can be rendered again, so it is deleted with the stack. */
export class ConfigVolume extends pulumi.ComponentResource {
  readonly volumeName: pulumi.Output<string>;
  readonly files: ConfigFiles;

  constructor(name: string, args: ConfigVolumeArgs, opts?: pulumi.ComponentResourceOptions & { filesDependOn?: pulumi.Resource[] }) {
    const { filesDependOn, ...componentOpts } = opts ?? {};
    super("pgstack:docker:ConfigVolume", name, {}, componentOpts);
    const volume = new docker.Volume(name, { name: args.volume }, { parent: this });
    this.volumeName = volume.name;
    this.files = new ConfigFiles(
      `${name}-files`,
      {
        host: args.host,
        volume: volume.name,
        image: args.image,
        files: plainFiles(args.files),
        secretFiles: secretFiles(args.files, args.secrets),
        reload: args.reload,
      },
      { parent: this, ...(filesDependOn === undefined ? {} : { dependsOn: filesDependOn }) },
    );
    this.registerOutputs({});
  }
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
