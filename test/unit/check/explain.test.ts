import { describe, expect, it } from "vitest";

import { unexplained } from "../../../src/check/explain.ts";
import { explanations } from "../../../src/check/explanations.ts";
import type { Explanation } from "../../../src/check/explanations.ts";
import { kindOf } from "../../../src/check/findings.ts";
import type { FindingCode } from "../../../src/check/findings.ts";
import type { Place } from "../../../src/check/logins.ts";
import type { Symptom } from "../../../src/check/symptoms/symptom.ts";
import { aTarget } from "./fixtures.ts";

const target = aTarget({ replicas: 2 });
const leader: Place = { kind: "node", node: "pg1" };
const replica: Place = { kind: "node", node: "pg2" };
const write: Place = { kind: "route", route: "write" };
const read: Place = { kind: "route", route: "read" };

function symptom(code: FindingCode, place: Place | undefined, more: Partial<Symptom> = {}): Symptom {
  return { code, place, observed: "", expected: "", ...more };
}

/** Where a cause of this rule counts. */
function causePlace({ when }: Explanation): Place {
  return when === "at the leader" ? leader : replica;
}

/** A place of the symptoms that a rule explains, and one that it says nothing about. */
function places(rule: Explanation): { readonly inside: Place; readonly outside: Place | undefined } {
  switch (rule.at) {
    case "same place":
      return { inside: causePlace(rule), outside: { kind: "node", node: "pg3" } };
    case "anywhere":
      return { inside: replica, outside: undefined };
    case "a node":
      return { inside: replica, outside: write };
    case "leader":
      return { inside: leader, outside: replica };
    case "write route":
      return { inside: write, outside: read };
    case "read route":
      return { inside: read, outside: write };
    case "pooler":
      return { inside: { kind: "console" }, outside: replica };
  }
}

const cases = explanations.flatMap((rule) =>
  rule.causes.flatMap((cause) => rule.hides.map((hidden) => ({ rule, cause, hidden, at: rule.at, when: rule.when ?? "anywhere" }))),
);

describe("unexplained", () => {
  it.each(cases)("hides $hidden, $at, behind $cause $when", ({ rule, cause, hidden }) => {
    const role = rule.when === "about monitoring" ? "monitoring" : "app";
    const reason = symptom(cause, causePlace(rule), { role });
    expect(unexplained(target, [symptom(hidden, places(rule).inside), reason])).toEqual([reason]);
  });

  it.each(cases.filter(({ rule }) => places(rule).outside !== undefined))(
    "keeps $hidden elsewhere than $at beside $cause",
    ({ rule, cause, hidden }) => {
      // Another rule may explain it there; a lone rule must not.
      const { outside } = places(rule);
      const others = explanations.filter((other) => other !== rule && other.causes.includes(cause) && other.hides.includes(hidden));
      if (others.length > 0) return;
      const both = [symptom(cause, causePlace(rule), { role: "monitoring" }), symptom(hidden, outside)];
      expect(unexplained(target, both)).toEqual(both);
    },
  );

  it("counts a stopped replica not as a stopped leader", () => {
    const both = [symptom("node-unreachable", replica), symptom("write-route-failed", write)];
    expect(unexplained(target, both)).toEqual(both);
  });

  it("counts a stopped leader not as a node in rotation", () => {
    const both = [symptom("node-unreachable", leader), symptom("read-route-failed", read)];
    expect(unexplained(target, both)).toEqual(both);
    const single = aTarget({ replicas: 0 });
    expect(unexplained(single, both)).toEqual([both[0]]);
  });

  it("counts another role's refusal not as that of monitoring", () => {
    const both = [symptom("login-refused", replica, { role: "app" }), symptom("exporter-target-down", replica)];
    expect(unexplained(target, both)).toEqual(both);
  });

  it("never hides a login that must be refused, and never what is lost for good", () => {
    const hidden = new Set(explanations.flatMap(({ hides }) => hides));
    for (const code of ["login-accepted", "slot-wal-lost", "slot-wal-at-risk", "slot-missing", "cluster-unreachable"] as const)
      expect(hidden).not.toContain(code);
  });

  it("does not hide an error behind a warning", () => {
    const both = [symptom("replica-not-streaming", replica, { severity: "warning" }), symptom("replica-behind", replica)];
    expect(unexplained(target, both)).toEqual(both);
    for (const { causes } of explanations) for (const cause of causes) expect(kindOf(cause).severity).toBe("error");
  });

  it("explains through something that is itself explained", () => {
    const chain = [symptom("slot-missing", replica), symptom("replica-not-streaming", replica), symptom("replica-behind", replica)];
    expect(unexplained(target, chain)).toEqual([chain[0]]);
  });

  it("has no cycle, so that something is always left", () => {
    const explains = (code: FindingCode): readonly FindingCode[] =>
      explanations.flatMap(({ causes, hides }) => (causes.includes(code) ? hides : []));
    const visit = (code: FindingCode, path: readonly FindingCode[]): void => {
      expect(path, [...path, code].join(" → ")).not.toContain(code);
      for (const next of new Set(explains(code))) visit(next, [...path, code]);
    };
    for (const { causes } of explanations) for (const cause of causes) visit(cause, []);
  });
});
