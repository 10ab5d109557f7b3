import { resolve } from "node:path";

import { z } from "zod";

import type { DiskFile } from "../../src/bundle/folder.ts";
import { bundleDrift, folderProblem, removeBundle, writeBundle } from "../../src/bundle/folder.ts";
import { parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";

const inputs = z.object({
  /** Relative to the project, so that state contains no path of one machine. The provider runs in the project's folder. */
  folder: z.string(),
  stack: z.string(),
  /** Path → short hash of the plain files: what a preview shows. */
  digests: z.record(z.string(), z.string()),
  files: z.record(z.string(), z.string()),
  secretFiles: z.record(z.string(), z.string()),
});

type Inputs = z.output<typeof inputs>;

/**
 * The stack as a Compose bundle on the disk of the machine that deploys. Each deployment writes it: on another machine, or after
 * someone removed it, there is work although no input changed.
 */
export const composeBundle: Kind = {
  check: (_context, _olds, news) => {
    const { folder, stack } = parseInputs(inputs, news);
    const problem = folderProblem(resolve(folder), stack);
    return Promise.resolve(
      problem === undefined
        ? []
        : [`${folder}: ${problem}\n  fix: the deployment writes the stack's bundle there; move away what is in it`],
    );
  },

  needsWork: (_context, olds) => {
    const stored = inputs.safeParse(olds);
    return Promise.resolve(!stored.success || driftOf(stored.data) !== "");
  },

  apply: (_context, properties) => {
    const wanted = parseInputs(inputs, properties);
    writeBundle(resolve(wanted.folder), wanted.stack, filesOf(wanted));
    return Promise.resolve({ drift: "" });
  },

  read: (_context, stored) => Promise.resolve({ drift: driftOf(parseInputs(inputs, stored)) }),

  remove: (_context, stored) => {
    const { folder, stack } = parseInputs(inputs, stored);
    removeBundle(resolve(folder), stack);
    return Promise.resolve();
  },
};

function filesOf({ files, secretFiles }: Inputs): readonly DiskFile[] {
  return [
    ...Object.entries(files).map(([path, content]) => ({ path, content, secret: false })),
    ...Object.entries(secretFiles).map(([path, content]) => ({ path, content, secret: true })),
  ];
}

/** Names and kinds of differences, never contents: some files are secret. */
function driftOf(wanted: Inputs): string {
  return bundleDrift(resolve(wanted.folder), filesOf(wanted)).join(", ");
}
