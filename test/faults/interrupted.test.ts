import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { poll } from "../../src/deadline.ts";
import { containerState } from "../../src/engine/container.ts";
import { Deployment } from "../../testing/deployment.ts";
import { processesOf, PulumiProcess } from "../../testing/pulumi-process.ts";
import type { RunResult } from "../../testing/run.ts";
import { run } from "../../testing/run.ts";

/** A deployment that is cut off leaves nothing that the next one cannot continue from. Each test continues from the one before. */
describe("an interrupted up", () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { memory: "512MB", exporters: false, checkTimeout: "5s" });
  });
  afterAll(() => deployment?.remove());

  const docker = (...args: string[]): Promise<RunResult> => run("docker", args);

  async function expectHealthyAndUnchanged(): Promise<void> {
    expect((await deployment.check(10_000)).findings).toEqual([]);
    const again = await deployment.up("--expect-no-changes");
    expect(again.output).not.toContain("pending operations");
  }

  /** Milliseconds from Ctrl-C to the end of the command, and its output. */
  async function interrupt(up: PulumiProcess): Promise<{ readonly ms: number; readonly code: number; readonly output: string }> {
    const began = performance.now();
    up.interrupt();
    const { code, output } = await up.ended;
    return { ms: performance.now() - began, code, output };
  }

  /** Until what a killed Pulumi has left running ends by itself, and ends what does not. */
  async function endLeftovers(): Promise<void> {
    const own = (): Promise<true | undefined> =>
      Promise.resolve(
        [...processesOf(deployment).values()].some((command) => command.includes("pulumi-resource-pgstack")) ? undefined : true,
      );
    expect(await poll(own, { everyMs: 100, timeoutMs: 10_000 })).toBe(true);
    for (const id of processesOf(deployment).keys()) process.kill(id, "SIGTERM");
    const none = (): Promise<true | undefined> => Promise.resolve(processesOf(deployment).size === 0 ? true : undefined);
    expect(await poll(none, { everyMs: 100, timeoutMs: 10_000 })).toBe(true);
  }

  it("by Ctrl-C at any point ends at once, and the next up continues from there", async () => {
    const points = [
      /Network cluster-network creating/,
      /Container cluster-pg1 creating/,
      /NodeReady cluster-pg1-ready creating/,
      /Container cluster-pg2 creating/,
      /NodeReady cluster-pg2-ready creating/,
      /ReplicationCheck cluster-check creating/,
    ];
    for (const point of points) {
      const up = PulumiProcess.up(deployment);
      await up.until(point);
      const { ms, code, output } = await interrupt(up);
      expect(code, output).not.toBe(0);
      // The Docker provider finishes what it has begun: a network takes two seconds.
      expect(ms, String(point)).toBeLessThan(5000);
      expect(output).toMatch(/update canceled|cancelled/);
    }
    expect((await deployment.up()).output).not.toContain("pending operations");
    await expectHealthyAndUnchanged();
  });

  it("by a second up at the same time is not: the second one is refused, the first one ends well", async () => {
    deployment.configure({ settings: { work_mem: "6MB" } });
    const first = PulumiProcess.up(deployment);
    await first.until(/Updating/);
    const second = await deployment.tryUp();
    const { code, output } = await first.ended;
    expect(second.code).not.toBe(0);
    expect(second.output).toContain("error: the stack is currently locked by 1 lock(s)");
    expect(code, output).toBe(0);
    await expectHealthyAndUnchanged();
  });

  it("by kill -9 while a gate waits leaves a lock and nothing else; the own provider ends by itself", async () => {
    await deployment.sql("pg1", "alter role replicator nologin;");
    deployment.configure({ replicas: 2 });
    const up = PulumiProcess.up(deployment);
    await up.until(/pg3-ready creating/);
    up.kill();
    await up.ended;
    await endLeftovers();
    await deployment.sql("pg1", "alter role replicator login;");
    expect((await deployment.tryUp()).output).toContain("error: the stack is currently locked by 1 lock(s)");
    expect((await deployment.pulumi("cancel", "--yes", "--stack", deployment.stack)).code).toBe(0);
    await deployment.up();
    await clearPendingCreates();
    await expectHealthyAndUnchanged();
  });

  it("by kill -9 while a container is created leaves one that the state does not know; its name says what to remove", async () => {
    const name = deployment.container("pg4");
    deployment.configure({ replicas: 3 });
    const up = PulumiProcess.up(deployment);
    await up.until(/Container cluster-pg4 creating/);
    const there = async (): Promise<true | undefined> => ((await containerState(deployment.engine, name)) === undefined ? undefined : true);
    expect(await poll(there, { everyMs: 2, timeoutMs: 10_000 })).toBe(true);
    up.kill();
    await up.ended;
    await endLeftovers();
    expect((await deployment.pulumi("cancel", "--yes", "--stack", deployment.stack)).code).toBe(0);
    await clearPendingCreates();
    const conflict = await deployment.tryUp();
    expect(conflict.code).not.toBe(0);
    expect(conflict.output).toContain(`The container name "/${name}" is already in use`);
    await docker("stop", "--time", "120", name);
    await docker("rm", name);
    await deployment.up();
    await expectHealthyAndUnchanged();
  });

  it("by kill -9 while changed settings are tried leaves the old ones, and containers start with them", async () => {
    const settings = async (): Promise<string> =>
      (await docker("exec", deployment.container("pg1"), "cat", "/etc/pgstack/postgresql.conf")).stdout;
    const trials = async (only: object): Promise<number> => {
      const found = await deployment.engine.listContainers({ all: true, filters: { label: ["pgstack.throw-away"], ...only } });
      return found.filter(({ Names }) => Names.some((name) => name.startsWith(`/pgstack-${deployment.stack}-`))).length;
    };
    const before = await settings();
    deployment.configure({ settings: { work_mem: "9MB" } });
    const up = PulumiProcess.up(deployment);
    expect(await poll(async () => ((await trials({})) > 0 ? true : undefined), { everyMs: 5, timeoutMs: 90_000 })).toBe(true);
    up.kill();
    for (const id of processesOf(deployment).keys()) process.kill(id, "SIGKILL");
    await up.ended;
    await endLeftovers();
    expect(await settings()).toBe(before);
    for (const node of ["pg1", "pg2"]) await docker("restart", "--time", "60", deployment.container(node));
    expect((await deployment.check(30_000)).findings).toEqual([]);
    expect(
      await poll(async () => ((await trials({ status: ["running"] })) === 0 ? true : undefined), { everyMs: 200, timeoutMs: 30_000 }),
    ).toBe(true);
    expect((await deployment.pulumi("cancel", "--yes", "--stack", deployment.stack)).code).toBe(0);
    await deployment.up();
    expect(await deployment.sql("pg1", "show work_mem;")).toBe("9MB");
    await expectHealthyAndUnchanged();
    expect((await deployment.destroy()).code).toBe(0);
    expect(await trials({})).toBe(0);
  });

  async function clearPendingCreates(): Promise<void> {
    const refreshed = await deployment.pulumi("refresh", "--clear-pending-creates", "--yes", "--skip-preview", "--stack", deployment.stack);
    expect(refreshed.code, refreshed.output).toBe(0);
  }
});
