import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { PendingNode, PendingSetting } from "../../../src/restarts/order.ts";
import { isLowered, restartOrder } from "../../../src/restarts/order.ts";

const buffers: PendingSetting = { name: "shared_buffers", running: "32768", wanted: "512MB" };
const raised: PendingSetting = { name: "max_connections", running: "100", wanted: "200" };
const lowered: PendingSetting = { name: "max_wal_senders", running: "40", wanted: "20" };

const cluster = (leader: readonly PendingSetting[], ...replicas: readonly (readonly PendingSetting[])[]): PendingNode[] => [
  { node: "pg1", role: "leader", pending: leader },
  ...replicas.map((pending, index): PendingNode => ({ node: `pg${index + 2}`, role: "replica", pending })),
];

describe("the order of restarts", () => {
  it("is empty when nothing waits", () => {
    expect(restartOrder(cluster([], [], []))).toEqual([]);
  });

  it("has replicas before the leader", () => {
    expect(restartOrder(cluster([buffers], [buffers], [buffers]))).toEqual(["pg2", "pg3", "pg1"]);
    expect(restartOrder(cluster([raised], [raised], [raised]))).toEqual(["pg2", "pg3", "pg1"]);
  });

  it("has the leader before replicas that it must not fall below", () => {
    expect(restartOrder(cluster([lowered], [lowered], [lowered]))).toEqual(["pg1", "pg2", "pg3"]);
  });

  it("has replicas first when something else waits too: the next look finds what is left", () => {
    expect(restartOrder(cluster([raised, lowered], [raised, lowered]))).toEqual(["pg2", "pg1"]);
    expect(restartOrder(cluster([], [lowered]))).toEqual(["pg2"]);
  });

  it("has only nodes for which something waits", () => {
    expect(restartOrder(cluster([], [buffers], []))).toEqual(["pg2"]);
    expect(restartOrder(cluster([buffers], [], [buffers]))).toEqual(["pg3", "pg1"]);
  });

  it("has each waiting node once, and no other", () => {
    const settings = fc.subarray([buffers, raised, lowered]);
    fc.assert(
      fc.property(settings, fc.array(settings, { maxLength: 5 }), (leader, replicas) => {
        const nodes = cluster(leader, ...replicas);
        const waiting = nodes.filter(({ pending }) => pending.length > 0).map(({ node }) => node);
        expect(restartOrder(nodes).toSorted()).toEqual(waiting.toSorted());
      }),
    );
  });
});

describe("a lowered setting", () => {
  it("is one that replicas depend on, with a smaller number", () => {
    expect(isLowered(lowered)).toBe(true);
    expect(isLowered(raised)).toBe(false);
    expect(isLowered({ name: "shared_buffers", running: "32768", wanted: "100" })).toBe(false);
  });
});
