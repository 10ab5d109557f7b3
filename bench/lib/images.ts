import { fileURLToPath } from "node:url";

import { parseConfig } from "../../src/config/parse.ts";
import type { RawConfig } from "../../src/config/parse.ts";
import { connectEngine } from "../../src/engine/connect.ts";
import { planCluster } from "../../src/plan/cluster.ts";
import { hashImages } from "../../src/files/image-hashes.ts";
import type { ClusterPlan, ImageKind } from "../../src/plan/types.ts";
import { imageKinds } from "../../src/plan/types.ts";
import { Deployment } from "../../testing/deployment.ts";
import { withRemoval } from "./clean-up.ts";

/** References of the images that every contestant runs. */
export type Images = Readonly<Record<ImageKind, string>>;

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The plan of a stack with these keys, for what a benchmark needs of it. */
export function planOf(keys: RawConfig): ClusterPlan {
  const stackFile = "Pulumi.bench.yaml";
  const ports = { postgres: 10_000, pooler: 10_030, poolerConsole: 10_080, postgresExporter: 10_040, poolerExporter: 10_070 };
  const config = parseConfig({ subnet: "172.28.0.0/24", ports: JSON.stringify(ports), ...keys }, stackFile);
  return planCluster(config, { project: "pgstack", stack: "bench", stackFile, imageHashes: hashImages(root) });
}

/** pgstack's own images; missing ones are built first, so that no measurement includes a build. */
export async function prepareImages(log: (line: string) => void): Promise<Images> {
  const { images } = planOf({});
  const references = Object.fromEntries(imageKinds.map((kind) => [kind, images[kind].reference])) as Images;
  const engine = await connectEngine(process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock");
  const present = new Set((await engine.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []));
  if (!Object.values(references).every((reference) => present.has(reference))) {
    log("building the images (not measured)");
    await withRemoval(await Deployment.create("staging"), (deployment) => deployment.up());
  }
  return references;
}
