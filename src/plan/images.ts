import type { ClusterConfig } from "../config/schema.ts";
import { grafanaImage } from "./grafana.ts";
import type { BuiltImageKind, ImageKind, ImagePlan } from "./types.ts";
import { builtImageKinds } from "./types.ts";

/** Hash of each build context, so that a changed Dockerfile is a changed name, known in preview. */
export type ImageHashes = Readonly<Record<BuiltImageKind, string>>;

interface BuiltImage {
  /** Folder under `images/`, also the repository's name. */
  readonly folder: string;
  readonly tag: (config: ClusterConfig) => string;
  readonly buildArgs: (config: ClusterConfig) => Readonly<Record<string, string>>;
}

const built: Readonly<Record<BuiltImageKind, BuiltImage>> = {
  postgres: {
    folder: "postgres",
    tag: ({ postgresVersion }) => `${postgresVersion}-`,
    buildArgs: ({ postgresVersion }) => ({ MAJOR: String(postgresVersion) }),
  },
  pooler: { folder: "pgbouncer", tag: () => "", buildArgs: () => ({}) },
  listener: { folder: "listener", tag: () => "", buildArgs: () => ({}) },
  postgresExporter: { folder: "postgres-exporter", tag: () => "", buildArgs: () => ({}) },
  poolerExporter: { folder: "pgbouncer-exporter", tag: () => "", buildArgs: () => ({}) },
  prometheus: { folder: "prometheus", tag: () => "", buildArgs: () => ({}) },
  alertmanager: { folder: "alertmanager", tag: () => "", buildArgs: () => ({}) },
  orchestrator: { folder: "orchestrator", tag: () => "", buildArgs: () => ({}) },
};

/** Folder under `images/` that each kind is built from. */
export const imageFolders = Object.fromEntries(builtImageKinds.map((kind) => [kind, built[kind].folder])) as Readonly<
  Record<BuiltImageKind, string>
>;

export function planImages(config: ClusterConfig, hashes: ImageHashes): Readonly<Record<ImageKind, ImagePlan>> {
  const plans = builtImageKinds.map((kind): readonly [ImageKind, ImagePlan] => {
    const reference = config.images[kind];
    if (reference !== undefined) return [kind, { kind: "reference", reference }];
    const { folder, tag, buildArgs } = built[kind];
    return [
      kind,
      {
        kind: "build",
        reference: `pgstack/${folder}:${tag(config)}${hashes[kind]}`,
        context: `images/${folder}`,
        buildArgs: buildArgs(config),
      },
    ];
  });
  const grafana: ImagePlan = { kind: "reference", reference: config.images.grafana ?? grafanaImage };
  return { ...Object.fromEntries(plans), grafana } as Record<ImageKind, ImagePlan>;
}
