import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { ImpactItem } from "../../../src/impact/classes.ts";
import type { Declared } from "../../../src/impact/declared.ts";
import { declaredSchema } from "../../../src/impact/declared.ts";
import { impactOf, refusedImpact } from "../../../src/impact/impact.ts";
import { measuredMs } from "../../../src/impact/waits.ts";
import { UserError } from "../../../src/errors.ts";
import { legalKeys } from "../../../testing/config-arbitrary.ts";
import type { StackKeys } from "../../../testing/stacks.ts";
import { aPlan, secretValues } from "../../../testing/stacks.ts";
import { cases } from "../../../testing/cases.ts";
import { aDeclared, impactBetween, impactOfEdit, itemOf, summary } from "./fixtures.ts";

describe("what is declared", () => {
  it("survives JSON, and is read back by its schema", () => {
    fc.assert(
      fc.property(legalKeys, (keys) => {
        const declared = aDeclared(keys);
        expect(declaredSchema.parse(JSON.parse(JSON.stringify(declared)))).toEqual(declared);
      }),
      { numRuns: cases(25) },
    );
  });

  it("holds no secret and is small", () => {
    const text = JSON.stringify(aDeclared({ replicas: 3 }));
    expect(secretValues.filter((value) => text.includes(value))).toEqual([]);
    expect(text).not.toContain("SCRAM-SHA-256$");
    expect(text.length).toBeLessThan(12_000);
  });

  it("holds what nodes share once, and what is each node's own", () => {
    const { settings, nodes } = aDeclared({ replicas: 1 });
    expect(settings["work_mem"]).toBe("4MB");
    expect(nodes.map((node) => [node.settings["work_mem"], node.settings["cluster_name"]])).toEqual([
      [undefined, "pg1"],
      [undefined, "pg2"],
    ]);
  });
});

describe("the impact", () => {
  it("of no change is none", () => {
    fc.assert(
      fc.property(legalKeys, (keys) => {
        expect(impactOf(aDeclared(keys), aDeclared(keys))).toEqual({ items: [], refused: false, waitMs: 0 });
      }),
      { numRuns: cases(25) },
    );
  });

  it("of any change has at least one item", () => {
    fc.assert(
      fc.property(legalKeys, legalKeys, (one, other) => {
        const [before, after] = [aDeclared(one), aDeclared(other)];
        fc.pre(JSON.stringify(before) !== JSON.stringify(after));
        expect(impactOf(before, after).items).not.toEqual([]);
      }),
      { numRuns: cases(60) },
    );
  });

  it("of a first deployment is none: nobody uses it yet", () => {
    expect(impactOf(undefined, aDeclared())).toEqual({ items: [], refused: false, waitMs: 0 });
  });

  it("touches each node at most once in a step, replicas and leader in the order of the class", () => {
    fc.assert(
      fc.property(legalKeys, legalKeys, (one, other) => {
        const before = aDeclared({ ...one, leader: "pg1" });
        const after = aDeclared({ ...other, leader: "pg1" });
        for (const { class: kind, nodes } of impactOf(before, after).items) {
          const turns = nodes.filter((name) => name === "pg2").length;
          // Replicas have another turn after the leader when something that it must have first is lowered together with other changes.
          const replicas = nodes.slice(0, turns === 2 ? nodes.indexOf("pg1") : nodes.length);
          expect(new Set(replicas).size, kind).toBe(replicas.length);
          if (turns === 2) expect(nodes).toEqual([...replicas, "pg1", ...replicas]);
          else if (["restart", "replace"].includes(kind) && nodes.includes("pg1")) expect(nodes.at(-1)).toBe("pg1");
          if (kind === "restart-leader-first" && nodes.includes("pg1")) expect(nodes[0]).toBe("pg1");
        }
      }),
      { numRuns: cases(60) },
    );
  });

  it("restarts no node that is replaced", () => {
    fc.assert(
      fc.property(legalKeys, legalKeys, (one, other) => {
        const { items } = impactOf(aDeclared(one), aDeclared(other));
        const steps = items.filter(({ class: kind }) => ["restart", "restart-leader-first", "replace", "reclone"].includes(kind));
        const touched = steps.flatMap(({ nodes }) => [...new Set(nodes)]);
        expect(new Set(touched).size).toBe(touched.length);
      }),
      { numRuns: cases(60) },
    );
  });
});

describe("a setting", () => {
  it("that a reload takes is reloaded on all nodes, and says what running sessions see", () => {
    const impact = impactBetween({ replicas: 1 }, { replicas: 1, settings: { work_mem: "16MB" } });
    expect(summary(impact)).toEqual(["reload: work_mem 4MB → 16MB @ pg1 pg2"]);
    expect(itemOf(impact, "reload")).toMatchObject({
      wait: { ms: 0 },
      notes: [expect.stringContaining("sessions that run take the new value too")],
    });
  });

  it("that is no session's says nothing about sessions", () => {
    expect(itemOf(impactBetween({}, { settings: { checkpoint_timeout: "10min" } }), "reload").notes).toEqual([]);
  });

  it("that counts from the start of a session is for new sessions only", () => {
    const impact = impactBetween({}, { settings: { log_connections: "on", jit_debugging_support: "on" } });
    expect(summary(impact)).toEqual(["new-sessions: jit_debugging_support default (off) → on; log_connections off → on @ pg1 pg2"]);
    expect(itemOf(impact, "new-sessions").notes[0]).toContain("within 3600 s");
  });

  it("that needs a restart restarts replicas first, then the leader inside a pause", () => {
    const impact = impactBetween({ replicas: 2 }, { replicas: 2, settings: { shared_buffers: "300MB" } });
    expect(summary(impact)).toEqual(["restart: shared_buffers 256MB → 300MB @ pg2 pg3 pg1"]);
    expect(impact.waitMs).toBe(measuredMs.leaderRestart);
    expect(itemOf(impact, "restart").wait.source).toContain("make bench");
  });

  it.each([
    ["max_connections", 200, 300],
    ["max_worker_processes", 8, 16],
    ["max_wal_senders", 40, 50],
    ["max_prepared_transactions", 0, 10],
    ["max_locks_per_transaction", 64, 128],
  ])("%s is raised on replicas first and lowered on the leader first", (name, low, high) => {
    const keys = (value: number): StackKeys => ({ replicas: 2, settings: { [name]: value } });
    expect(summary(impactBetween(keys(low), keys(high)))).toEqual([`restart: ${name} ${low} → ${high} @ pg2 pg3 pg1`]);
    expect(summary(impactBetween(keys(high), keys(low)))).toEqual([`restart-leader-first: ${name} ${high} → ${low} @ pg1 pg2 pg3`]);
  });

  it("that goes back to PostgreSQL's own default is compared with it", () => {
    const impact = impactBetween({ replicas: 1, settings: { max_locks_per_transaction: 128 } }, { replicas: 1 });
    expect(summary(impact)).toEqual(["restart-leader-first: max_locks_per_transaction 128 → default (64) @ pg1 pg2"]);
  });

  it("lowered with another one raised restarts replicas before and after the leader", () => {
    const impact = impactBetween(
      { replicas: 1, settings: { max_connections: 200 } },
      { replicas: 1, settings: { max_connections: 150, max_locks_per_transaction: 128 } },
    );
    const item = itemOf(impact, "restart");
    expect(item.nodes).toEqual(["pg2", "pg1", "pg2"]);
    expect(item.notes[0]).toContain("replicas keep the larger value until the leader has the lower one, then restart once more");
  });

  it.each([
    ["shared_buffers", "1GB", "1024MB"],
    ["work_mem", "4MB", "4096kB"],
    ["jit", "off", "no"],
  ])("%s in other words restarts nothing", (name, was, is) => {
    const impact = impactBetween({ memory: "4GB", settings: { [name]: was } }, { memory: "4GB", settings: { [name]: is } });
    expect(summary(impact)).toEqual([`reload: ${name} ${was} → ${is} @ pg1 pg2`]);
    expect(itemOf(impact, "reload").notes.at(-1)).toBe(`the same value in other words: ${name}`);
  });

  it("of an extension is reloaded, and says that the library decides", () => {
    const impact = impactBetween({}, { settings: { "auto_explain.log_min_duration": "1s" } });
    expect(summary(impact)).toEqual(["reload: auto_explain.log_min_duration default → 1s @ pg1 pg2"]);
    expect(itemOf(impact, "reload").notes).toEqual([expect.stringContaining("only its library knows")]);
  });

  it("of a preloaded extension that needs a restart restarts", () => {
    expect(summary(impactBetween({}, { settings: { "pg_stat_statements.max": 10_000 } }))).toEqual([
      "restart: pg_stat_statements.max default (5000) → 10000 @ pg2 pg1",
    ]);
  });

  it("on one node alone touches that node alone, and nobody waits for a replica", () => {
    const impact = impactOfEdit((declared) => ({
      ...declared,
      nodes: declared.nodes.map((node) => (node.name === "pg3" ? { ...node, settings: { ...node.settings, wal_buffers: "4MB" } } : node)),
    }));
    expect(summary(impact)).toEqual(["restart: wal_buffers 7864kB → 4MB @ pg3"]);
    expect(impact.waitMs).toBe(0);
  });

  it("slotWalCap lowered names the replicas that it may cost", () => {
    expect(itemOf(impactBetween({ slotWalCap: "4GB" }, { slotWalCap: "1GB" }), "reload").notes).toContain(
      "a replica that is more than 1GB of WAL behind would have to be cloned again",
    );
  });
});

describe("a node", () => {
  it("with another image is replaced, one at a time, the leader last", () => {
    const image = "registry.example/postgres:17.9";
    const impact = impactBetween({ replicas: 2 }, { replicas: 2, images: { postgres: image } });
    expect(summary(impact)).toEqual([`replace: image pgstack/postgres:17-aaaaaaaaaaaa → ${image} @ pg2 pg3 pg1`]);
    expect(impact.waitMs).toBe(measuredMs.leaderReplace);
  });

  it("with another limit and the settings that follow from it is replaced once, and starts with them", () => {
    const impact = impactBetween({ replicas: 1, memory: "1GB" }, { replicas: 1, memory: "2GB" });
    const item = itemOf(impact, "replace");
    expect(item.changes).toEqual(
      expect.arrayContaining(["memory limit 1GB → 2GB", "size of /dev/shm 128MB → 256MB", "shared_buffers 256MB → 512MB"]),
    );
    expect(item.notes[0]).toContain("start with the new settings");
    expect(impact.items.map(({ class: kind }) => kind)).toEqual(["reload", "replace"]);
  });

  it("with another size of /dev/shm is replaced, one at a time, the leader last", () => {
    const impact = impactBetween({ replicas: 1, memory: "1GB" }, { replicas: 1, memory: "1GB", shm: "256MB" });
    expect(summary(impact)).toEqual(["replace: size of /dev/shm 128MB → 256MB @ pg2 pg1"]);
    expect(impact.waitMs).toBe(measuredMs.leaderReplace);
  });

  it("replaced with a lowered limit of standbys has replicas restart once more after the leader", () => {
    const impact = impactBetween(
      { replicas: 1, cpus: 1, settings: { max_connections: 200 } },
      { replicas: 1, cpus: 2, settings: { max_connections: 150 } },
    );
    expect(itemOf(impact, "replace").nodes).toEqual(["pg2", "pg1", "pg2"]);
  });

  it("keeps its sessions when it gets new verifiers", () => {
    const impact = impactBetween({ replicas: 1 }, { replicas: 1, scramSalt: "2026-11", scramIterations: 5000 });
    expect(summary(impact)).toEqual([
      "new-sessions: scramIterations 4096 → 5000; scramSalt (none) → 2026-11 @ pg1 pgbouncer-1 pgbouncer-2",
    ]);
  });

  it("that is to be re-cloned is, once for each word", () => {
    const asked = impactBetween({ replicas: 2 }, { replicas: 2, reclone: { pg3: "first" } });
    expect(summary(asked)).toEqual(["reclone: reclone of pg3 (none) → first @ pg3"]);
    expect(summary(impactBetween({ replicas: 2, reclone: { pg3: "first" } }, { replicas: 2 }))).toEqual([]);
  });

  it("with no more than another memory limit keeps its container", () => {
    const impact = impactOfEdit((declared) => ({
      ...declared,
      containers: Object.fromEntries(
        Object.entries(declared.containers).map(([name, of]) => [name, name === "pg2" ? { ...of, memoryMb: 2048 } : of]),
      ),
    }));
    expect(summary(impact)).toEqual(["no-effect: memory limit 1GB → 2GB @ pg2"]);
  });

  it.each(["command", "environment", "hardening"] as const)("with another %s is replaced", (part) => {
    const impact = impactOfEdit((declared) => ({
      ...declared,
      containers: Object.fromEntries(
        Object.entries(declared.containers).map(([name, of]) => [name, /^pg\d$/.test(name) ? { ...of, [part]: "other" } : of]),
      ),
    }));
    expect(itemOf(impact, "replace")).toMatchObject({ nodes: ["pg2", "pg3", "pg1"], changes: [expect.stringContaining("changed")] });
  });

  it("with other ports names each node's own", () => {
    const ports = (postgres: number): StackKeys => ({ replicas: 1, exporters: false, ports: { postgres } });
    expect(itemOf(impactBetween(ports(5432), ports(5532)), "replace").changes).toEqual([
      "pg1: published port 127.0.0.1:5432:5432 → 127.0.0.1:5532:5432",
      "pg2: published port 127.0.0.1:5433:5432 → 127.0.0.1:5533:5432",
    ]);
  });

  it("that comes is cloned, one that goes keeps its volume", () => {
    const more = impactBetween({ replicas: 1, exporters: false }, { replicas: 2, exporters: false });
    expect(summary(more)).toEqual([
      "no-effect: replica pg3 added @ pg3",
      "reload: route app_ro: max_db_connections 35 → 60; route app_ro: pool_size 25 → 50; route app_ro: servers 1 replica → 2 replicas @ pgbouncer-1 pgbouncer-2",
    ]);
    expect(more.waitMs).toBe(0);
    const fewer = impactBetween({ replicas: 2 }, { replicas: 1 });
    const removed = fewer.items.find(({ changes }) => changes.includes("replica pg3 removed"));
    expect(removed?.class).toBe("no-effect");
    expect(removed?.notes[0]).toContain("the slot is dropped, the data volume stays: pgstack-test-pg3-data");
  });

  it("whose volume is another one is refused, whether it leads or not", () => {
    const moved = (name: string) =>
      impactOfEdit((declared: Declared) => ({
        ...declared,
        nodes: declared.nodes.map((node) => (node.name === name ? { ...node, dataVolume: "elsewhere" } : node)),
      }));
    expect(summary(moved("pg2"))).toEqual(["refused: data volume of pg2 pgstack-test-pg2-data → elsewhere @ pg2"]);
    const first = moved("pg1");
    expect(summary(first)).toEqual(["refused: data volume of pg1 pgstack-test-pg1-data → elsewhere @ pg1"]);
    expect(itemOf(first, "refused").refusal).toEqual({
      because: "the cluster's data is in volumes of the first name, and the second would begin an empty cluster",
      way: "Rename it back, so that names begin with pgstack-test again: pulumi stack rename <its first name>. For another name deploy another stack and move the data",
    });
  });

  it("of a stack that was renamed is refused, and nothing else is said", () => {
    const before = aDeclared({ replicas: 1 });
    const named = JSON.stringify(aDeclared({ replicas: 1 })).replaceAll("pgstack-test", "pgstack-other");
    expect(summary(impactOf(before, JSON.parse(named) as Declared))).toEqual([
      "refused: data volume of pg1 pgstack-test-pg1-data → pgstack-other-pg1-data; data volume of pg2 pgstack-test-pg2-data → pgstack-other-pg2-data @ pg1 pg2",
    ]);
  });
});

describe("files", () => {
  it("that decide about logins are reloaded", () => {
    const impact = impactBetween({ replicas: 1 }, { replicas: 1, clientNetworks: ["10.0.0.0/8"] });
    expect(summary(impact)).toEqual(["reload: pg_hba.conf; clientNetworks (none) → 10.0.0.0/8 @ pg1 pg2"]);
  });

  it.each([
    ["postgresql.conf", "reload: postgresql.conf: comments @ pg1 pg2 pg3"],
    ["node.sh", "no-effect: node.sh @ pg1 pg2 pg3"],
  ])("that differ in nothing else: %s", (file, expected) => {
    const impact = impactOfEdit((declared) => ({
      ...declared,
      nodes: declared.nodes.map((node) => ({ ...node, files: { ...node.files, [file]: "other" } })),
    }));
    expect(summary(impact)).toEqual([expected]);
  });
});

describe("the pooler", () => {
  const processes = ["pgbouncer-1", "pgbouncer-2"];

  it("reloads what it can", () => {
    const impact = impactBetween({}, { pooler: { poolSize: 30, maxClients: 900 } });
    expect(impact.items.map(({ class: kind, nodes }) => [kind, nodes])).toEqual([["reload", processes]]);
    expect(itemOf(impact, "reload").changes).toEqual(expect.arrayContaining(["default_pool_size 25 → 30", "max_client_conn 1000 → 900"]));
    expect(impact.waitMs).toBe(0);
  });

  it("restarts for what PgBouncer takes at its start alone", () => {
    const impact = impactOfEdit((declared) => ({
      ...declared,
      pooler: { ...declared.pooler, settings: { ...declared.pooler.settings, listen_port: "6433" } },
    }));
    expect(summary(impact)).toEqual(["pooler-replace: listen_port 6432 → 6433 @ pgbouncer-1 pgbouncer-2"]);
  });

  it("is replaced for another image", () => {
    const impact = impactBetween({}, { images: { pooler: "registry.example/pgbouncer:1.25" } });
    expect(itemOf(impact, "pooler-replace")).toMatchObject({
      nodes: processes,
      notes: [expect.stringContaining("all at once"), expect.anything()],
    });
    expect(impact.waitMs).toBe(measuredMs.poolerReplace);
  });

  it("closes its port only when what holds it is replaced", () => {
    const impact = impactBetween({}, { bindAddress: "0.0.0.0", images: { pooler: "registry.example/pgbouncer:1.25" } });
    const item = itemOf(impact, "pooler-restart");
    expect(item.nodes).toEqual(["pooler", ...processes]);
    expect(item.changes).toEqual([
      "published port 127.0.0.1:6432:6432 → 0.0.0.0:6432:6432",
      expect.stringMatching(/^image .* → registry.example\/pgbouncer:1.25$/),
      "published port 127.0.0.1:6433:6432 → 0.0.0.0:6433:6432",
      "published port 127.0.0.1:6434:6432 → 0.0.0.0:6434:6432",
    ]);
    expect(impact.items.map(({ class: kind }) => kind)).not.toContain("pooler-replace");
  });

  it("was one container before: that one is replaced once", () => {
    const after = aDeclared({});
    const { "pgbouncer-1": process, "pgbouncer-2": _second, pooler, ...others } = after.containers;
    if (process === undefined || pooler === undefined) throw new Error("no pooler");
    const old = { ...process, address: pooler.address, ...(pooler.port === undefined ? {} : { port: pooler.port }) };
    const impact = impactOf({ ...after, containers: { ...others, pooler: old } }, after);
    expect(impact.items.map(({ class: kind, nodes }) => [kind, nodes])).toEqual([["pooler-restart", ["pooler", ...processes]]]);
  });

  it("was of one process before: its clients are closed once", () => {
    const after = aDeclared({});
    const { "pgbouncer-1": process, "pgbouncer-2": _second, ...others } = after.containers;
    if (process === undefined) throw new Error("no pooler");
    const impact = impactOf({ ...after, containers: { ...others, pgbouncer: process } }, after);
    expect(summary(impact)).toEqual([
      "no-effect: pgbouncer-1 added; pgbouncer-2 added @ pgbouncer-1 pgbouncer-2",
      "pooler-replace: pgbouncer removed @ pgbouncer",
    ]);
  });

  it("gets a process for each replica, and loses it with that", () => {
    const keys = (replicas: number): StackKeys => ({ replicas, exporters: false });
    const more = impactBetween(keys(2), keys(3));
    expect(summary(more)).toEqual([
      "no-effect: replica pg4 added @ pg4",
      expect.stringMatching(/^reload: .*route app_ro: servers 2 replicas → 3 replicas @ pgbouncer-1 pgbouncer-2 pgbouncer-3$/),
      "no-effect: pgbouncer-3 added @ pgbouncer-3",
    ]);
    expect(more.waitMs).toBe(0);
    const fewer = impactBetween(keys(3), keys(2));
    expect(itemOf(fewer, "pooler-replace")).toMatchObject({
      changes: ["pgbouncer-3 removed"],
      nodes: ["pgbouncer-3"],
      notes: ["its clients are closed once, between transactions; the other processes take them"],
    });
    for (const [from, to] of [
      [0, 2],
      [2, 1],
    ] as const)
      expect(JSON.stringify(impactBetween(keys(from), keys(to)))).not.toMatch(/pgbouncer-\d (added|removed)/);
  });

  it("has one reserve, however its processes share it", () => {
    const reserve = (size: number): StackKeys => ({ replicas: 3, exporters: false, pooler: { reserveSize: size } });
    expect(itemOf(impactBetween(reserve(5), reserve(7)), "reload").changes).toContain("reserve_pool_size 5 → 7");
    const changes = impactBetween({ replicas: 2, exporters: false }, { replicas: 3, exporters: false }).items.flatMap(
      (item) => item.changes,
    );
    expect(changes.filter((change) => change.includes("reserve"))).toEqual([]);
  });

  it("keeps its container when only its memory limit changes", () => {
    expect(summary(impactBetween({}, { pooler: { memory: "256MB" } }))).toEqual([
      "no-effect: memory limit 128MB → 256MB @ pgbouncer-1 pgbouncer-2",
    ]);
  });

  it("names the routes whose clients are refused", () => {
    const item = impactBetween({ database: "app" }, { database: "shop" }).items.find(({ nodes }) => nodes.includes("pgbouncer-1"));
    expect(item?.changes).toEqual(["route app removed", "route app_ro removed", "route shop added", "route shop_ro added"]);
    expect(item?.notes).toEqual(["clients of app and app_ro are refused from then on: they must use another route"]);
  });
});

describe("what no session sees", () => {
  it("is the exporters", () => {
    const { items, waitMs } = impactBetween({ replicas: 0 }, { replicas: 0, exporters: false });
    expect(items.map(({ class: kind, changes }) => [kind, changes])).toEqual([
      ["no-effect", ["pg1-exporter: removed", "pgbouncer-1-exporter: removed", "pgbouncer-2-exporter: removed"]],
    ]);
    expect(waitMs).toBe(0);
    const image = impactBetween({ replicas: 0 }, { replicas: 0, images: { poolerExporter: "registry.example/e:2" } });
    expect(image.items.map(({ class: kind, nodes }) => [kind, nodes])).toEqual([
      ["no-effect", ["pgbouncer-1-exporter", "pgbouncer-2-exporter"]],
    ]);
  });

  it("is Prometheus, its alerts and what else watches, files by name", () => {
    const on = { replicas: 0, monitoring: { prometheus: true } };
    expect(impactBetween({ replicas: 0 }, on).items.map(({ changes }) => changes)).toEqual([["prometheus: added"]]);
    const threshold = { ...on, monitoring: { prometheus: true, alerts: { ConnectionsUsed: { warning: "70%" } } } };
    expect(summary(impactBetween(on, threshold))).toEqual(["no-effect: prometheus: rules.yml @ prometheus"]);
    // What a version before this one has declared says nothing of files.
    const { files: _files, ...before } = aDeclared(on);
    expect(impactOf(before, aDeclared(threshold)).items).toEqual([]);
  });

  it("is an extension more or less, and nothing is dropped", () => {
    expect(summary(impactBetween({}, { extensions: ["pg_trgm"] }))).toEqual(["no-effect: extension pg_trgm added @ pg1"]);
    expect(summary(impactBetween({}, { extensions: ["earthdistance"] }))).toEqual([
      "no-effect: extension earthdistance added (with cube, which it needs) @ pg1",
    ]);
    expect(summary(impactBetween({ extensions: ["cube"] }, { extensions: ["cube", "earthdistance"] }))).toEqual([
      "no-effect: extension earthdistance added @ pg1",
    ]);
    const fewer = impactBetween({ extensions: ["pg_trgm"] }, {});
    expect(itemOf(fewer, "no-effect").notes).toEqual(["nothing is dropped: pg_trgm stays in the database"]);
  });

  it("is what a later version declares in addition, by name", () => {
    const before = aDeclared();
    const after = { ...before, roles: { ...before.roles, users: [{ name: "report", connectionLimit: 3 }] } };
    expect(summary(impactOf(before, after))).toEqual(["no-effect: users: report added @ pg1"]);
    const less = impactOf(after, before);
    expect(summary(less)).toEqual(["no-effect: users: report no longer declared @ pg1"]);
    expect(itemOf(less, "no-effect").notes).toEqual([expect.stringContaining("its sessions end")]);
  });
});

describe("who leads", () => {
  const [before, after] = [aDeclared({ replicas: 2 }), aDeclared({ replicas: 2, settings: { shared_buffers: "300MB" } })];

  it("decides the order, and is said to be unknown where nobody asked", () => {
    const restart = (leads?: string): ImpactItem => itemOf(impactOf(before, after, leads), "restart");
    expect(restart("pg2").nodes).toEqual(["pg1", "pg3", "pg2"]);
    expect(restart("pg1").nodes).toEqual(["pg2", "pg3", "pg1"]);
    expect(restart("pg1").notes.join(" ")).not.toContain("if pg1 leads");
    expect(restart().nodes).toEqual(["pg2", "pg3", "pg1"]);
    expect(restart().notes.at(-1)).toBe("in this order if pg1 leads: who does is asked when it is deployed");
  });

  it("is where roles change", () => {
    const more = aDeclared({ replicas: 2, extensions: ["cube"] });
    expect(summary(impactOf(before, more, "pg3"))).toEqual(["no-effect: extension cube added @ pg3"]);
  });

  it("may be wished, which touches no session", () => {
    const wished = impactBetween({ replicas: 2 }, { replicas: 2, leader: "pg2" });
    expect(new Set(wished.items.map(({ class: kind }) => kind))).toEqual(new Set(["no-effect"]));
  });
});

describe("refused", () => {
  it.each([
    ["subnet", { subnet: "10.9.0.0/24" }, "a network cannot change under running containers", "Set it back to 172.29.10.0/24"],
    [
      "postgresVersion",
      { postgresVersion: 18, images: { postgres: "x:18" } },
      "a major upgrade is not a change of version number",
      "Set it back to 17",
    ],
    ["locale", { locale: "en-US" }, "indexes are built on it", "Set it back to C.UTF-8"],
    [
      "dockerHost",
      { dockerHost: "unix:///run/other.sock" },
      "the cluster lives on that engine",
      "Set it back to unix:///var/run/docker.sock",
    ],
  ])("is another %s, with a reason and a way", (key, keys, because, way) => {
    const impact = impactBetween({}, keys);
    expect(impact.refused).toBe(true);
    expect(impact.items[0]?.changes[0]).toMatch(new RegExp(`^${key} `));
    expect(impact.items[0]?.refusal?.because).toContain(because);
    expect(impact.items[0]?.refusal?.way).toBe(way);
  });

  it.each([
    ["fewer connections than the pools need", { settings: { max_connections: 20 } }, "connections, but max_connections is 20"],
    ["the removal of the leader", { replicas: 0, leader: "pg2" }, `"pg2" is not a node of this stack`],
    ["other checksums", { settings: { data_checksums: false } }, "pgstack owns this setting"],
  ])("is %s, in the plan's own words", (_what, keys, because) => {
    const error = errorOf(() => aPlan(keys));
    const impact = refusedImpact(error);
    expect(impact.refused).toBe(true);
    expect(impact.items[0]?.refusal?.because).toContain(because);
    expect(impact.items[0]?.refusal?.way).not.toBe("");
  });
});

function errorOf(action: () => unknown): UserError {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
