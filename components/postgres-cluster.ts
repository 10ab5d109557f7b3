import { fileURLToPath } from "node:url";

import * as pulumi from "@pulumi/pulumi";

import { checkConfig } from "../src/config/parse.ts";
import type { ConfigKeys } from "../src/config/schema.ts";
import { givenSecrets } from "../src/config/secret-keys.ts";
import { engineBefore } from "../src/engine/on-engine.ts";
import { hashImages } from "../src/files/image-hashes.ts";
import { planCluster } from "../src/plan/cluster.ts";
import type { ClusterPlan } from "../src/plan/types.ts";
import { renderFiles } from "../src/render/files.ts";
import type { Before } from "../src/topology/before.ts";
import { leaderBefore } from "../src/topology/before.ts";
import { clusterOutputs } from "./outputs.ts";
import type { ClusterOutputs } from "./outputs.ts";
import { PlannedCluster } from "./planned-cluster.ts";
import { asRunError, forUsers } from "./run-error.ts";

export type { ConfigKeys } from "../src/config/schema.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

export interface PostgresClusterOptions extends pulumi.ComponentResourceOptions {
  /**
   * What follows the project in every name on the engine: `<project>-<identity>-pg1`. It never changes once there is data.
   *
   * @default `<stack>-<name>`
   */
  readonly identity?: string;
  /** Where the keys come from, for messages. @default `PostgresCluster "<name>"` */
  readonly source?: string;
}

/**
 * PostgreSQL with read replicas, pooled, monitored and verified, on one Docker engine.
 *
 * ```ts
 * const db = new PostgresCluster("db", { replicas: 3, ports: { postgres: 25432, pooler: 26432 }, subnet: "172.29.30.0/24" });
 * export const url = db.outputs.writeUrl;
 * ```
 *
 * All its children have names that begin with its own, so a program may have several.
 *
 * @param keys - the keys of docs/config.md, as values
 * @throws pulumi.RunError with every problem of the keys at once
 */
export class PostgresCluster extends PlannedCluster {
  readonly outputs: ClusterOutputs;

  constructor(name: string, keys: ConfigKeys, { identity, source, ...opts }: PostgresClusterOptions = {}) {
    const stack = identity ?? `${pulumi.getStack()}-${name}`;
    const stackFile = source ?? `PostgresCluster "${name}"`;
    const isPreview = pulumi.runtime.isDryRun();
    const { plan, given } = forUsers(() => {
      const config = checkConfig(keys, stackFile);
      const context = { project: pulumi.getProject(), stack, stackFile, imageHashes: hashImages(root) };
      return { plan: planCluster(config, context), given: givenSecrets(config) };
    });
    const before = seenBefore(plan, isPreview);
    super(name, { plan, files: renderFiles(plan), root, bundleFolder: `build/${stack}`, given, before, isPreview }, opts);
    this.outputs = clusterOutputs(plan, this);
  }
}

/** The order of a rollout follows from who leads, and a preview has none. */
async function seenBefore(plan: ClusterPlan, isPreview: boolean): Promise<Before | undefined> {
  try {
    const onEngine = await engineBefore(plan.engine.host, isPreview, (text) => pulumi.log.warn(text));
    if (onEngine === undefined) return undefined;
    return { ...onEngine, leader: isPreview ? plan.firstNode : await leaderBefore(plan) };
  } catch (error) {
    throw asRunError(error);
  }
}
