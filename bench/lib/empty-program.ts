import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { testPrefix } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";
import type { RunResult } from "../../testing/run.ts";

const source = fileURLToPath(new URL("../baselines/empty-program", import.meta.url));
const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** A Pulumi project whose program declares nothing, with state of its own. */
export class EmptyProgram {
  readonly #folder: string;
  readonly #stack = `test${randomBytes(3).toString("hex")}`;

  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), `${testPrefix}-empty-`));
    cpSync(source, this.#folder, { recursive: true });
    symlinkSync(modules, join(this.#folder, "node_modules"));
    mkdirSync(join(this.#folder, "state"), { mode: 0o700 });
    writeFileSync(join(this.#folder, "passphrase"), randomBytes(24).toString("hex"), { mode: 0o600 });
  }

  static async create(): Promise<EmptyProgram> {
    const program = new EmptyProgram();
    await program.pulumi("stack", "init");
    await program.pulumi("up", "--yes", "--skip-preview");
    return program;
  }

  /** A Pulumi command that must succeed. */
  async pulumi(...args: readonly string[]): Promise<RunResult> {
    const { PULUMI_CONFIG_PASSPHRASE: _passphrase, ...inherited } = process.env;
    const result = await run("pulumi", [...args, "--stack", this.#stack, "--non-interactive", "--color", "never"], {
      cwd: this.#folder,
      env: {
        ...inherited,
        PULUMI_BACKEND_URL: `file://${join(this.#folder, "state")}`,
        PULUMI_CONFIG_PASSPHRASE_FILE: join(this.#folder, "passphrase"),
      },
      timeoutMs: 60_000,
    });
    if (result.code !== 0) throw new Error(`pulumi ${args[0] ?? ""} of the empty program failed:\n${result.output}`);
    return result;
  }

  remove(): Promise<void> {
    rmSync(this.#folder, { recursive: true, force: true });
    return Promise.resolve();
  }
}
