import { describe, expect, it } from "vitest";

import { drain, isOutOfRotation, putBack } from "../../../provider/traffic/drain.ts";
import { whileHeld } from "../../../provider/traffic/hold.ts";
import { pauseLeader, resumeLeader } from "../../../provider/traffic/pause.ts";
import type { Traffic } from "../../../provider/traffic/world.ts";
import { FakedTraffic, leader, replica, routesWith, trafficOf } from "./faked-traffic.ts";

/** Tries work once for each of its steps, which fails then. A pooler that does not answer just after a reload is asked again. */
async function failingAtEach(
  readers: readonly string[],
  work: (traffic: Traffic) => Promise<unknown>,
  expectAfter: (world: FakedTraffic, where: string) => void,
): Promise<void> {
  const whole = new FakedTraffic(readers);
  await work(trafficOf(whole));
  expect(whole.steps.length).toBeGreaterThan(2);
  for (let failsAt = 1; failsAt <= whole.steps.length; failsAt += 1) {
    const world = new FakedTraffic(readers);
    world.failsAt = failsAt;
    const failed = await work(trafficOf(world)).then(
      () => false,
      () => true,
    );
    const isAskedAgain = whole.steps.slice(failsAt - 2, failsAt).join() === "reload,ask for routes";
    expect(failed, `step ${failsAt} of ${whole.steps.join(", ")}`).toBe(!isAskedAgain);
    expectAfter(world, `${failsAt}: ${world.steps.join(", ")}`);
  }
}

describe("a replica that leaves rotation", () => {
  const both = ["pg2", "pg3"];

  it("is in no route, and back in all of them in the declared order", async () => {
    const world = new FakedTraffic(both);
    const traffic = trafficOf(world);
    const before = new Map(world.files);
    await drain(traffic, replica);
    expect(world.hostsOf("app_ro")).toEqual(["pg3"]);
    expect(await isOutOfRotation(world, replica)).toBe(true);
    await putBack(traffic, replica);
    expect(world.files).toEqual(before);
    expect(world.hostsOf("app_ro")).toEqual(both);
    expect(await isOutOfRotation(world, replica)).toBe(false);
  });

  it("has the leader stand in when it is the only one", async () => {
    const world = new FakedTraffic(["pg2"]);
    await drain(trafficOf(world), replica);
    expect(world.hostsOf("app_ro")).toEqual(["pg1"]);
  });

  it("is put back when its reads do not end, also when it does not say which", async () => {
    const world = new FakedTraffic(both);
    world.busy.add("pg2");
    world.long = "pid 7 in a transaction for 90 s";
    await expect(drain(trafficOf(world), replica)).rejects.toThrow(/did not end within 0\.02 s.*pid 7/);
    expect(world.hostsOf("app_ro")).toEqual(both);
    const silent = new FakedTraffic(both);
    silent.busy.add("pg2");
    silent.sql = async () => Promise.reject(new Error("no server"));
    await expect(drain(trafficOf(silent), replica)).rejects.toThrow(/it does not say which/);
    expect(silent.hostsOf("app_ro")).toEqual(both);
  });

  it("stays where it is when the pooler does not serve", async () => {
    const world = new FakedTraffic(both);
    world.serving = false;
    await drain(trafficOf(world), replica);
    expect(world.steps).toEqual([]);
  });

  it("is left to the deployment's last step where the routes were changed by hand", async () => {
    const world = new FakedTraffic(both);
    world.files.set("routes.json", "[databases]\napp = host=pg1\n");
    await putBack(trafficOf(world), replica);
    expect(world.steps).not.toContain("write");
    await expect(drain(trafficOf(world), replica)).rejects.toThrow("not as pgstack wrote it");
  });

  it("is not out of rotation as long as one process leads to it, nor where none runs, nor when they do not answer", async () => {
    const world = new FakedTraffic(both);
    world.deaf.add(1);
    world.put({ ...routesWith(both), drained: { pg2: "watcher" } });
    await world.reload();
    expect(await isOutOfRotation(world, replica)).toBe(false);
    world.stopped.add(1);
    expect(await isOutOfRotation(world, replica)).toBe(true);
    world.stopped.add(2);
    expect(await isOutOfRotation(world, replica)).toBe(false);
    expect(await isOutOfRotation({ processes: async () => Promise.reject(new Error("no answer")) }, replica)).toBe(false);
  });

  it("is in no route of a process either that does not run meanwhile", async () => {
    const world = new FakedTraffic(both);
    world.stopped.add(1);
    await drain(trafficOf(world), replica);
    expect(world.hostsOf("app_ro")).toEqual(["pg3"]);
    world.start(1);
    expect(world.hostsOf("app_ro")).toEqual(["pg3"]);
    await putBack(trafficOf(world), replica);
    expect(world.hostsOf("app_ro")).toEqual(both);
  });

  it("can be put back after a failure at any step", async () => {
    const left: FakedTraffic[] = [];
    await failingAtEach(
      both,
      (traffic) => drain(traffic, replica),
      (world) => left.push(world),
    );
    for (const world of left) {
      world.failsAt = Infinity;
      await putBack(trafficOf(world), replica);
      await world.reload();
      expect(world.hostsOf("app_ro"), world.steps.join(", ")).toEqual(both);
    }
  });
});

describe("a pause of the leader's clients", () => {
  const readers = ["pg2"];

  it("begins after a checkpoint and with a watch that ends it, and ends by a resume", async () => {
    const world = new FakedTraffic(readers);
    const traffic = trafficOf(world);
    expect(await pauseLeader(traffic, leader)).toEqual(["app"]);
    expect(world.steps).toEqual(["ask for routes", "ask for transactions", "checkpoint", "watch app", "await no logins", "pause app"]);
    await resumeLeader(traffic, leader);
    expect(world.paused).toEqual(new Set());
  });

  it("holds the routes that lead to it in any process, and ends where one process alone holds them", async () => {
    const world = new FakedTraffic(["pg2", "pg3"]);
    world.deaf.add(1);
    world.put({ ...routesWith(["pg2", "pg3"]), drained: { pg2: "x", pg3: "y" } });
    await world.reload();
    expect(world.hostsOf("app_ro")).toEqual(["pg2", "pg1"]);
    const traffic = trafficOf(world);
    expect(await pauseLeader(traffic, leader)).toEqual(["app", "app_ro"]);
    expect(world.watched).toEqual(new Set(["app", "app_ro"]));
    world.restless.add(1);
    await resumeLeader(traffic, leader);
    expect(world.paused).toEqual(new Set());
  });

  it("is none where no process runs", async () => {
    const world = new FakedTraffic(readers);
    for (const number of world.numbers()) world.stopped.add(number);
    expect(await pauseLeader(trafficOf(world), leader)).toEqual([]);
    expect(world.steps).toEqual(["ask for routes"]);
  });

  it("does not begin while long transactions run", async () => {
    const world = new FakedTraffic(readers);
    world.long = "pid 7 in a transaction for 90 s";
    await expect(pauseLeader(trafficOf(world), leader)).rejects.toThrow(/nothing was changed on it: pid 7/);
    expect([world.watched.size, world.paused.size]).toEqual([0, 0]);
  });

  it("is given up when transactions do not end: clients go on, also when the leader does not say which", async () => {
    for (const sql of [
      async () => "",
      async (_: string, text: string) => (text.includes("0 * interval") ? Promise.reject(new Error("no server")) : ""),
    ]) {
      const world = new FakedTraffic(readers);
      world.endless.add("app");
      world.sql = sql;
      await expect(pauseLeader(trafficOf(world), leader)).rejects.toThrow(/clients go on/);
      expect(world.paused).toEqual(new Set());
    }
  });

  it("that fails at any step holds nobody without a watch", async () => {
    await failingAtEach(
      readers,
      (traffic) => pauseLeader(traffic, leader),
      (world, where) => {
        expect(
          [...world.paused].filter((name) => !world.watched.has(name)),
          where,
        ).toEqual([]);
      },
    );
  });
});

describe("work while routes are held", () => {
  const readers = ["pg2"];

  it("lets clients go when it fails", async () => {
    const world = new FakedTraffic(readers);
    const work = async (): Promise<never> => Promise.reject(new Error("no"));
    await expect(whileHeld(trafficOf(world), ["app", "app_ro"], work)).rejects.toThrow("no");
    expect(world.paused).toEqual(new Set());
  });

  it("is done with nobody held when there are no routes", async () => {
    const world = new FakedTraffic(readers);
    expect(await whileHeld(trafficOf(world), [], async () => 1)).toBe(1);
    expect(world.steps).toEqual([]);
  });

  it("that fails at any step holds nobody without a watch", async () => {
    let done = 0;
    const work = (traffic: Traffic): Promise<unknown> => whileHeld(traffic, ["app"], async () => (done += 1));
    const whole = new FakedTraffic(readers);
    await work(trafficOf(whole));
    expect(done).toBe(1);
    for (let failsAt = 1; failsAt <= whole.steps.length; failsAt += 1) {
      const world = new FakedTraffic(readers);
      world.failsAt = failsAt;
      await work(trafficOf(world)).catch(() => undefined);
      expect(
        [...world.paused].filter((name) => !world.watched.has(name)),
        world.steps.join(", "),
      ).toEqual([]);
    }
  });
});
