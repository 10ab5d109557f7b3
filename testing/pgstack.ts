import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import type { Deployment } from "./deployment.ts";
import type { RunResult } from "./run.ts";
import { run } from "./run.ts";

/** `./pgstack <command>` as a person runs it; by its links the program belongs to the deployment's folder. */
export async function pgstack(deployment: Deployment, command: string, ...words: readonly string[]): Promise<RunResult> {
  const links = ["--preserve-symlinks", "--preserve-symlinks-main"];
  const stack = `organization/pgstack/${deployment.stack}`;
  const program = [...links, join(deployment.folder, "src/cli/main.ts"), command, "--stack", stack, ...words];
  return run("node", program, { cwd: deployment.folder, env: deployment.environment(), timeoutMs: 300_000 });
}

/** `./pgstack reclone`, which writes into the stack file. */
export async function reclone(deployment: Deployment, ...words: readonly string[]): Promise<RunResult> {
  const result = await pgstack(deployment, "reclone", ...words);
  const file = parse(readFileSync(join(deployment.folder, `Pulumi.${deployment.stack}.yaml`), "utf8")) as {
    readonly config: Readonly<Record<string, unknown>>;
  };
  // The next change of a key writes the file again.
  deployment.configure({ reclone: file.config["pgstack:reclone"] });
  return result;
}
