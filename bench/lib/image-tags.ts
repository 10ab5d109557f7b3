import { randomBytes } from "node:crypto";

import { testPrefix } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";
import type { SecondTags } from "./cluster-changes.ts";
import type { Images } from "./images.ts";

/** Second names of images that are on the engine. */
export class ImageTags {
  readonly tags: SecondTags;

  private constructor(tags: SecondTags) {
    this.tags = tags;
  }

  static async create(images: Images): Promise<ImageTags> {
    const name = `${testPrefix}${randomBytes(3).toString("hex")}`;
    const made = new ImageTags({ postgres: `${name}-postgres:second`, pooler: `${name}-pooler:second` });
    for (const kind of ["postgres", "pooler"] as const) {
      const { code, output } = await run("docker", ["tag", images[kind], made.tags[kind]]);
      if (code === 0) continue;
      await made.remove();
      throw new Error(`${images[kind]} could not be given a second name: ${output}`);
    }
    return made;
  }

  /** The names alone: the images have others. */
  async remove(): Promise<void> {
    for (const tag of Object.values(this.tags)) await run("docker", ["rmi", "--no-prune", tag]);
  }
}
