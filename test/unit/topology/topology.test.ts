import { describe, expect, it } from "vitest";

import { isLost, roleIn, topologyOf } from "../../../src/topology/topology.ts";
import { plainView } from "../../../src/topology/view.ts";
import type { NodeState } from "../../../src/topology/view.ts";

const seen = (states: Readonly<Record<string, NodeState>>): ReturnType<typeof topologyOf> =>
  topologyOf(Object.entries(states).map(([name, state]) => plainView(name, `c-${name}`, state)));

describe("the topology", () => {
  it("has the one node that takes writes as its leader", () => {
    const topology = seen({ pg1: "stopped", pg2: "writable", pg3: "recovery" });
    expect(topology.leader?.name).toBe("pg2");
    expect(["pg1", "pg2", "pg3", "pg4"].map((name) => roleIn(topology, name))).toEqual([undefined, "leader", "replica", undefined]);
  });

  it("has a replica lost that follows another node than the leader, or has no slot there", () => {
    const leader = { ...plainView("pg2", "c", "writable"), slots: ["pg3", "pg4"] };
    const replica = (name: string, follows: string): ReturnType<typeof plainView> => ({ ...plainView(name, "c", "recovery"), follows });
    const topology = topologyOf([
      replica("pg1", "pg2"),
      leader,
      replica("pg3", "pg2"),
      replica("pg4", "pg1"),
      plainView("pg5", "c", "silent"),
    ]);
    const names = ["pg1", "pg2", "pg3", "pg4", "pg5"];
    expect(names.filter((name) => isLost(topology, name))).toEqual(["pg1", "pg4"]);
    expect(names.filter((name) => isLost(topologyOf([replica("pg1", "pg2")]), name))).toEqual([]);
  });

  it.each([{ pg1: "recovery", pg2: "silent" } as const, { pg1: "writable", pg2: "writable" } as const])(
    "has no leader where none or two take writes: %o",
    (states) => {
      const topology = seen(states);
      expect(topology.leader).toBeUndefined();
      expect(roleIn(topology, "pg2")).toBeUndefined();
      expect(topology.writable).toHaveLength(states.pg1 === "writable" ? 2 : 0);
    },
  );
});
