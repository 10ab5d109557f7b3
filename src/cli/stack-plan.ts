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

/** What a stack's file says. */
export interface StackRead {
  readonly plan: ClusterPlan;
  /** The secrets that the file holds; one that is encrypted there is `encryptedValue`. */
  readonly given: ReturnType<typeof givenSecrets>;
  /** Key → the key as it is in the file, with its namespace. */
  readonly named: Readonly<Record<string, string>>;
}

/** The same, with what only some commands need. */
export function readStack(root: string, stack: string): StackRead {
  const stackFile = `Pulumi.${stack}.yaml`;
  const name = projectName(root);
  const { values, named } = readStackFile(join(root, stackFile), name, stackFile);
  const config = parseConfig(values, stackFile);
  const plan = planCluster(config, { project: name, stack, stackFile, imageHashes: hashImages(root) });
  return { plan, given: givenSecrets(config), named };
}

function projectName(root: string): string {
  return (parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")) as { readonly name: string }).name;
}
