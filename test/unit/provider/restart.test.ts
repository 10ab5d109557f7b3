import { describe, expect, it } from "vitest";

import { restartNode } from "../../../provider/service/restart.ts";
import type { RestartWorld } from "../../../provider/service/restart.ts";
import { FakedTraffic, leader, replica, trafficOf } from "./faked-traffic.ts";

const readers = ["pg2", "pg3"];

class Faked extends FakedTraffic {
  /** Nodes that serve. */
  readonly up = new Set(["pg1", "pg2", "pg3"]);
  /** Nodes that do not get ready again. */
  readonly broken = new Set<string>();
  down = false;

  override isRunning = async (): Promise<boolean> => !this.down;

  get world(): RestartWorld {
    return {
      traffic: trafficOf(this),
      restart: async ({ name }) => {
        this.step(`restart ${name}`);
        expect(this.hostsOf("app_ro"), "a node that is read from is never restarted").not.toContain(name);
        expect(name !== "pg1" || this.paused.has("app"), "the leader is never restarted while clients are not held").toBe(true);
        this.up.delete(name);
      },
      ready: async ({ name }) => {
        this.step(`wait for ${name}`);
        if (this.broken.has(name)) throw new Error(`${name} does not get ready`);
        this.up.add(name);
      },
    };
  }
}

describe("the restart of a replica", () => {
  it("happens outside of rotation, and ends in it", async () => {
    const faked = new Faked(readers);
    expect(await restartNode(faked.world, replica)).toBeUndefined();
    expect(faked.steps.filter((step) => !step.startsWith("ask"))).toEqual([
      "wait for pg2",
      "write",
      "reload",
      "checkpoint",
      "restart pg2",
      "wait for pg2",
      "write",
      "reload",
    ]);
    expect(faked.hostsOf("app_ro")).toEqual(readers);
  });

  it("that fails at any step never lets clients read from a node that is not up", async () => {
    const whole = new Faked(readers);
    await restartNode(whole.world, replica);
    for (let failsAt = 1; failsAt <= whole.steps.length; failsAt += 1) {
      const faked = new Faked(readers);
      faked.failsAt = failsAt;
      // A pooler that does not answer just after it was told to reload is asked again.
      await restartNode(faked.world, replica).catch((error: unknown) => expect(String(error)).toContain("broken at"));
      const where = `${failsAt}: ${faked.steps.join(", ")}`;
      expect(
        faked.hostsOf("app_ro")?.filter((name) => !faked.up.has(name)),
        where,
      ).toEqual([]);
    }
  });

  it("that does not come back stays out of rotation", async () => {
    const faked = new Faked(readers);
    const { world } = faked;
    faked.down = true;
    faked.broken.add("pg2");
    await expect(restartNode(world, replica)).rejects.toThrow("does not get ready");
    expect(faked.hostsOf("app_ro")).toEqual(["pg3"]);
  });
});

describe("the restart of the leader", () => {
  it("happens while its clients are held, and says for how long", async () => {
    const faked = new Faked(readers);
    expect(await restartNode(faked.world, leader)).toBeGreaterThanOrEqual(0);
    expect(faked.steps.filter((step) => /^(restart|wait|pause|resume)/.test(step))).toEqual([
      "pause app",
      "restart pg1",
      "wait for pg1",
      "resume app",
    ]);
  });

  it("that is down is a start, for which nobody is held", async () => {
    const faked = new Faked(readers);
    faked.down = true;
    expect(await restartNode(faked.world, leader)).toBeUndefined();
    expect(faked.steps).not.toContain("restart pg1");
    expect(faked.steps).not.toContain("pause app");
  });

  it("that fails at any step holds nobody without a watch, and nobody at all when the pooler answers", async () => {
    const whole = new Faked(readers);
    await restartNode(whole.world, leader);
    for (let failsAt = 1; failsAt <= whole.steps.length; failsAt += 1) {
      const faked = new Faked(readers);
      faked.failsAt = failsAt;
      await expect(restartNode(faked.world, leader)).rejects.toThrow();
      const where = `${failsAt}: ${faked.steps.join(", ")}`;
      expect(
        [...faked.paused].filter((name) => !faked.watched.has(name)),
        where,
      ).toEqual([]);
      if (!/^(ask for routes|resume)/.test(faked.steps[failsAt - 1] ?? "")) expect(faked.paused, where).toEqual(new Set());
    }
  });
});
