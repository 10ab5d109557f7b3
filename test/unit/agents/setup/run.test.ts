import { describe, expect, it } from "vitest";

import { setUp } from "../../../../src/agents/setup/run.ts";
import type { Routes } from "../../../../src/pgbouncer/routes.ts";
import { processRoutesFile, readRoutes, routesFiles, withDrained } from "../../../../src/pgbouncer/routes.ts";
import { declared, FakedCluster, spec, wantedText } from "./faked-cluster.ts";

const proven = "the cluster is what was declared";
const run = (world: FakedCluster): Promise<void> => setUp(world, spec);
const routesOf = (world: FakedCluster): Routes | undefined => readRoutes(world.file ?? "");

/** Expects every process to serve these routes, by files that are made from them. */
function expectServed(world: FakedCluster, routes: Routes, where?: string): void {
  for (const { path, content } of routesFiles(routes)) expect(world.files.get(path), where).toBe(content);
  for (const { number } of spec.processes) expect(world.loaded.get(number), where).toBe(world.files.get(processRoutesFile(number)));
}

describe("setup", () => {
  it("goes from the leader to its replicas to the pooler, and ends with a proof", async () => {
    const world = new FakedCluster();
    const before = new Map(world.files);
    await run(world);
    const order = [
      "look",
      "roles on pg1",
      "reload pg1",
      "ask pg2",
      "reload pg2",
      "slots",
      "reload pgbouncer-1",
      "reload pgbouncer-2",
      "files of pg1",
      "pending on pg1",
    ];
    expect(world.steps.filter((step) => order.includes(step))).toEqual([...order.slice(0, 8), "look", ...order.slice(8)]);
    expect(world.steps.at(-1)).toBe("drift on pg1");
    expect(world.files).toEqual(before);
    expectServed(world, declared);
    expect(world.said.at(-1)).toBe(proven);
  });

  it("that fails at any step says so, keeps the routes whole and with the leader, and is done by the next run", async () => {
    const makeWorld = (): FakedCluster => {
      const world = new FakedCluster();
      world.put({ ...declared, leader: "pg2", nodes: ["pg1", "pg2"] });
      world.node("pg3").readyAfter = 2;
      world.node("pg3").follows = "pg2";
      world.slots.push("pg7");
      return world;
    };
    const whole = makeWorld();
    await run(whole);
    for (let failsAt = 1; failsAt <= whole.steps.length; failsAt += 1) {
      const world = makeWorld();
      world.failsAt = failsAt;
      const failed = await run(world).then(
        () => false,
        () => true,
      );
      const where = `${failsAt}: ${world.steps.join(", ")}`;
      // What does not answer once is asked again where an answer is waited for.
      expect(failed || world.said.at(-1) === proven, where).toBe(true);
      if (failed) expect(world.said, where).not.toContain(proven);
      expect(routesOf(world)?.leader, where).toMatch(
        world.steps.includes("write routes") && failsAt > world.steps.indexOf("write routes") + 1 ? /^pg1$/ : /^pg[12]$/,
      );
      world.failsAt = Infinity;
      await run(world);
      expectServed(world, declared, where);
      expect({ drift: world.drift, slots: world.slots.toSorted(), follows: world.node("pg3").follows }, where).toEqual({
        drift: "",
        slots: ["pg2", "pg3"],
        follows: "pg1",
      });
    }
  });
});

describe("the leader", () => {
  it("is whichever node takes writes: writes lead to it before replicas are waited for", async () => {
    const world = new FakedCluster();
    world.node("pg1").state = "recovery";
    world.node("pg1").follows = "pg3";
    Object.assign(world.node("pg3"), { state: "writable", follows: undefined });
    await run(world);
    expect(world.steps.indexOf("write routes")).toBeLessThan(world.steps.indexOf("roles on pg3"));
    expect(world.said).toContain("writes lead to pg3 from now on, no longer to pg1");
    expect(routesOf(world)).toEqual({ ...declared, leader: "pg3" });
    expect(world.node("pg2").follows).toBe("pg3");
  });

  it("is waited for, while it is not there", async () => {
    const world = new FakedCluster();
    world.node("pg1").state = "silent";
    const { look } = world;
    world.look = async () => {
      if (world.steps.length === 20) world.node("pg1").state = "writable";
      return look();
    };
    await run(world);
    expect(world.said[0]).toBe("waiting for a node that takes writes: pg1: does not answer, pg2: a replica, pg3: a replica");
  });

  it("is not waited for without end", async () => {
    const silent = new FakedCluster();
    for (const name of spec.nodes) silent.node(name).state = "silent";
    await expect(run(silent)).rejects.toThrow("no progress for 120 s: pg1: does not answer");
    const leaderless = new FakedCluster();
    leaderless.node("pg1").state = "recovery";
    await expect(run(leaderless)).rejects.toThrow("no node takes writes: all are replicas");
    expect(leaderless.now()).toBeLessThan(12_000);
  });

  it("is no second one: nothing is changed", async () => {
    const world = new FakedCluster();
    world.node("pg2").state = "writable";
    await expect(run(world)).rejects.toThrow("pg1 and pg2 both take writes");
    expect(world.steps).toEqual(["look"]);
  });

  it("that another node has become meanwhile is an error of the proof", async () => {
    const world = new FakedCluster();
    const { dropSlots } = world;
    world.dropSlots = async (leader, replicas) => {
      world.node("pg1").state = "silent";
      world.node("pg2").state = "writable";
      return dropSlots(leader, replicas);
    };
    await expect(run(world)).rejects.toThrow(/pg1: it does not answer any more[^]*pg2: it takes writes now/);
  });
});

describe("a replica", () => {
  it("is waited for as long as it gets on, and the leader tells how far a copy is", async () => {
    const world = new FakedCluster();
    world.node("pg2").readyAfter = 2000;
    await run(world);
    expect(world.now()).toBeGreaterThan(300_000);
    expect(world.said.filter((line) => line.startsWith("waiting for pg2"))).toEqual(["waiting for pg2: it is not up yet; 0 MB copied"]);
  });

  it("that makes no progress ends the wait, with where to look", async () => {
    const world = new FakedCluster();
    Object.assign(world.node("pg2"), { readyAfter: Infinity, readiness: { state: "waiting", reason: "8 bytes behind the leader" } });
    await expect(run(world)).rejects.toThrow(/pg2: no progress for 120 s: 8 bytes behind[^]*docker compose logs pg2/);
  });

  it("that can never become one ends the wait at once", async () => {
    const world = new FakedCluster();
    Object.assign(world.node("pg3"), { readyAfter: 1, readiness: { state: "wrong", reason: "it accepts writes, and so does pg1" } });
    await expect(run(world)).rejects.toThrow("pg3: not ready: it accepts writes, and so does pg1");
  });

  it("that its start script refuses is an error in the script's words", async () => {
    const world = new FakedCluster();
    Object.assign(world.node("pg3"), { readyAfter: Infinity, refusal: { lines: ["the data is a leader's", "Put it back."], ageMs: 900 } });
    await expect(run(world)).rejects.toThrow("pg3: the data is a leader's\n  fix: Put it back.");
    expect(world.now()).toBeLessThan(1000);
  });

  it("that was refused long ago may have been corrected since", async () => {
    const world = new FakedCluster();
    Object.assign(world.node("pg3"), { readyAfter: 30, refusal: { lines: ["the data is a leader's"], ageMs: 3_600_000 } });
    await run(world);
    expect(world.said.at(-1)).toBe(proven);
    const refused = new FakedCluster();
    Object.assign(refused.node("pg3"), { readyAfter: Infinity, refusal: { lines: ["the data is a leader's"], ageMs: 3_600_000 } });
    await expect(run(refused)).rejects.toThrow("pg3: the data is a leader's");
  });

  it("that cannot be told to follow says why", async () => {
    const world = new FakedCluster();
    world.node("pg2").follows = "pg9";
    world.follow = async () => Promise.reject(new Error("pg1: all replication slots are in use"));
    await expect(run(world)).rejects.toThrow("it cannot be told to follow pg1: pg1: all replication slots are in use");
  });
});

describe("a server's files", () => {
  const error = "postgresql.conf line 9: setting could not be applied (shared_buffers)";

  it("that it does not accept are an error that names node, file, setting and what to do", async () => {
    const world = new FakedCluster();
    world.node("pg1").files = error;
    await expect(run(world)).rejects.toThrow(
      /^pg1: it does not accept its files: postgresql\.conf line 9: setting could not be applied \(shared_buffers\)\n {2}fix: it still runs with the old ones[^]*Correct the setting in the stack file/,
    );
  });

  it("are proven at the end too, and nobody is advised to restart a server that would not come back", async () => {
    const world = new FakedCluster();
    const { dropSlots } = world;
    world.dropSlots = async (leader, replicas) => {
      world.node("pg3").files = error;
      world.node("pg3").pending = [{ name: "max_connections", running: "100", wanted: "200" }];
      return dropSlots(leader, replicas);
    };
    await expect(run(world)).rejects.toThrow(/^pg3: it does not accept its files/);
    expect(world.steps).not.toContain("pending on pg3");
  });

  it("that it does not read are an error", async () => {
    const world = new FakedCluster();
    world.node("pg2").reads = false;
    await expect(run(world)).rejects.toThrow("pg2: it did not read its files again");
  });

  it("that wait for a restart are an error that gives the order, replicas first", async () => {
    const world = new FakedCluster();
    for (const name of spec.nodes) world.node(name).pending = [{ name: "max_connections", running: "100", wanted: "200" }];
    await expect(run(world)).rejects.toThrow(
      "pg2, pg3, pg1: runs with other settings than postgresql.conf has, and only a restart changes them: max_connections (100, the file has 200)\n" +
        "  fix: one after the other, which ends sessions: docker compose restart pg2, then docker compose restart pg3, then docker compose restart pg1. Then: docker compose up -d --wait",
    );
    expect(world.said).not.toContain(proven);
  });

  it("with a lowered limit of replicas are taken by the leader first", async () => {
    const world = new FakedCluster();
    for (const name of spec.nodes) world.node(name).pending = [{ name: "max_connections", running: "300", wanted: "200" }];
    await expect(run(world)).rejects.toThrow(
      /^pg1, pg2, pg3: runs with other settings[^]*docker compose restart pg1, which ends its sessions; pg2, pg3 after that, when this is said again/,
    );
  });
});

describe("roles and slots", () => {
  it("that are not as declared after all are an error", async () => {
    const world = new FakedCluster();
    world.makeRoles = async () => undefined;
    await expect(run(world)).rejects.toThrow("pg1: roles or databases are not as declared: role app is missing");
  });

  it("of nodes that are gone are dropped; of one that still runs it is said", async () => {
    const world = new FakedCluster();
    world.slots.push("pg8", "pg9");
    world.inUse = ["pg9"];
    await run(world);
    expect(world.slots).toEqual(["pg2", "pg3", "pg9"]);
    expect(world.said).toEqual(expect.arrayContaining(["dropped slot pg8", expect.stringMatching(/^pg9 is not declared but still runs/)]));
  });
});

describe("the pooler", () => {
  it("keeps out who is drained, and lets in whom a deployment has left out", async () => {
    const world = new FakedCluster();
    world.put(withDrained(withDrained(declared, "pg2", "operator"), "pg3", "deployment"));
    await run(world);
    expect(routesOf(world)?.drained).toEqual({ pg2: "operator" });
    expect(world.said).toContain("the pooler has its routes; kept out: pg2 (operator)");
    for (const text of world.loaded.values()) expect(text).toContain("app_ro = host=pg3 ");
  });

  it.each([undefined, "", wantedText(declared).slice(0, 80)])("gets routes where it has none that are whole: %j", async (file) => {
    const world = new FakedCluster();
    world.files.clear();
    if (file !== undefined) world.files.set("routes.json", file);
    await run(world);
    expectServed(world, declared);
  });

  it("gets routes of each process where a file of one of them is another one, or missing", async () => {
    for (const text of [undefined, "", "[databases]\napp = host=pg9\n"]) {
      const world = new FakedCluster();
      world.files.delete("routes-2.ini");
      if (text !== undefined) world.files.set("routes-2.ini", text);
      await run(world);
      expectServed(world, declared);
    }
  });

  it("of more or fewer processes than before has writes of all of them lead to who leads now", async () => {
    for (const processes of [1, 3]) {
      const world = new FakedCluster();
      world.files.clear();
      world.put({ ...declared, processes });
      world.node("pg1").state = "recovery";
      world.node("pg1").follows = "pg3";
      Object.assign(world.node("pg3"), { state: "writable", follows: undefined });
      await run(world);
      expectServed(world, { ...declared, leader: "pg3" });
    }
  });

  it("is waited for until each process answers, and until it has what it was given", async () => {
    const world = new FakedCluster();
    let tries = 0;
    const { reloadProcess } = world;
    world.reloadProcess = async (number) => {
      tries += number === 2 ? 1 : 0;
      if (number === 2 && tries < 5) throw new Error("connect ECONNREFUSED");
      return reloadProcess(number);
    };
    await run(world);
    expect(world.said).toContain("waiting for pgbouncer-2: connect ECONNREFUSED");
    expect(world.said.at(-1)).toBe(proven);
  });

  it("with a process that does not take its routes is an error after ten seconds", async () => {
    const world = new FakedCluster();
    world.deaf.add(2);
    await expect(run(world)).rejects.toThrow(
      "pgbouncer-2: it did not take its new files: it still runs with another route app, route app_ro",
    );
    expect(world.now()).toBeLessThan(15_000);
  });

  it("with a process that needs a restart is an error that says so", async () => {
    const world = new FakedCluster();
    world.config.set(2, [{ key: "max_client_conn", value: "50", changeable: "no" }]);
    await expect(run(world)).rejects.toThrow(/max_client_conn \(50, pgbouncer\.ini has 100\)\n {2}fix: docker compose restart pgbouncer-2/);
    const own = new FakedCluster();
    own.config.set(2, [{ key: "peer_id", value: "1", changeable: "no" }]);
    await expect(run(own)).rejects.toThrow(/^pgbouncer-2: .*peer_id \(1, /);
  });
});
