import { describe, expect, it } from "vitest";

import { leadershipProblems, stoppedProblems } from "../../../src/topology/judge.ts";
import type { DeclaredLeadership, StoppedData } from "../../../src/topology/judge.ts";
import { parseTenure, plainView } from "../../../src/topology/view.ts";
import type { NodeState, NodeView } from "../../../src/topology/view.ts";

const promoted = "f|00000002|2026-11-28 20:10:03 UTC|0/5000060";

function node(name: string, state: NodeState): NodeView {
  if (state === "writable") return parseTenure(name, `pgstack-test-${name}`, name === "pg1" ? "f|00000001||" : promoted);
  return plainView(name, `pgstack-test-${name}`, state);
}

type States = readonly [NodeState, NodeState, NodeState];

/** pg1, pg2 and pg3 in these states. */
function problems(states: States, declared: Partial<DeclaredLeadership> = {}): readonly string[] {
  const views = states.map((state, index) => node(`pg${index + 1}`, state));
  return leadershipProblems({ newWish: undefined, removed: [], givenUp: [], ...declared }, views);
}

describe("a deployment", () => {
  it.each<readonly [string, States]>([
    ["pg1 leads", ["writable", "recovery", "recovery"]],
    ["another node leads", ["recovery", "writable", "recovery"]],
    ["another node leads, and the one before is down", ["stopped", "writable", "recovery"]],
    ["a leader has replicas that are down", ["writable", "stopped", "absent"]],
    ["the leader is down, with replicas that follow nobody", ["stopped", "recovery", "recovery"]],
    ["everything is down", ["stopped", "stopped", "stopped"]],
    ["the leader is starting", ["silent", "recovery", "silent"]],
  ])("goes on while %s", (_what, states) => {
    expect(problems(states)).toEqual([]);
  });

  it("is refused while two nodes take writes, with who leads since when, whose rows differ and both ways", () => {
    expect(problems(["writable", "writable", "recovery"])).toEqual([
      "pgstack: pg1 and pg2 both take writes: pg2 leads since 2026-11-28 20:10:03 UTC, timeline 2; " +
        "what pg1 wrote after WAL position 0/5000060 is on pg1 alone, what pg2 writes since then is not on pg1. Nothing was changed. " +
        "Decide whose rows stay, before either is stopped. pg1's: stop pg2, then ./pgstack reclone pg2 --stack <stack> --give-up-rows. " +
        "pg2's: stop pg1, then ./pgstack reclone pg1 --stack <stack> --give-up-rows. " +
        "Either way the other data is set aside: docs/operations.md#another-node-leads",
    ]);
  });

  it("goes on when the data of one of two is given up, and not when that of the only one is", () => {
    expect(problems(["writable", "writable", "recovery"], { givenUp: ["pg2"] })).toEqual([]);
    expect(problems(["writable", "writable", "recovery"], { givenUp: ["pg1"] })).toEqual([]);
    expect(problems(["stopped", "writable", "recovery"], { givenUp: ["pg2"] })).toEqual([
      expect.stringMatching(/^pgstack:reclone\.pg2: pg2 takes writes, and no other node does.*Nothing was changed/),
    ]);
  });
});

describe("fewer replicas", () => {
  it("go on while another node leads", () => {
    expect(problems(["writable", "recovery", "recovery"], { removed: ["pg3"] })).toEqual([]);
    expect(problems(["writable", "recovery", "stopped"], { removed: ["pg3"] })).toEqual([]);
  });

  it("never remove the node that leads", () => {
    expect(problems(["recovery", "recovery", "writable"], { removed: ["pg3"] })).toEqual([
      expect.stringMatching(/^pgstack:replicas: pg3 would be removed, and pg3 leads since .*Nothing was changed/),
    ]);
  });

  it("remove no node while it is not known who leads", () => {
    expect(problems(["recovery", "recovery", "stopped"], { removed: ["pg3"] })).toEqual([
      expect.stringMatching(
        /^pgstack:replicas: pg3 would be removed, and no node takes writes \(pg1: a replica, pg2: a replica, pg3: stopped\)/,
      ),
    ]);
  });
});

describe("a wish for another leader", () => {
  it("is followed when that one leads", () => {
    expect(problems(["stopped", "writable", "recovery"], { newWish: "pg2" })).toEqual([]);
  });

  it.each<readonly [string, States, string]>([
    [
      "another one leads",
      ["writable", "recovery", "recovery"],
      "pg2 does not lead: pg1 leads, timeline 1. A deployment follows the node that leads",
    ],
    [
      "nobody leads",
      ["stopped", "recovery", "recovery"],
      "pg2 does not lead: no node takes writes (pg1: stopped, pg2: a replica, pg3: a replica)",
    ],
    ["a third one leads", ["stopped", "recovery", "writable"], "Set it to pg3, or remove it: pulumi config rm leader"],
  ])("is refused when %s", (_what, states, words) => {
    expect(problems(states, { newWish: "pg2" })).toEqual([expect.stringContaining(words)]);
  });
});

describe("a leader's data on a node that does not run", () => {
  const data: StoppedData = { name: "pg1", leader: "pg2", isLeaders: true, word: undefined, usedWord: undefined };

  it("is not cloned over without a word, and the refusal has the command", () => {
    expect(stoppedProblems(data)).toEqual([expect.stringContaining("./pgstack reclone pg1 --stack <stack> --give-up-rows")]);
    expect(stoppedProblems({ ...data, word: "monday", usedWord: "monday" })).toEqual([
      expect.stringContaining(`("monday" in stack config was used before: each word does it once)`),
    ]);
  });

  it("is given up by a new word, and needs none when it is a replica's", () => {
    expect(stoppedProblems({ ...data, word: "tuesday", usedWord: "monday" })).toEqual([]);
    expect(stoppedProblems({ ...data, isLeaders: false })).toEqual([]);
  });
});

it("an answer that is none is a node that does not answer", () => {
  expect(parseTenure("pg1", "c", "").state).toBe("silent");
  expect(parseTenure("pg1", "c", "t|||").state).toBe("recovery");
});
