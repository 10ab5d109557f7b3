import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

import { poll } from "../src/deadline.ts";
import type { Deployment } from "./deployment.ts";

export interface Ended {
  /** -1 when a signal ended it. */
  readonly code: number;
  readonly output: string;
}

/** A Pulumi command that a test interrupts. */
export class PulumiProcess {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #output = "";

  constructor(deployment: Deployment, ...args: readonly string[]) {
    const [command = "", ...rest] = deployment.pulumiCommand(args);
    const child = spawn(command, rest, { cwd: deployment.folder, env: deployment.environment(), stdio: ["ignore", "pipe", "pipe"] });
    const { promise, resolve, reject } = Promise.withResolvers<Ended>();
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
    child.on("error", reject);
    // Not `close`: plugins that outlive a killed Pulumi hold its output open.
    child.on("exit", (code) => resolve({ code: code ?? -1, output: this.#output }));
    this.#child = child;
    this.ended = promise;
  }

  static up(deployment: Deployment, ...args: readonly string[]): PulumiProcess {
    return new PulumiProcess(deployment, "up", "--stack", deployment.stack, "--yes", "--skip-preview", ...args);
  }

  /** Waits until a line of the output so far fits. */
  async until(pattern: RegExp, timeoutMs = 90_000): Promise<void> {
    const found = await poll(
      () => {
        if (pattern.test(this.#output)) return Promise.resolve(true);
        if (this.#child.exitCode !== null) throw new Error(`pulumi ended before ${String(pattern)}:\n${this.#output}`);
        return Promise.resolve(undefined);
      },
      { everyMs: 5, timeoutMs },
    );
    if (found === undefined) throw new Error(`no ${String(pattern)} in:\n${this.#output}`);
  }

  /** As the terminal's Ctrl-C does: to the command itself. */
  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  /** The command alone: what it has started continues. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

/** Processes that Pulumi started in a project's folder, as `id → command line`; found by their working directory. */
export function processesOf(deployment: Deployment): ReadonlyMap<number, string> {
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        if (!readlinkSync(`/proc/${name}/cwd`).startsWith(deployment.folder)) return [];
        return [[Number(name), readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim()] as const];
      } catch {
        // It ended meanwhile, or is another user's.
        return [];
      }
    });
  return new Map(found);
}
