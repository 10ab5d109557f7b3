import { describe, expect, it } from "vitest";

import type { ReadyWorld } from "../../../provider/service/ready.ts";
import { waitUntilReady } from "../../../provider/service/ready.ts";
import type { ContainerState } from "../../../src/engine/container.ts";
import type { Readiness } from "../../../src/postgres/readiness.ts";
import { noLeader } from "../../../src/postgres/readiness.ts";
import { context, nodeOf } from "./faked-traffic.ts";

const running: ContainerState = { id: "1", running: true, restarting: false, restartCount: 0, exitCode: 0, outOfMemory: false };
const gate = { node: nodeOf("pg2", "replica"), prefix: "pgstack-a", password: "x", patienceS: 120 };

/** A container whose server gets on by one answer each time that it is asked; each takes a second. */
class Faked implements ReadyWorld {
  started = 0;
  asked = 0;
  container: ContainerState | undefined = running;
  log: readonly string[] = ["starting"];
  readonly #answers: readonly Readiness[];

  constructor(...answers: readonly Readiness[]) {
    this.#answers = answers;
  }

  start = async (): Promise<void> => void (this.started += 1);
  state = async (): Promise<ContainerState | undefined> => this.container;
  lastLines = async (): Promise<readonly string[]> => this.log;
  now = (): number => this.asked * 1000;

  readiness = async (): Promise<Readiness> => {
    this.asked += 1;
    return this.#answers[Math.min(this.asked, this.#answers.length) - 1] ?? { state: "waiting", reason: "no answer" };
  };
}

const wait = (world: Faked, patienceS = 120): ReturnType<typeof waitUntilReady> => waitUntilReady(context, world, { ...gate, patienceS });
const waiting = (reason: string): Readiness => ({ state: "waiting", reason });

describe("the gate of a node", () => {
  it("starts a container that is down, and ends with the role in which the node serves", async () => {
    const world = new Faked(waiting("2 bytes behind the leader"), { state: "ready", role: "replica" });
    expect(await wait(world)).toBe("replica");
    expect([world.started, world.asked]).toEqual([1, 2]);
    expect(await wait(new Faked({ state: "ready", role: "leader" }))).toBe("leader");
  });

  it("ends at once with what never becomes right, and with the log", async () => {
    const world = new Faked({ state: "wrong", reason: "it accepts writes, and so does pg1" });
    await expect(wait(world)).rejects.toThrow(/not ready: it accepts writes, and so does pg1\n {2}its last log lines:\n {4}starting/);
    expect(world.asked).toBe(1);
  });

  it.each([
    [undefined, "its container is gone"],
    [{ ...running, running: false, exitCode: 78 }, "exit code 78"],
    [{ ...running, restartCount: 1 }, "was started again"],
    [{ ...running, running: false, exitCode: 137, outOfMemory: true }, "more memory than its limit"],
  ] as const)("ends when the container does: %o", async (after, reason) => {
    const world = new Faked(waiting("no answer"));
    const { state } = world;
    world.state = () => (world.asked === 0 ? state() : Promise.resolve(after));
    await expect(wait(world)).rejects.toThrow(reason);
  });

  it("ends after its patience without progress, and not while its log goes on", async () => {
    const stuck = new Faked(waiting("no answer"));
    await expect(wait(stuck, 20)).rejects.toThrow("no progress for 20 s: no answer");
    const cloning = new Faked(...Array.from({ length: 60 }, () => waiting("no answer")), { state: "ready", role: "replica" });
    cloning.lastLines = async () => [`copied ${cloning.asked} MB`];
    expect(await wait(cloning, 20)).toBe("replica");
  });

  it("ends ten seconds after no node takes writes, and not while one is being promoted", async () => {
    const none = waiting(`${noLeader} (pg1: a replica)`);
    const lost = new Faked(none);
    await expect(wait(lost)).rejects.toThrow("no node takes writes (pg1: a replica)");
    expect(lost.asked).toBeLessThan(20);
    const promoted = new Faked(none, none, none, none, none, { state: "ready", role: "leader" });
    expect(await wait(promoted)).toBe("leader");
  });

  it("ends when the leader has removed WAL that the node needs", async () => {
    const world = new Faked(waiting("its WAL receiver is not running"));
    world.log = ["FATAL: requested WAL segment 000000010000000000000003 has already been removed"];
    await expect(wait(world)).rejects.toThrow(/cannot catch up[\s\S]*already been removed[\s\S]*\.\/pgstack reclone pg2/);
  });
});
