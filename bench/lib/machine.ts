import { arch, cpus, loadavg, release, totalmem, type } from "node:os";

import { run } from "../../testing/run.ts";

/** What the figures were taken on. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly system: string;
  /** Name → version. */
  readonly versions: Readonly<Record<string, string>>;
  /** Load average over one minute before the scenario began. */
  readonly load: number;
}

export async function describeMachine(): Promise<Machine> {
  const version = async (command: string, ...args: readonly string[]): Promise<string> => {
    const { code, stdout } = await run(command, args).catch(() => ({ code: -1, stdout: "" }));
    return code === 0 ? (stdout.trim().split("\n")[0] ?? "") : "unknown";
  };
  const [engine, compose, pulumi, commit] = await Promise.all([
    version("docker", "version", "--format", "{{.Server.Version}}"),
    version("docker", "compose", "version", "--short"),
    version("pulumi", "version"),
    version("git", "rev-parse", "--short", "HEAD"),
  ]);
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 1024 ** 2),
    system: `${type()} ${release()} ${arch()}`,
    versions: { node: process.version, pulumi, "docker engine": engine, "docker compose": compose, pgstack: commit },
    load: currentLoad(),
  };
}

/** Load average over one minute. */
export function currentLoad(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}
