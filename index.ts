import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import * as pulumi from "@pulumi/pulumi";

import { PostgresCluster } from "./components/cluster.ts";
import { clusterOutputs } from "./components/outputs.ts";
import { loadRawConfig } from "./src/config/load.ts";
import { parseConfig } from "./src/config/parse.ts";
import { givenSecrets } from "./src/config/secret-keys.ts";
import { engineBefore } from "./src/engine/on-engine.ts";
import { UserError } from "./src/errors.ts";
import { planCluster } from "./src/plan/cluster.ts";
import { hashImages } from "./src/files/image-hashes.ts";
import { renderFiles } from "./src/render/files.ts";

const root = dirname(fileURLToPath(import.meta.url));

/** Config → plan → files → components → outputs. */
export default async function program(): Promise<Record<string, unknown>> {
  try {
    const stack = pulumi.getStack();
    const stackFile = `Pulumi.${stack}.yaml`;
    const config = parseConfig(loadRawConfig(stackFile), stackFile);
    const plan = planCluster(config, { project: pulumi.getProject(), stack, stackFile, imageHashes: hashImages(root) });
    const isPreview = pulumi.runtime.isDryRun();
    const onEngine = await engineBefore(plan.engine.host, isPreview, (text) => pulumi.log.warn(text));
    const cluster = new PostgresCluster("cluster", {
      plan,
      files: renderFiles(plan),
      root,
      given: givenSecrets(config),
      onEngine,
      isPreview,
    });
    return clusterOutputs(plan, cluster);
  } catch (error) {
    // Pulumi prints a RunError's message alone.
    throw error instanceof UserError ? new pulumi.RunError(error.message) : error;
  }
}
