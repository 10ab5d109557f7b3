import { describe, expect, it } from "vitest";

import type { Context } from "../../../provider/kind.ts";
import type { ServiceNode } from "../../../provider/service/access.ts";
import { drain, isOutOfRotation, putBack } from "../../../provider/traffic/drain.ts";
import { whileHeld } from "../../../provider/traffic/hold.ts";
import { pauseLeader, resumeLeader } from "../../../provider/traffic/pause.ts";
import type { Traffic, TrafficWorld } from "../../../provider/traffic/world.ts";
import type { RunningRoute, ServerConnection } from "../../../src/pgbouncer/console.ts";
import { routesOf } from "../../../src/pgbouncer/rotation.ts";

const route = (hosts: readonly string[]): { readonly hosts: string[]; readonly poolSize: number; readonly maxDbConnections: number } => ({
  hosts: [...hosts],
  poolSize: 20,
  maxDbConnections: 25,
});

function nodeOf(name: string, role: ServiceNode["role"]): ServiceNode {
  return { name, role, container: name, networkAddress: `address of ${name}`, address: { host: "127.0.0.1", port: 1 } };
}

const leader = nodeOf("pg1", "leader");
const replica = nodeOf("pg2", "replica");

class Faked implements TrafficWorld {
  readonly steps: string[] = [];
  failsAt = Infinity;
  serving = true;
  /** Nodes to which the pooler keeps a connection, whatever happens. */
  readonly busy = new Set<string>();
  /** Long transactions of the leader, as text. */
  long = "";
  /** Routes whose transactions do not end. */
  readonly endless = new Set<string>();
  readonly paused = new Set<string>();
  readonly watched = new Set<string>();
  file: string;
  #loaded: string;

  constructor(readers: readonly string[]) {
    const line = (name: string, hosts: readonly string[]): string =>
      `${name} = host=${hosts.join(",")} port=5432 pool_size=20 max_db_connections=25`;
    this.file = `[databases]\n${line("app", ["pg1"])}\n${line("app_ro", readers)}\n[pgbouncer]\nlisten_port = 6432\n`;
    this.#loaded = this.file;
  }

  #step(name: string): void {
    this.steps.push(name);
    if (this.steps.length === this.failsAt) throw new Error(`broken at ${name}`);
  }

  hostsOf(name: string): readonly string[] | undefined {
    return routesOf(this.#loaded).get(name);
  }

  isRunning = async (): Promise<boolean> => true;

  sql = async (_container: string, text: string): Promise<string> => {
    this.#step(text === "checkpoint;" ? "checkpoint" : "ask for transactions");
    return text === "checkpoint;" ? "" : this.long;
  };

  isServing = async (): Promise<boolean> => this.serving;

  routes = async (): Promise<readonly RunningRoute[]> => {
    this.#step("ask for routes");
    return [...routesOf(this.#loaded)].map(([name, hosts]) => ({ name, hosts, isPaused: this.paused.has(name) }));
  };

  servers = async (): Promise<readonly ServerConnection[]> => {
    this.#step("ask for servers");
    return [...this.busy].map((node) => ({
      route: "app_ro",
      user: "app",
      address: `address of ${node}`,
      state: "active",
      isLeaving: true,
    }));
  };

  pause = async (name: string): Promise<void> => {
    this.#step(`pause ${name}`);
    this.paused.add(name);
    if (this.endless.has(name)) throw new Error("timeout");
  };

  resume = async (names: readonly string[]): Promise<void> => {
    this.#step(`resume ${names.join(" ")}`);
    for (const name of names) this.paused.delete(name);
  };

  resumeLater = async (names: readonly string[]): Promise<void> => {
    this.#step(`watch ${names.join(" ")}`);
    for (const name of names) this.watched.add(name);
  };

  awaitNoLogins = async (): Promise<void> => this.#step("await no logins");

  readFile = async (): Promise<string | undefined> => this.file;

  writeFile = async (content: string): Promise<void> => {
    this.#step("write");
    this.file = content;
  };

  reload = async (): Promise<boolean> => {
    this.#step("reload");
    this.#loaded = this.file;
    return true;
  };
}

const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };

function trafficOf(world: Faked, readers: readonly string[]): Traffic {
  return {
    context,
    world,
    pooler: { container: "pgbouncer", drainTimeoutS: 0.02, routes: { app: route(["pg1"]), app_ro: route(readers) } },
  };
}

/** Tries work once for each of its steps, which fails then. */
async function failingAtEach(
  readers: readonly string[],
  work: (traffic: Traffic) => Promise<unknown>,
  expectAfter: (world: Faked, where: string) => void,
): Promise<void> {
  const whole = new Faked(readers);
  await work(trafficOf(whole, readers));
  expect(whole.steps.length).toBeGreaterThan(2);
  for (let failsAt = 1; failsAt <= whole.steps.length; failsAt += 1) {
    const world = new Faked(readers);
    world.failsAt = failsAt;
    const failed = await work(trafficOf(world, readers)).then(
      () => false,
      () => true,
    );
    expect(failed, `step ${failsAt} of ${whole.steps.join(", ")}`).toBe(true);
    expectAfter(world, `${failsAt}: ${world.steps.join(", ")}`);
  }
}

describe("a replica that leaves rotation", () => {
  const both = ["pg2", "pg3"];

  it("is in no route, and back in all of them in the declared order", async () => {
    const world = new Faked(both);
    const traffic = trafficOf(world, both);
    const before = world.file;
    await drain(traffic, replica, "pg1");
    expect(world.hostsOf("app_ro")).toEqual(["pg3"]);
    expect(await isOutOfRotation(traffic, replica)).toBe(true);
    await putBack(traffic, replica);
    expect(world.file).toBe(before);
    expect(await isOutOfRotation(traffic, replica)).toBe(false);
  });

  it("has the leader stand in when it is the only one", async () => {
    const world = new Faked(["pg2"]);
    await drain(trafficOf(world, ["pg2"]), replica, "pg1");
    expect(world.hostsOf("app_ro")).toEqual(["pg1"]);
  });

  it("is put back when its reads do not end, also when it does not say which", async () => {
    const world = new Faked(both);
    world.busy.add("pg2");
    world.long = "pid 7 in a transaction for 90 s";
    await expect(drain(trafficOf(world, both), replica, "pg1")).rejects.toThrow(/did not end within 0\.02 s.*pid 7/);
    expect(world.hostsOf("app_ro")).toEqual(both);
    const silent = new Faked(both);
    silent.busy.add("pg2");
    silent.sql = async () => Promise.reject(new Error("no server"));
    await expect(drain(trafficOf(silent, both), replica, "pg1")).rejects.toThrow(/it does not say which/);
    expect(silent.hostsOf("app_ro")).toEqual(both);
  });

  it("stays where it is when the pooler does not serve", async () => {
    const world = new Faked(both);
    world.serving = false;
    await drain(trafficOf(world, both), replica, "pg1");
    expect(world.steps).toEqual([]);
  });

  it("can be put back after a failure at any step", async () => {
    const left: Faked[] = [];
    await failingAtEach(
      both,
      (traffic) => drain(traffic, replica, "pg1"),
      (world) => left.push(world),
    );
    for (const world of left) {
      world.failsAt = Infinity;
      await putBack(trafficOf(world, both), replica);
      await world.reload();
      expect(world.hostsOf("app_ro"), world.steps.join(", ")).toEqual(both);
    }
  });
});

describe("a pause of the leader's clients", () => {
  const readers = ["pg2"];

  it("begins after a checkpoint and with a watch that ends it, and ends by a resume", async () => {
    const world = new Faked(readers);
    const traffic = trafficOf(world, readers);
    expect(await pauseLeader(traffic, leader)).toEqual(["app"]);
    expect(world.steps).toEqual(["ask for routes", "ask for transactions", "checkpoint", "watch app", "await no logins", "pause app"]);
    await resumeLeader(traffic, leader);
    expect(world.paused).toEqual(new Set());
  });

  it("does not begin while long transactions run", async () => {
    const world = new Faked(readers);
    world.long = "pid 7 in a transaction for 90 s";
    await expect(pauseLeader(trafficOf(world, readers), leader)).rejects.toThrow(/nothing was changed on it: pid 7/);
    expect([world.watched.size, world.paused.size]).toEqual([0, 0]);
  });

  it("is given up when transactions do not end: clients go on, also when the leader does not say which", async () => {
    for (const sql of [
      async () => "",
      async (_: string, text: string) => (text.includes("0 * interval") ? Promise.reject(new Error("no server")) : ""),
    ]) {
      const world = new Faked(readers);
      world.endless.add("app");
      world.sql = sql;
      await expect(pauseLeader(trafficOf(world, readers), leader)).rejects.toThrow(/clients go on/);
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
    const world = new Faked(readers);
    const work = async (): Promise<never> => Promise.reject(new Error("no"));
    await expect(whileHeld(trafficOf(world, readers), ["app", "app_ro"], work)).rejects.toThrow("no");
    expect(world.paused).toEqual(new Set());
  });

  it("is done with nobody held when there are no routes", async () => {
    const world = new Faked(readers);
    expect(await whileHeld(trafficOf(world, readers), [], async () => 1)).toBe(1);
    expect(world.steps).toEqual([]);
  });

  it("that fails at any step holds nobody without a watch", async () => {
    let done = 0;
    const work = (traffic: Traffic): Promise<unknown> => whileHeld(traffic, ["app"], async () => (done += 1));
    const whole = new Faked(readers);
    await work(trafficOf(whole, readers));
    expect(done).toBe(1);
    for (let failsAt = 1; failsAt <= whole.steps.length; failsAt += 1) {
      const world = new Faked(readers);
      world.failsAt = failsAt;
      await work(trafficOf(world, readers)).catch(() => undefined);
      expect(
        [...world.paused].filter((name) => !world.watched.has(name)),
        world.steps.join(", "),
      ).toEqual([]);
    }
  });
});
