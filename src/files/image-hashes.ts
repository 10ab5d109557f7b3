import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { ImageHashes } from "../plan/images.ts";
import { imageFolders } from "../plan/images.ts";
import { builtImageKinds } from "../plan/types.ts";

/**
 * Hashes every image's build context (names and contents, not times), so that a changed Dockerfile is a changed name.
 *
 * @param root - folder that holds `images/`
 */
export function hashImages(root: string): ImageHashes {
  return Object.fromEntries(builtImageKinds.map((kind) => [kind, hashFolder(join(root, "images", imageFolders[kind]))])) as ImageHashes;
}

function hashFolder(folder: string): string {
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of files.map(({ parentPath, name }) => join(parentPath, name)).toSorted()) {
    hash
      .update(`${path.slice(folder.length)}\0`)
      .update(readFileSync(path))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 12);
}
