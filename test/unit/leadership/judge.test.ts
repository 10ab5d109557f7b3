import { describe, expect, it } from "vitest";

import { formerProblems, leadershipProblems } from "../../../src/leadership/judge.ts";
import type { FormerData } from "../../../src/leadership/judge.ts";
import { parseTenure, plainView } from "../../../src/leadership/view.ts";
import type { NodeState, NodeView } from "../../../src/leadership/view.ts";

const promoted = "f|00000002|2026-11-28 20:10:03 UTC|0/5000060";

function node(name: string, state: NodeState): NodeView {
  if (state === "writable") return parseTenure(name, `pgstack-test-${name}`, name === "pg1" ? "f|00000001||" : promoted);
  return plainView(name, `pgstack-test-${name}`, state, state === "stopped" ? "2026-11-28 20:09:50 UTC" : undefined);
}

/** pg1, pg2 and pg3 in these states, with pg1 as the leader that was deployed last. */
function problems(states: readonly [NodeState, NodeState, NodeState], wanted = "pg1", givenUp: readonly string[] = []): readonly string[] {
  const views = states.map((state, index) => node(`pg${index + 1}`, state));
  return leadershipProblems({ before: "pg1", wanted, givenUp }, views);
}

describe("a deployment on a cluster whose declared leader", () => {
  it.each<readonly [string, readonly [NodeState, NodeState, NodeState]]>([
    ["leads", ["writable", "recovery", "recovery"]],
    ["leads beside replicas that are down", ["writable", "stopped", "absent"]],
    ["is down, with replicas that follow nobody", ["stopped", "recovery", "recovery"]],
    ["is down as everything is", ["stopped", "stopped", "stopped"]],
    ["was removed by hand", ["absent", "recovery", "recovery"]],
    ["is starting", ["silent", "recovery", "silent"]],
    ["holds a replica's data, as its gate will say", ["recovery", "recovery", "recovery"]],
  ])("%s goes on", (_what, states) => {
    expect(problems(states)).toEqual([]);
  });

  it("was stopped and followed by another one is refused, with who leads since when, whose rows differ and the way", () => {
    expect(problems(["stopped", "writable", "recovery"])).toEqual([
      "pgstack:leader: pg2 leads since 2026-11-28 20:10:03 UTC, timeline 2; pg1 was the leader until 2026-11-28 20:09:50 UTC. " +
        "What pg1 wrote after WAL position 0/5000060 is on pg1 alone, what pg2 writes since then is not on pg1. Nothing was changed. " +
        "Do not start pg1. To go on with pg2: pulumi config set leader pg2; ./pgstack reclone pg1 --stack <stack> --give-up-rows. " +
        "pg1's data is set aside and pg1 is cloned from pg2. The other way, and how to look for rows: docs/operations.md#another-node-leads",
    ]);
  });

  it.each<readonly [NodeState, string]>([
    ["refused", "pg1 was the leader, and its start script refuses to start it"],
    ["absent", "pg1 was the leader, and its container is gone"],
    ["silent", "pg1 was the leader; its container runs, but it does not answer"],
    ["recovery", "pg1 was the leader and is a replica now"],
  ])("is %s is refused while another one leads", (state, words) => {
    expect(problems([state, "recovery", "writable"])).toEqual([expect.stringContaining(words)]);
  });

  it("is not saved by a word for the node that leads: what that one has is nowhere else", () => {
    expect(problems(["stopped", "writable", "recovery"], "pg1", ["pg2"])).toEqual([expect.stringContaining("pg2 leads since")]);
  });

  it("leads beside another writable node is refused until the other one's data is given up", () => {
    const [problem] = problems(["writable", "writable", "recovery"]);
    expect(problem).toContain(
      "pg1 and pg2 both take writes: pg2 leads since 2026-11-28 20:10:03 UTC, timeline 2, and pg1 is the leader in stack config",
    );
    expect(problem).toContain("pg1's: ./pgstack reclone pg2 --stack <stack> --give-up-rows.");
    expect(problems(["writable", "writable", "recovery"], "pg1", ["pg2"])).toEqual([]);
  });
});

describe("another leader in stack config", () => {
  it.each<readonly [string, readonly [NodeState, NodeState, NodeState]]>([
    ["the old one is down", ["stopped", "writable", "recovery"]],
    ["the old one is refused by its start script", ["refused", "writable", "recovery"]],
    ["the old one is gone", ["absent", "writable", "recovery"]],
    ["the old one is a replica already", ["recovery", "writable", "stopped"]],
  ])("is followed when it leads and %s", (_what, states) => {
    expect(problems(states, "pg2")).toEqual([]);
  });

  it.each<readonly [string, readonly [NodeState, NodeState, NodeState], string]>([
    [
      "the old one leads",
      ["writable", "recovery", "recovery"],
      "cannot change from pg1 to pg2: pg1 leads, timeline 1, and pg2 is a replica (it is in recovery). Stack config follows the node that leads, it does not make one: set leader to pg1",
    ],
    ["nobody leads", ["stopped", "recovery", "recovery"], "no node takes writes, and pg2 is a replica (it is in recovery)"],
    ["nothing runs", ["stopped", "stopped", "stopped"], "no node takes writes, and pg2 does not run"],
    ["a third one leads", ["stopped", "recovery", "writable"], "pg3 leads since 2026-11-28 20:10:03 UTC, timeline 2, and pg2 is a replica"],
    ["the old one takes writes too", ["writable", "writable", "recovery"], "cannot change from pg1 to pg2: pg1 takes writes too"],
    [
      "the old one does not answer",
      ["silent", "writable", "recovery"],
      "pg2 leads, but pg1 runs and does not answer, so it is not known whether it takes writes too. Stop it (docker stop -t 120 pgstack-test-pg1)",
    ],
  ])("is refused when %s", (_what, states, words) => {
    expect(problems(states, "pg2", ["pg1"])).toEqual([expect.stringContaining(words)]);
  });
});

describe("the old leader's data", () => {
  const data: FormerData = { name: "pg1", leader: "pg2", isLeaders: true, word: undefined, usedWord: undefined };

  it("is not cloned over without a word, and the refusal has the command", () => {
    expect(formerProblems(data)).toEqual([expect.stringContaining("./pgstack reclone pg1 --stack <stack> --give-up-rows")]);
    expect(formerProblems({ ...data, word: "monday", usedWord: "monday" })).toEqual([
      expect.stringContaining(`("monday" in stack config was used before: each word does it once)`),
    ]);
  });

  it("is given up by a new word, and needs none when it is a replica's", () => {
    expect(formerProblems({ ...data, word: "tuesday", usedWord: "monday" })).toEqual([]);
    expect(formerProblems({ ...data, isLeaders: false })).toEqual([]);
  });
});

it("an answer that is none is a node that does not answer", () => {
  expect(parseTenure("pg1", "c", "").state).toBe("silent");
  expect(parseTenure("pg1", "c", "t|||").state).toBe("recovery");
});
