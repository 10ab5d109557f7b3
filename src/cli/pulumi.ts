import { spawn } from "node:child_process";

import { UserError } from "../errors.ts";
import type { CommandIo } from "./command.ts";
import { project } from "./stack-plan.ts";

/** Runs Pulumi with these arguments where a person sees it, or on the error output; gives its exit code. */
export type RunPulumi = (args: readonly string[], io: CommandIo, quiet: boolean) => Promise<number>;

/** Pulumi's own progress, as it is. */
export function runPulumi(args: readonly string[], { signal }: CommandIo, quiet: boolean): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const child = spawn("pulumi", [...args], { cwd: project, stdio: ["inherit", quiet ? 2 : "inherit", "inherit"] });
  // A terminal tells both; Pulumi treats a second interrupt as a request to stop immediately.
  if (!process.stdin.isTTY) signal.addEventListener("abort", () => child.kill("SIGINT"), { once: true });
  child.on("error", (error: NodeJS.ErrnoException) =>
    reject(
      error.code === "ENOENT"
        ? new UserError([{ where: "pulumi", problem: "`pulumi` was not found on PATH", fix: 'run make setup, then eval "$(make -s env)"' }])
        : error,
    ),
  );
  child.on("close", (code) => resolve(code ?? -1));
  return promise;
}
