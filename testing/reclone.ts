import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import type { Deployment } from "./deployment.ts";
import type { RunResult } from "./run.ts";
import { run } from "./run.ts";

/** `./pgstack reclone` as a person runs it; by its links the program belongs to the deployment's folder. */
export async function reclone(deployment: Deployment, ...words: readonly string[]): Promise<RunResult> {
  const links = ["--preserve-symlinks", "--preserve-symlinks-main"];
  const stack = `organization/pgstack/${deployment.stack}`;
  const program = [...links, join(deployment.folder, "src/cli/main.ts"), "reclone", "--stack", stack, ...words];
  const result = await run("node", program, { cwd: deployment.folder, env: deployment.environment(), timeoutMs: 300_000 });
  const file = parse(readFileSync(join(deployment.folder, `Pulumi.${deployment.stack}.yaml`), "utf8")) as {
    readonly config: Readonly<Record<string, unknown>>;
  };
  // The next change of a key writes the file again.
  deployment.configure({ reclone: file.config["pgstack:reclone"] });
  return result;
}
