import { describe, expect, it, vi } from "vitest";

import { putBack } from "../../../provider/traffic/drain.ts";
import { whileHeld } from "../../../provider/traffic/hold.ts";
import { awaitLeaving, changeRoutes, pausedRoutes, resumeAll, servedOtherwiseText, setRoutes } from "../../../provider/traffic/routes.ts";
import type { RunningProcess } from "../../../src/pgbouncer/console.ts";
import type { Routes } from "../../../src/pgbouncer/routes.ts";
import {
  byDeployment,
  keepingDrained,
  readRoutes,
  routesFiles,
  servedRoutes,
  withDrained,
  withoutDrained,
} from "../../../src/pgbouncer/routes.ts";
import { FakedTraffic, nodeOf, routesWith, trafficOf, wantedText } from "./faked-traffic.ts";

// One attempt: what it sees does not change.
vi.mock(import("../../../src/deadline.ts"), async (original) => ({ ...(await original()), poll: async (attempt) => attempt() }));

const both = ["pg2", "pg3"];

const pg2Out = (routes: Routes): Routes => withDrained(routes, "pg2", "watcher");

describe("a change of routes", () => {
  it("is written and served, or nothing is done when there is none", async () => {
    const world = new FakedTraffic(both);
    await changeRoutes(trafficOf(world), (routes) => withDrained(routes, "pg2", "watcher"));
    expect(world.hostsOf("app_ro")).toEqual(["pg3"]);
    const steps = world.steps.length;
    await changeRoutes(trafficOf(world), (routes) => withoutDrained(routes, "pg2", "deployment"));
    expect(world.steps).toHaveLength(steps);
  });

  it("that the pooler does not take is put back: it would not start with it", async () => {
    const world = new FakedTraffic(both);
    for (const number of world.numbers()) world.deaf.add(number);
    const before = new Map(world.files);
    await expect(changeRoutes(trafficOf(world), pg2Out)).rejects.toThrow(
      // Process 2 reads from pg3 before and after.
      "the pooler did not take its routes within 10 s: process 1 serves app_ro otherwise",
    );
    expect(world.files).toEqual(before);
    expect(world.steps.slice(-2)).toEqual(["write", "reload"]);
  });

  it("that one process does not take is put back in all of them", async () => {
    const world = new FakedTraffic(["pg2", "pg3", "pg4"]);
    world.deaf.add(1);
    const before = new Map(world.files);
    const change = changeRoutes(trafficOf(world), (routes) => withDrained(pg2Out(routes), "pg3", "watcher"));
    await expect(change).rejects.toThrow("process 1 serves app_ro otherwise");
    expect(world.files).toEqual(before);
    expect(world.hostsOf("app_ro")).toEqual(["pg2", "pg3", "pg4"]);
  });

  it("is served when those processes have it that run; another one starts with it", async () => {
    const world = new FakedTraffic(both);
    world.stopped.add(1);
    await changeRoutes(trafficOf(world), pg2Out);
    world.start(1);
    expect(world.hostsOf("app_ro")).toEqual(["pg3"]);
  });

  it("is written and nothing else where no process runs", async () => {
    const world = new FakedTraffic(both);
    for (const number of world.numbers()) world.stopped.add(number);
    await changeRoutes(trafficOf(world), pg2Out);
    expect(world.steps).toEqual(["write", "reload"]);
    expect(readRoutes(world.file)?.drained).toEqual({ pg2: "watcher" });
  });

  it("is not made in a file that pgstack has not written", async () => {
    const world = new FakedTraffic(both);
    world.files.set("routes.json", "[databases]\napp = host=pg1\n");
    await expect(changeRoutes(trafficOf(world), (routes) => routes)).rejects.toThrow(
      "routes.json in its config volume is not as pgstack wrote it",
    );
    expect(world.steps).toEqual([]);
  });

  it("that comes at the same time as another one loses neither", async () => {
    const world = new FakedTraffic(["pg2", "pg3", "pg4"]);
    const out = ["pg2", "pg3"].map((node) => changeRoutes(trafficOf(world), (routes) => withDrained(routes, node, byDeployment)));
    await Promise.all(out);
    expect(world.hostsOf("app_ro")).toEqual(["pg4"]);
    expect(wantedText(readRoutes(world.file) ?? routesWith([]))).toBe(world.file);
    await Promise.all(both.map((node) => putBack(trafficOf(world), nodeOf(node, "replica"))));
    expect(world.hostsOf("app_ro")).toEqual(["pg2", "pg3", "pg4"]);
  });

  it("to another leader has writes go to it, and nobody read from the one before it until that is let in", async () => {
    const world = new FakedTraffic(both);
    await putBack(trafficOf(world), nodeOf("pg2", "leader"));
    expect([world.hostsOf("app"), world.hostsOf("app_ro")]).toEqual([["pg2"], ["pg3"]]);
    await putBack(trafficOf(world), nodeOf("pg1", "replica"));
    expect(world.hostsOf("app_ro")).toEqual(["pg1", "pg3"]);
  });
});

describe("declared routes", () => {
  const declared = routesWith(["pg2", "pg3", "pg4"]);
  const make = (present: Routes | undefined): Routes => keepingDrained(declared, present, byDeployment);

  it("are written where there is no file, and over one that is not pgstack's", async () => {
    for (const file of [undefined, "[databases]\n"]) {
      const world = new FakedTraffic(both);
      world.readFile = async () => file;
      await setRoutes(trafficOf(world), make);
      for (const { path, content } of routesFiles(declared)) expect(world.files.get(path)).toBe(content);
      expect(world.hostsOf("app_ro")).toEqual(["pg2", "pg3", "pg4"]);
    }
  });

  it("let in what an interrupted deployment has left out, and keep out what others do", async () => {
    const world = new FakedTraffic(both);
    world.put({ ...routesWith(both), drained: { pg2: byDeployment, pg3: "watcher" } });
    await setRoutes(trafficOf(world), make);
    expect(world.hostsOf("app_ro")).toEqual(["pg2", "pg4"]);
    expect(readRoutes(world.file)?.drained).toEqual({ pg3: "watcher" });
  });

  it("are read again by a pooler that serves others than its file says", async () => {
    const world = new FakedTraffic(both);
    world.put(declared);
    await setRoutes(trafficOf(world), make);
    expect(world.steps).toEqual(["write", "reload", "ask for routes"]);
    expect(world.hostsOf("app_ro")).toEqual(["pg2", "pg3", "pg4"]);
  });
});

describe("after a change of routes", () => {
  it("a pause that an interrupted deployment has left ends", async () => {
    const world = new FakedTraffic(both);
    world.paused.add("app");
    await resumeAll(trafficOf(world));
    expect(world.paused).toEqual(new Set());
  });

  it("transactions on servers that leave must end, but for sessions that keep theirs", async () => {
    const world = new FakedTraffic(both);
    world.busy.add("pg2");
    await expect(awaitLeaving(trafficOf(world), false)).rejects.toThrow(/nothing was removed: app in app_ro on address of pg2/);
    await expect(awaitLeaving(trafficOf(world), true)).resolves.toBeUndefined();
    world.busy.clear();
    await expect(awaitLeaving(trafficOf(world), false)).resolves.toBeUndefined();
  });
});

describe("the processes of a pooler", () => {
  const wanted = routesWith(both);
  const running = (...numbers: readonly number[]): readonly RunningProcess[] =>
    numbers.map((number) => ({ number, routes: servedRoutes(wanted, [], number).map((route) => ({ ...route, isPaused: false })) }));

  it("serve what they should when each that runs has its own part, one that is no longer declared too", () => {
    for (const numbers of [[1, 2], [2], [], [1, 2, 3]]) expect(servedOtherwiseText(running(...numbers), wanted)).toBe("");
    const [first, second] = running(1, 2);
    const swapped = [
      { number: 1, routes: second?.routes ?? [] },
      { number: 2, routes: first?.routes ?? [] },
    ];
    expect(servedOtherwiseText(swapped, wanted)).toBe("process 1 serves app_ro otherwise; process 2 serves app_ro otherwise");
    expect(servedOtherwiseText([{ number: 2, routes: [] }], wanted)).toBe("process 2 serves app, app_ro otherwise");
  });

  it("hold a route when one of them does", () => {
    const [first, second] = running(1, 2);
    const held = { number: 2, routes: (second?.routes ?? []).map((route) => ({ ...route, isPaused: route.name === "app" })) };
    expect(pausedRoutes(running(1, 2))).toEqual([]);
    expect(pausedRoutes([first ?? held, held])).toEqual(["app"]);
  });

  it("all hold a route before work that needs that is done, and else let clients go", async () => {
    const world = new FakedTraffic(both);
    world.restless.add(2);
    let isDone = false;
    const work = async (): Promise<void> => void (isDone = true);
    await expect(whileHeld(trafficOf(world), ["app"], work)).rejects.toThrow("the pooler did not hold app within 3 s");
    expect(isDone).toBe(false);
    expect(world.paused).toEqual(new Set());
    world.stopped.add(2);
    await whileHeld(trafficOf(world), ["app"], work);
    expect(isDone).toBe(true);
    expect(world.paused).toEqual(new Set());
  });
});
