import { expect } from "vitest";

import { runCheck } from "../src/check/run.ts";
import { poll } from "../src/deadline.ts";
import { containerState } from "../src/engine/container.ts";
import type { Deployment, Outputs } from "./deployment.ts";
import type { RunResult } from "./run.ts";
import { run } from "./run.ts";
import type { Written } from "./writer.ts";
import { lostRows, Writer } from "./writer.ts";

/** A fault of a running cluster. */
export interface Fault {
  readonly bringAbout: () => Promise<unknown>;
  /** What the check says while it lasts, as `code node`; undefined: it is over before a check is. */
  readonly seen?: readonly string[];
  /** How a person repairs it; undefined: the cluster is back by itself. */
  readonly repair?: () => Promise<unknown>;
  /** While the fault lasts, after it was seen. */
  readonly meanwhile?: (writer: Writer) => Promise<unknown>;
  /** How long the cluster may need to be healthy again, in milliseconds. @default 45 s */
  readonly backWithinMs?: number;
}

/** How long a fault may take to show, and the cluster to be healthy again. */
const patienceMs = 45_000;

/** A cluster that is written to while something breaks. */
export class UnderLoad {
  readonly deployment: Deployment;
  #outputs: Outputs;

  private constructor(deployment: Deployment, outputs: Outputs) {
    this.deployment = deployment;
    this.#outputs = outputs;
  }

  static async of(deployment: Deployment): Promise<UnderLoad> {
    return new UnderLoad(deployment, await deployment.outputs());
  }

  /**
   * Brings a fault about under write load. The check must name it while it lasts; afterwards the cluster must be healthy, hold
   * every confirmed row on every node, and need no change.
   */
  async survives(fault: Fault): Promise<Written> {
    const writer = await Writer.start(this.#outputs.writeUrl);
    try {
      const watch = this.#watch();
      await fault.bringAbout();
      if (fault.seen !== undefined) await watch.until(fault.seen);
      await watch.stop();
      await fault.meanwhile?.(writer);
      await fault.repair?.();
      this.#outputs = await this.deployment.outputs();
      await writer.next();
    } finally {
      await writer.stop();
    }
    await this.expectHealthy(fault.backWithinMs);
    await this.expectNothingLost(writer.written);
    await this.deployment.up("--expect-no-changes");
    return writer.written;
  }

  async expectHealthy(timeoutMs = patienceMs): Promise<void> {
    const { target, secrets } = this.#outputs.check;
    const { findings } = await runCheck(target, secrets, { timeoutMs });
    expect(findings).toEqual([]);
  }

  async expectNothingLost(written: Pick<Written, "acknowledged">): Promise<void> {
    expect(written.acknowledged.length).toBeGreaterThan(0);
    for (const { name } of this.#outputs.nodes)
      expect(await lostRows(written, (sql) => this.deployment.sql(name, sql, "app")), `rows missing on ${name}`).toEqual([]);
  }

  /** Codes of one look, as `code node`. */
  async look(): Promise<readonly string[]> {
    const { target, secrets } = this.#outputs.check;
    const { findings } = await runCheck(target, secrets, { timeoutMs: 0 });
    return findings.map(({ code, node }) => [code, node].filter((part) => part !== undefined).join(" "));
  }

  /** Looks again and again; short faults are seen only that way. */
  #watch(): { readonly until: (expected: readonly string[]) => Promise<void>; readonly stop: () => Promise<void> } {
    const stopping = new AbortController();
    const looks: string[][] = [];
    const looking = (async () => {
      while (!stopping.signal.aborted) looks.push([...(await this.look())]);
    })();
    const sawAll = (expected: readonly string[]) => (): Promise<true | undefined> =>
      Promise.resolve(looks.some((codes) => expected.every((code) => codes.includes(code))) ? true : undefined);
    return {
      until: async (expected) => {
        if ((await poll(sawAll(expected), { everyMs: 50, timeoutMs: patienceMs })) === undefined)
          throw new Error(
            `the check did not say ${expected.join(", ")}; it said ${looks.map((codes) => `[${codes.join(", ")}]`).join(" ")}`,
          );
      },
      stop: async () => {
        stopping.abort();
        await looking;
      },
    };
  }

  container(service: string): string {
    return this.deployment.container(service);
  }

  /** A docker command that must succeed. */
  async docker(...args: readonly string[]): Promise<RunResult> {
    const result = await run("docker", args);
    if (result.code !== 0) throw new Error(`docker ${args.join(" ")}: ${result.output}`);
    return result;
  }

  /** Sends a signal to a container's first process from outside, as the kernel would: the engine takes it for a crash. */
  async crash(service: string): Promise<void> {
    const { State } = await this.deployment.engine.getContainer(this.container(service)).inspect();
    const name = this.container(`crash-${service}`);
    // From a container in the host's process space: users of the engine can do that, root or not.
    const asHost = ["run", "--rm", "--name", name, "--pid=host", "--user=0", "--network=none"];
    await this.docker(...asHost, "debian:trixie-slim", "bash", "-c", `kill -KILL ${State.Pid}`);
  }

  /** Crashes a container's first process and waits until the engine has started it again by itself. */
  async crashAndReturn(service: string): Promise<void> {
    const state = () => containerState(this.deployment.engine, this.container(service));
    const before = (await state())?.restartCount ?? 0;
    await this.crash(service);
    const returned = async (): Promise<true | undefined> => {
      const now = await state();
      return now?.running === true && now.restartCount > before ? true : undefined;
    };
    expect(await poll(returned, { everyMs: 100, timeoutMs: patienceMs }), service).toBe(true);
  }

  /** Waits until the engine has started a container again. */
  async isRunning(service: string): Promise<void> {
    const running = async (): Promise<true | undefined> =>
      (await containerState(this.deployment.engine, this.container(service)))?.running === true ? true : undefined;
    expect(await poll(running, { everyMs: 100, timeoutMs: patienceMs })).toBe(true);
  }
}
