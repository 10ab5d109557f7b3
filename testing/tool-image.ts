import { randomBytes } from "node:crypto";

import { root } from "./stacks.ts";
import type { RunResult } from "./run.ts";
import { run } from "./run.ts";

/** Programs of an image that pgstack builds, for tests that check its files with the programs that read them. */
export class ToolImage {
  readonly #reference: string;

  private constructor(reference: string) {
    this.#reference = reference;
  }

  /** Builds `images/<folder>`; layers that the engine knows are not built again. */
  static async build(folder: string): Promise<ToolImage> {
    // A name of its own: another test file may build the same folder, and remove it, at the same time.
    const reference = `pgstack-test/${folder}:tools-${randomBytes(3).toString("hex")}`;
    const built = await run("docker", ["build", "--network", "host", "--tag", reference, `images/${folder}`], {
      cwd: root,
      env: { ...process.env, DOCKER_BUILDKIT: "0" },
    });
    if (built.code !== 0) throw new Error(built.output);
    return new ToolImage(reference);
  }

  /**
   * Runs shell text in a folder of its own that holds the files; without network.
   *
   * @param files - path → text; folders are made
   */
  async run(files: Readonly<Record<string, string>>, script: string): Promise<RunResult> {
    const writes = Object.entries(files).map(
      ([path, text]) => `mkdir -p "$(dirname ${path})"; base64 -d > ${path} <<'END'\n${Buffer.from(text).toString("base64")}\nEND\n`,
    );
    const input = `set -eu; cd "$(mktemp -d)"\n${writes.join("")}${script}\n`;
    return run("docker", ["run", "--rm", "--interactive", "--network", "none", this.#reference, "/bin/bash", "-s"], { stdin: input });
  }

  async remove(): Promise<void> {
    await run("docker", ["rmi", this.#reference]);
  }
}
