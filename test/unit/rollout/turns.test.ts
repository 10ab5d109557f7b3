import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { RolloutNode } from "../../../src/rollout/turns.ts";
import { precedes, rolloutTurns } from "../../../src/rollout/turns.ts";

const node = (name: string, container: RolloutNode["container"] = "running", isRecloned = false): RolloutNode => ({
  name,
  container,
  isRecloned,
});

/** `node < the one before it`, with `*` for one that waits for the roles. */
const shown = (nodes: readonly RolloutNode[], leader: string): readonly string[] =>
  rolloutTurns(nodes, leader).map(({ node: name, after, afterRoles }) => `${name}${afterRoles ? "*" : ""} < ${after ?? "-"}`);

describe("turns of a rollout", () => {
  it("of a new cluster: the leader, then replicas, four at a time", () => {
    const nodes = [1, 2, 3, 4, 5, 6].map((number) => node(`pg${number}`, "absent"));
    expect(shown(nodes, "pg1")).toEqual(["pg1 < -", "pg2* < pg1", "pg3* < pg1", "pg4* < pg1", "pg5* < pg1", "pg6* < pg2"]);
  });

  it("of a running cluster: one after the other, the leader last, whichever node that is", () => {
    const nodes = [node("pg1"), node("pg2"), node("pg3")];
    expect(shown(nodes, "pg1")).toEqual(["pg2 < -", "pg3 < pg2", "pg1 < pg3"]);
    expect(shown(nodes, "pg2")).toEqual(["pg1 < -", "pg3 < pg1", "pg2 < pg3"]);
  });

  it("with a leader that is down: it comes first", () => {
    expect(shown([node("pg1", "stopped"), node("pg2"), node("pg3")], "pg1")).toEqual(["pg1 < -", "pg2* < pg1", "pg3* < pg2"]);
  });

  it("with further replicas: they come after the leader", () => {
    expect(shown([node("pg1"), node("pg2"), node("pg3", "absent"), node("pg4", "absent")], "pg2")).toEqual([
      "pg1 < -",
      "pg2 < pg1",
      "pg3* < pg2",
      "pg4* < pg2",
    ]);
  });

  it("with a former leader that is cloned again: it comes after the one that leads", () => {
    expect(shown([node("pg1", "stopped", true), node("pg2"), node("pg3")], "pg2")).toEqual(["pg3 < -", "pg2 < pg3", "pg1* < pg2"]);
    expect(shown([node("pg1", "running", true), node("pg2"), node("pg3")], "pg2")).toEqual(["pg1 < -", "pg3 < pg1", "pg2 < pg3"]);
  });

  it("have each node once, after one that comes before it", () => {
    const nodes = fc
      .array(fc.record({ container: fc.constantFrom("running", "stopped", "absent"), isRecloned: fc.boolean() } as const), {
        minLength: 1,
        maxLength: 8,
      })
      .map((of) => of.map((one, at): RolloutNode => ({ name: `pg${at + 1}`, ...one })));
    fc.assert(
      fc.property(nodes, fc.nat(), (of, at) => {
        const leader = of[at % of.length]?.name ?? "";
        const turns = rolloutTurns(of, leader);
        expect(turns.map((turn) => turn.node).toSorted()).toEqual(of.map(({ name }) => name).toSorted());
        const leads = turns.findIndex((turn) => turn.node === leader);
        for (const [index, { after, afterRoles }] of turns.entries()) {
          if (after !== undefined) expect(turns.slice(0, index).map((turn) => turn.node)).toContain(after);
          // Roles are made on the leader.
          if (afterRoles) expect(index).toBeGreaterThan(leads);
        }
      }),
    );
  });

  it("tell which node is proven before another one is touched", () => {
    const turns = rolloutTurns([node("pg1"), node("pg2"), node("pg3"), node("pg4", "absent"), node("pg5", "absent")], "pg1");
    expect(precedes(turns, "pg2", "pg1")).toBe(true);
    expect(precedes(turns, "pg1", "pg2")).toBe(false);
    expect(precedes(turns, "pg4", "pg5")).toBe(false);
    expect(precedes(turns, "pg1", "pg1")).toBe(false);
    expect(precedes(turns, "pg9", "pg1")).toBe(false);
  });
});
