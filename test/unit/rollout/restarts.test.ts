import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { restartOrder, restartTurns } from "../../../src/rollout/restarts.ts";
import type { Waiting } from "../../../src/rollout/restarts.ts";
import { isLowered } from "../../../src/rollout/standby-limits.ts";

type Pending = Pick<Waiting, "any" | "lowered">;

const none: Pending = { any: false, lowered: false };
const plain: Pending = { any: true, lowered: false };
const lowered: Pending = { any: false, lowered: true };
const both: Pending = { any: true, lowered: true };

const cluster = (leader: Pending, ...replicas: readonly Pending[]): Waiting[] => [
  { node: "pg1", role: "leader", ...leader },
  ...replicas.map((pending, index): Waiting => ({ node: `pg${index + 2}`, role: "replica", ...pending })),
];

describe("the order of restarts", () => {
  it("is empty when nothing waits", () => {
    expect(restartOrder(cluster(none, none, none))).toEqual([]);
  });

  it("has replicas before the leader, whichever node that is", () => {
    expect(restartOrder(cluster(plain, plain, plain))).toEqual(["pg2", "pg3", "pg1"]);
    const led = cluster(plain, plain).map((one): Waiting => ({ ...one, role: one.node === "pg2" ? "leader" : "replica" }));
    expect(restartOrder(led)).toEqual(["pg1", "pg2"]);
  });

  it("has the leader before replicas that it must not fall below", () => {
    expect(restartOrder(cluster(lowered, lowered, lowered))).toEqual(["pg1", "pg2", "pg3"]);
  });

  it("has replicas first when something else waits too: the next look finds what is left", () => {
    expect(restartOrder(cluster(both, both))).toEqual(["pg2", "pg1"]);
    expect(restartOrder(cluster(none, lowered))).toEqual(["pg2"]);
  });

  it("begins with nodes that are down: the replicas' gates need a leader", () => {
    expect(restartOrder([{ node: "pg3", role: undefined, ...plain }, ...cluster(plain, plain)])).toEqual(["pg3", "pg2", "pg1"]);
  });

  it("has only nodes for which something waits", () => {
    expect(restartOrder(cluster(none, plain, none))).toEqual(["pg2"]);
    expect(restartOrder(cluster(plain, none, plain))).toEqual(["pg3", "pg1"]);
  });

  it("has each waiting node once, and no other", () => {
    const pending = fc.constantFrom(none, plain, lowered, both);
    fc.assert(
      fc.property(pending, fc.array(pending, { maxLength: 5 }), (leader, replicas) => {
        const nodes = cluster(leader, ...replicas);
        const waiting = nodes.filter(({ any, lowered: less }) => any || less).map(({ node }) => node);
        expect(restartOrder(nodes).toSorted()).toEqual(waiting.toSorted());
      }),
    );
  });
});

describe("all turns", () => {
  it("are one for each node, and two for a replica that has to lower a limit too", () => {
    expect(restartTurns(cluster(plain, plain, plain))).toEqual(["pg2", "pg3", "pg1"]);
    expect(restartTurns(cluster(lowered, lowered))).toEqual(["pg1", "pg2"]);
    expect(restartTurns(cluster(both, both, both))).toEqual(["pg2", "pg3", "pg1", "pg2", "pg3"]);
    expect(restartTurns([])).toEqual([]);
  });

  it("end, and no replica falls below its leader", () => {
    const pending = fc.constantFrom(none, plain, lowered, both);
    fc.assert(
      fc.property(pending, fc.array(pending, { maxLength: 5 }), (leader, replicas) => {
        const turns = restartTurns(cluster(leader, ...replicas));
        for (const [index, { lowered: less }] of replicas.entries())
          if (less && leader.lowered) expect(turns.lastIndexOf(`pg${index + 2}`)).toBeGreaterThan(turns.indexOf("pg1"));
      }),
    );
  });
});

describe("a lowered setting", () => {
  it("is one that replicas depend on, with a smaller number", () => {
    expect(isLowered({ name: "max_wal_senders", running: "40", wanted: "20" })).toBe(true);
    expect(isLowered({ name: "max_connections", running: "100", wanted: "200" })).toBe(false);
    expect(isLowered({ name: "shared_buffers", running: "32768", wanted: "100" })).toBe(false);
  });
});
