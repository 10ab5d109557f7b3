import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { parse } from "yaml";

import { parseConfig } from "../config/parse.ts";
import { givenSecrets } from "../config/secret-keys.ts";
import { readStackFile } from "../config/stack-file.ts";
import { planCluster } from "../plan/cluster.ts";
import { hashImages } from "../plan/image-hashes.ts";
import type { ClusterPlan } from "../plan/types.ts";

/** Folder of the Pulumi project. */
export const project = resolve(import.meta.dirname, "../..");

/**
 * Plans a stack from its file, without Pulumi, an engine or a login.
 *
 * @throws UserError with every problem of the stack file
 */
export function planStack(root: string, stack: string): ClusterPlan {
  return readStack(root, stack).plan;
}

/** The same, with the secrets that the file holds; one that is encrypted there is `encryptedValue`. */
export function readStack(root: string, stack: string): { readonly plan: ClusterPlan; readonly given: ReturnType<typeof givenSecrets> } {
  const stackFile = `Pulumi.${stack}.yaml`;
  const name = projectName(root);
  const config = parseConfig(readStackFile(join(root, stackFile), name, stackFile), stackFile);
  const plan = planCluster(config, { project: name, stack, stackFile, imageHashes: hashImages(root) });
  return { plan, given: givenSecrets(config) };
}

function projectName(root: string): string {
  return (parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")) as { readonly name: string }).name;
}
