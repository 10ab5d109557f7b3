import { join, resolve } from "node:path";

import { parseConfig } from "../config/parse.ts";
import { givenSecrets } from "../config/secret-keys.ts";
import { readProjectFile } from "../config/project-file.ts";
import type { StackName } from "../config/stack-name.ts";
import { parseStackName } from "../config/stack-name.ts";
import { readStackFile } from "../config/stack-file.ts";
import { planCluster } from "../plan/cluster.ts";
import { hashImages } from "../files/image-hashes.ts";
import type { ClusterPlan } from "../plan/types.ts";

/** Folder of the Pulumi project. */
export const project = resolve(import.meta.dirname, "../..");

/** The value of `--stack`: any form that Pulumi takes. */
export function stackNamed(given: string, root: string = project): StackName {
  return parseStackName(given, readProjectFile(root).name);
}

/** What a stack's file says. */
export interface StackRead {
  readonly plan: ClusterPlan;
  /** The secrets that the file holds; one that is encrypted there is `encryptedValue`. */
  readonly given: ReturnType<typeof givenSecrets>;
  /** Key → the key as it is in the file, with its namespace. */
  readonly named: Readonly<Record<string, string>>;
  /** What nothing reads, each in a sentence. */
  readonly ignored: readonly string[];
}

/**
 * Plans a stack from its file, without Pulumi, an engine or a login.
 *
 * @param stack - its own name
 * @throws UserError with every problem of the stack file
 */
export function readStack(root: string, stack: string): StackRead {
  const stackFile = `Pulumi.${stack}.yaml`;
  const projectFile = readProjectFile(root);
  const { values, named, ignored } = readStackFile(join(root, stackFile), projectFile, stackFile);
  const config = parseConfig(values, stackFile);
  const plan = planCluster(config, { project: projectFile.name, stack, stackFile, imageHashes: hashImages(root) });
  return { plan, given: givenSecrets(config), named, ignored };
}
