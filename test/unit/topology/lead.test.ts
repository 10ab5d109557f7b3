import { describe, expect, it } from "vitest";

import { leadOf, referenceOf, silentAnswer } from "../../../src/topology/lead.ts";
import type { LeadAnswer } from "../../../src/topology/lead.ts";

function writable(name: string, over: Partial<LeadAnswer> = {}): LeadAnswer {
  return {
    ...silentAnswer(name),
    state: "writable",
    tenure: { timeline: 1, since: undefined, branchedAt: undefined },
    system: "1",
    position: "0/5000000",
    ...over,
  };
}

function replica(name: string, over: Partial<LeadAnswer> = {}): LeadAnswer {
  return { ...silentAnswer(name), state: "recovery", follows: "pg1", system: "1", position: "0/4000000", ...over };
}

function promoted(name: string, over: Partial<LeadAnswer> = {}): LeadAnswer {
  const tenure = { timeline: 2, since: "2026-11-28 20:10:03 UTC", branchedAt: undefined };
  return writable(name, { tenure, follows: "pg1", ...over });
}

const nobody = { leader: undefined, rivals: [], former: undefined, last: undefined };

describe("who leads", () => {
  it("is the node that takes writes, whatever its name and order", () => {
    expect(leadOf([writable("pg1"), replica("pg2")], undefined)).toEqual({ ...nobody, leader: "pg1" });
    expect(leadOf([replica("pg1", { follows: "pg2" }), promoted("pg2")], "pg1")).toEqual({ ...nobody, leader: "pg2" });
  });

  it("is told with the one that led before while that one does not answer", () => {
    expect(leadOf([silentAnswer("pg1"), promoted("pg2"), replica("pg3")], undefined)).toEqual({ ...nobody, leader: "pg2", former: "pg1" });
    for (const leader of [
      writable("pg2", { follows: "pg1" }),
      promoted("pg2", { follows: undefined }),
      promoted("pg2", { follows: "pg2" }),
    ])
      expect(leadOf([silentAnswer("pg1"), leader, replica("pg3")], undefined).former).toBeUndefined();
  });

  it("is, of two that take writes, the one that writes reach, then the one that is followed, then the later promotion", () => {
    const followed = writable("pg1", { followers: ["pg3"] });
    expect(leadOf([followed, promoted("pg2")], "pg2")).toEqual({ ...nobody, leader: "pg2", rivals: ["pg1"] });
    expect(leadOf([followed, promoted("pg2")], undefined)).toEqual({ ...nobody, leader: "pg1", rivals: ["pg2"] });
    expect(leadOf([writable("pg1"), promoted("pg2")], undefined)).toEqual({ ...nobody, leader: "pg2", rivals: ["pg1"] });
  });

  it("is not disputed by the data of another cluster", () => {
    expect(leadOf([writable("pg1", { followers: ["pg3"] }), writable("pg2", { system: "2" }), replica("pg3")], undefined)).toEqual({
      ...nobody,
      leader: "pg1",
    });
  });
});

describe("who led last, while no node takes writes", () => {
  it.each<[string, readonly LeadAnswer[], string | undefined, string | undefined]>([
    ["the only node", [silentAnswer("pg1")], undefined, "pg1"],
    ["the one that replicas follow, also when it does not answer", [silentAnswer("pg1"), replica("pg2"), replica("pg3")], undefined, "pg1"],
    ["the one that most replicas follow", [replica("pg1", { follows: "pg2" }), replica("pg2"), replica("pg3")], undefined, "pg1"],
    ["the one that writes reach", [silentAnswer("pg1"), replica("pg2", { follows: undefined })], "pg1", "pg1"],
    [
      "the one with the most WAL",
      [replica("pg1", { follows: undefined, position: "0/A0" }), replica("pg2", { follows: undefined, position: "0/F0" })],
      undefined,
      "pg2",
    ],
    [
      "not known from equal positions",
      [replica("pg1", { follows: undefined }), replica("pg2", { follows: undefined })],
      undefined,
      undefined,
    ],
    ["not known while one does not answer", [silentAnswer("pg1"), replica("pg2", { follows: undefined })], undefined, undefined],
    ["not one that is no node", [silentAnswer("pg1"), replica("pg2", { follows: "elsewhere" })], "other", undefined],
  ])("is %s", (_what, answers, writesReach, last) => {
    const lead = leadOf(answers, writesReach);
    expect(lead).toEqual({ ...nobody, last });
    expect(referenceOf(lead)).toBe(last);
  });
});
