import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { poll } from "../src/deadline.ts";
import { connectEngine } from "../src/engine/connect.ts";
import { run } from "./run.ts";

/** What keeps this machine from running a second engine; undefined when nothing does. */
export async function whyNoSecondEngine(): Promise<string | undefined> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "it needs root on Linux";
  for (const tool of ["dockerd", "unshare", "nsenter", "ip", "umount"])
    if ((await run("which", [tool])).code !== 0) return `it needs ${tool}`;
  return undefined;
}

/**
 * A Docker engine of a test's own, which it may stop and kill: with data, socket and a network space of its own, so that it
 * shares no bridge, firewall rule or port with the machine's engine. Ports are published inside that space alone: what
 * connects to them has to run `through` it.
 */
export class SecondEngine {
  readonly host: string;
  /** Command in front of what must see the published ports. */
  readonly through: readonly string[];
  readonly #folder: string;
  readonly #space: ChildProcess;
  #daemon: ChildProcess | undefined;

  private constructor(folder: string, space: ChildProcess) {
    this.#folder = folder;
    this.#space = space;
    this.host = `unix://${join(folder, "docker.sock")}`;
    this.through = ["nsenter", `--net=/proc/${space.pid ?? 0}/ns/net`, "--"];
  }

  /** @param images - copied from the machine's engine */
  static async create(images: readonly string[]): Promise<SecondEngine> {
    const folder = mkdtempSync(join(tmpdir(), "pgstack-test-engine-"));
    const space = spawn("unshare", ["--net", "sh", "-c", "ip link set lo up && echo ready && exec sleep infinity"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const engine = new SecondEngine(folder, space);
    try {
      await new Promise<void>((resolve, reject) => {
        space.stdout.once("data", () => resolve());
        space.once("exit", () => reject(new Error("no network space could be made")));
      });
      await engine.start();
      const copied = await run("bash", ["-c", 'docker save "${@:2}" | docker --host "$1" load', "copy", engine.host, ...images]);
      if (copied.code !== 0) throw new Error(`images could not be copied: ${copied.output}`);
      return engine;
    } catch (error) {
      await engine.remove();
      throw error;
    }
  }

  /** Starts the daemon and waits until it answers. */
  async start(): Promise<void> {
    const log = openSync(join(this.#folder, "dockerd.log"), "a");
    const own = ["data", "exec"].map((name) => `--${name}-root=${join(this.#folder, name)}`);
    const daemon = spawn(
      "nsenter",
      [
        ...this.through.slice(1),
        "dockerd",
        ...own,
        `--pidfile=${join(this.#folder, "pid")}`,
        `--host=${this.host}`,
        "--bip=172.27.99.1/24",
      ],
      // A process group of its own: Ctrl-C in the terminal is for the tests, which then end it.
      { stdio: ["ignore", log, log], detached: true },
    );
    closeSync(log);
    this.#daemon = daemon;
    const engine = await connectEngine(this.host);
    const answers = async (): Promise<true | undefined> => {
      if (daemon.exitCode !== null)
        throw new Error(`dockerd ended: ${readFileSync(join(this.#folder, "dockerd.log"), "utf8").slice(-2000)}`);
      return engine.ping().then(
        () => true as const,
        () => undefined,
      );
    };
    if ((await poll(answers, { everyMs: 50, timeoutMs: 60_000 })) === undefined) throw new Error("dockerd does not answer");
  }

  /** Ends the daemon; SIGTERM as an init system does, SIGKILL as a crash. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => daemon.once("exit", () => resolve()));
    daemon.kill(signal);
    await ended;
    await this.#withoutContainerd();
  }

  /** A killed daemon's containerd ends with it, but may stay a zombie for a while: the next daemon would wait for it. */
  async #withoutContainerd(): Promise<void> {
    const file = join(this.#folder, "exec/containerd/containerd.pid");
    const isGone = (): Promise<true | undefined> => {
      try {
        const status = readFileSync(`/proc/${readFileSync(file, "utf8").trim()}/status`, "utf8");
        return Promise.resolve(/^State:\s*Z/m.test(status) ? true : undefined);
      } catch {
        return Promise.resolve(true);
      }
    };
    if ((await poll(isGone, { everyMs: 50, timeoutMs: 30_000 })) === undefined) throw new Error("containerd did not end");
    rmSync(file, { force: true });
  }

  /** Ends and deletes all of it. */
  async remove(): Promise<void> {
    await this.end("SIGTERM");
    this.#space.kill("SIGKILL");
    const mounted = readFileSync("/proc/mounts", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[1] ?? "")
      .filter((path) => path.startsWith(`${this.#folder}/`));
    for (const path of mounted.toReversed()) await run("umount", ["--lazy", path]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
