import { resolve } from "node:path";

import type { ComposeBundleInputs } from "../../resources/compose-bundle.ts";
import { composeBundleInputs } from "../../resources/compose-bundle.ts";
import type { DiskFile } from "../../src/bundle/folder.ts";
import { bundleDrift, folderProblem, removeBundle, writeBundle } from "../../src/bundle/folder.ts";
import { bundlePrograms } from "../../src/render/compose/programs.ts";
import { parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";

/**
 * The stack as a Compose bundle on the disk of the machine that deploys. Each deployment writes it: on another machine, or after
 * someone removed it, there is work although no input changed.
 */
export const composeBundle: Kind = {
  check: (_context, _olds, news) => {
    const { folder, stack } = parseInputs(composeBundleInputs, news);
    const problem = folderProblem(resolve(folder), stack);
    return Promise.resolve(
      problem === undefined
        ? []
        : [`${folder}: ${problem}\n  fix: the deployment writes the stack's bundle there; move away what is in it`],
    );
  },

  needsWork: (_context, olds) => {
    const stored = composeBundleInputs.safeParse(olds);
    return Promise.resolve(!stored.success || driftOf(stored.data) !== "");
  },

  apply: (_context, properties) => {
    const wanted = parseInputs(composeBundleInputs, properties);
    writeBundle(resolve(wanted.folder), wanted.stack, filesOf(wanted));
    return Promise.resolve({ drift: "" });
  },

  read: (_context, stored) => Promise.resolve({ drift: driftOf(parseInputs(composeBundleInputs, stored)) }),

  remove: (_context, stored) => {
    const { folder, stack } = parseInputs(composeBundleInputs, stored);
    removeBundle(resolve(folder), stack);
    return Promise.resolve();
  },
};

function filesOf({ digests, files, secretFiles }: ComposeBundleInputs): readonly DiskFile[] {
  const programs = Object.entries(bundlePrograms()).filter(([path]) => Object.hasOwn(digests, path));
  return [
    ...[...Object.entries(files), ...programs].map(([path, content]) => ({ path, content, secret: false })),
    ...Object.entries(secretFiles).map(([path, content]) => ({ path, content, secret: true })),
  ];
}

/** Names and kinds of differences, never contents: some files are secret. */
function driftOf(wanted: ComposeBundleInputs): string {
  return bundleDrift(resolve(wanted.folder), filesOf(wanted)).join(", ");
}
