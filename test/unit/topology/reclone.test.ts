import { describe, expect, it } from "vitest";

import { recloneRefusals } from "../../../src/topology/reclone.ts";
import { plainView } from "../../../src/topology/view.ts";
import type { NodeState, NodeView } from "../../../src/topology/view.ts";

const view = (name: string, state: NodeState): NodeView => {
  const plain = plainView(name, `pgstack-x-${name}`, state);
  if (state !== "writable" || name === "pg1") return plain;
  return { ...plain, tenure: { timeline: 2, since: "2026-11-28 20:10:03 UTC", branchedAt: "0/5000148" } };
};

interface Case {
  readonly what: string;
  /** States of pg1, pg2, pg3. */
  readonly states: readonly [NodeState, NodeState, NodeState];
  readonly nodes?: readonly string[];
  /** Nodes that hold a leader's data. */
  readonly holds?: readonly string[];
  readonly givesUpRows?: boolean;
  /** Undefined: it may be done. */
  readonly refused: RegExp | undefined;
}

const cases: readonly Case[] = [
  { what: "a replica that streams", states: ["writable", "recovery", "recovery"], refused: undefined },
  { what: "a replica that is stopped", states: ["writable", "stopped", "recovery"], refused: undefined },
  { what: "a replica that is gone", states: ["writable", "absent", "recovery"], refused: undefined },
  { what: "two replicas", states: ["writable", "recovery", "refused"], nodes: ["pg2", "pg3"], refused: undefined },
  {
    what: "the leader",
    states: ["writable", "recovery", "recovery"],
    nodes: ["pg1"],
    refused: /^pg1 leads: the others are cloned from it, so its data stays\. Nothing was changed/,
  },
  {
    what: "a replica of a leader that is down",
    states: ["stopped", "recovery", "recovery"],
    refused: /^no node takes writes \(pg1: stopped, pg2: a replica, pg3: a replica\), so nothing can be cloned\. Nothing was changed/,
  },
  {
    what: "a replica of a leader that does not answer",
    states: ["silent", "recovery", "recovery"],
    refused: /^no node takes writes/,
  },
  {
    what: "a node that leads while the leader is down",
    states: ["stopped", "writable", "recovery"],
    holds: ["pg2"],
    givesUpRows: true,
    refused: /^pg2 leads since 2026-11-28 20:10:03 UTC, timeline 2: the others are cloned from it/,
  },
  {
    what: "a replica while another one was promoted",
    states: ["writable", "recovery", "writable"],
    refused: /pg1 and pg3 both take writes/,
  },
  {
    what: "a node that takes writes while the leader does",
    states: ["writable", "writable", "recovery"],
    holds: ["pg2"],
    refused: /^pg2 holds a leader's data: what pg2 wrote after WAL position 0\/5000148 is on pg2 alone.*Nothing was changed/,
  },
  {
    what: "the same, with its rows given up",
    states: ["writable", "writable", "recovery"],
    holds: ["pg2"],
    givesUpRows: true,
    refused: undefined,
  },
  {
    what: "a stopped node that was promoted",
    states: ["writable", "refused", "recovery"],
    holds: ["pg2"],
    refused: /^pg2 holds a leader's data: what pg2 wrote after the last that pg1 received is on pg2 alone/,
  },
  {
    what: "the former leader, whose rows are given up",
    states: ["stopped", "writable", "recovery"],
    nodes: ["pg1"],
    holds: ["pg1"],
    givesUpRows: true,
    refused: undefined,
  },
  {
    what: "the former leader without that",
    states: ["stopped", "writable", "recovery"],
    nodes: ["pg1"],
    holds: ["pg1"],
    refused: /^pg1 holds a leader's data/,
  },
  {
    what: "the former leader for a node that does not lead",
    states: ["stopped", "recovery", "recovery"],
    nodes: ["pg1"],
    givesUpRows: true,
    refused: /^no node takes writes/,
  },
];

describe("cloning again", () => {
  it.each(cases)("$what", ({ states, nodes = ["pg2"], holds = [], givesUpRows = false, refused }) => {
    const views = states.map((state, index) => view(`pg${index + 1}`, state));
    const refusals = recloneRefusals({ nodes, stack: "x", givesUpRows }, views, new Set(holds));
    if (refused === undefined) expect(refusals).toEqual([]);
    else expect(refusals.map(({ problem }) => problem)).toEqual([expect.stringMatching(refused)]);
    for (const { problem, fix } of refusals) expect(problem).not.toContain(fix);
  });
});
