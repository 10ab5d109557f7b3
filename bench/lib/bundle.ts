import { join } from "node:path";

import { runProgram } from "../../src/cli/program.ts";
import { Deployment } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";

/** Longest `docker compose` command. */
const commandMs = 180_000;

/** The Compose bundle of a stack, started without Pulumi. */
export class Bundle {
  readonly #deployment: Deployment;

  private constructor(deployment: Deployment) {
    this.#deployment = deployment;
  }

  /**
   * Renders the bundle of a stack that is never deployed.
   *
   * @returns undefined when this checkout cannot render bundles
   */
  static async create(replicas: number): Promise<Bundle | undefined> {
    const renderer = await import("../../src/cli/render.ts").catch(() => undefined);
    if (renderer === undefined) return undefined;
    const deployment = await Deployment.create("production", { replicas: String(replicas) });
    let said = "";
    const write = (text: string): void => void (said += text);
    const io = { out: write, err: write, isTerminal: false, signal: new AbortController().signal };
    const args = ["render", "--stack", deployment.stack, "--out", join(deployment.folder, "bundle")];
    const code = await runProgram(args, io, [renderer.renderCommand(deployment.folder)]);
    if (code === 0) return new Bundle(deployment);
    await deployment.remove();
    throw new Error(`the bundle was not rendered: ${said}`);
  }

  /** `docker compose up -d`, which must succeed. */
  async up(...options: readonly string[]): Promise<void> {
    const folder = join(this.#deployment.folder, "bundle");
    const { code, output } = await run("docker", ["compose", "up", "--detach", ...options], { cwd: folder, timeoutMs: commandMs });
    if (code !== 0) throw new Error(`docker compose up of the bundle failed:\n${output}`);
  }

  remove(): Promise<void> {
    return this.#deployment.remove();
  }
}
