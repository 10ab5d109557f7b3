import { describe, expect, it } from "vitest";

import { unexplained } from "../../../src/check/explain.ts";
import { explanations } from "../../../src/check/explanations.ts";
import type { Explanation } from "../../../src/check/explanations.ts";
import { kindOf } from "../../../src/check/findings.ts";
import type { FindingCode } from "../../../src/check/findings.ts";
import type { Place } from "../../../src/check/logins.ts";
import type { Symptom } from "../../../src/check/symptoms/symptom.ts";
import { lookOf } from "../../../src/check/look.ts";
import { aTarget, anObservation } from "./fixtures.ts";

const led = aTarget({ replicas: 2 });

const look = lookOf(led, anObservation(led));
const leader: Place = { kind: "node", node: "pg1" };
const replica: Place = { kind: "node", node: "pg2" };
const write = { kind: "route", route: "write" } as const satisfies Place;
const read = { kind: "route", route: "read" } as const satisfies Place;

const firstConsole: Place = { kind: "console", process: 1 };

function symptom(code: FindingCode, place: Place | undefined, more: Partial<Symptom> = {}): Symptom {
  return { code, place, observed: "", expected: "", ...more };
}

/** Where a cause of this rule counts. */
function causePlace({ at, when }: Explanation): Place {
  if (at === "pooler") return firstConsole;
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
    case "write route":
      return { inside: write, outside: read };
    case "read route":
      return { inside: read, outside: write };
    case "pooler":
      return { inside: firstConsole, outside: replica };
  }
}

const cases = explanations.flatMap((rule) =>
  rule.causes.flatMap((cause) => rule.hides.map((hidden) => ({ rule, cause, hidden, at: rule.at, when: rule.when ?? "anywhere" }))),
);

describe("unexplained", () => {
  it.each(cases)("hides $hidden, $at, behind $cause $when", ({ rule, cause, hidden }) => {
    const role = rule.when === "about monitoring" ? "monitoring" : "app";
    const reason = symptom(cause, causePlace(rule), { role });
    expect(unexplained(look, [symptom(hidden, places(rule).inside), reason])).toEqual([reason]);
  });

  it.each(cases.filter(({ rule }) => places(rule).outside !== undefined))(
    "keeps $hidden elsewhere than $at beside $cause",
    ({ rule, cause, hidden }) => {
      // Another rule may explain it there; a lone rule must not.
      const { outside } = places(rule);
      const others = explanations.filter((other) => other !== rule && other.causes.includes(cause) && other.hides.includes(hidden));
      if (others.length > 0) return;
      const both = [symptom(cause, causePlace(rule), { role: "monitoring" }), symptom(hidden, outside)];
      expect(unexplained(look, both)).toEqual(both);
    },
  );

  it("counts a stopped replica not as a stopped leader", () => {
    const both = [symptom("node-unreachable", replica), symptom("write-route-failed", write)];
    expect(unexplained(look, both)).toEqual(both);
  });

  it("counts a stopped leader not as a node for reads", () => {
    const both = [symptom("node-unreachable", leader), symptom("read-route-failed", read)];
    expect(unexplained(look, both)).toEqual(both);
    const single = aTarget({ replicas: 0 });
    expect(unexplained(lookOf(single, anObservation(single)), both)).toEqual([both[0]]);
  });

  it("counts another role's refusal not as that of monitoring", () => {
    const both = [symptom("login-refused", replica, { role: "app" }), symptom("exporter-target-down", replica)];
    expect(unexplained(look, both)).toEqual(both);
  });

  it("hides behind a silent process what came through it, or may have come through it, and nothing at the others", () => {
    const silent = symptom("pooler-unreachable", firstConsole);
    for (const place of [write, read, { ...write, process: 1 }, { ...read, process: 1, database: "shop" }] as const)
      expect(unexplained(look, [silent, symptom("write-route-failed", place)])).toEqual([silent]);
    for (const place of [{ ...write, process: 2 }, { ...read, process: 2 }, { kind: "console", process: 2 }, replica] as const) {
      const both = [silent, symptom("login-refused", place)];
      expect(unexplained(look, both)).toEqual(both);
    }
  });

  it("hides behind a paused route what waits in that process, or may wait in it, and nothing in the others", () => {
    const paused = symptom("pooler-paused", { ...write, process: 1 });
    for (const place of [write, { ...write, process: 1 }] as const)
      expect(unexplained(look, [paused, symptom("write-route-failed", place)])).toEqual([paused]);
    for (const place of [
      { ...write, process: 2 },
      { ...read, process: 1 },
    ] as const) {
      const both = [paused, symptom("login-refused", place)];
      expect(unexplained(look, both)).toEqual(both);
    }
  });

  it("never hides a login that must be refused, and never what is lost for good", () => {
    const hidden = new Set(explanations.flatMap(({ hides }) => hides));
    for (const code of ["login-accepted", "slot-wal-lost", "slot-wal-at-risk", "cluster-unreachable"] as const)
      expect(hidden).not.toContain(code);
  });

  it("does not hide an error behind a warning", () => {
    const both = [symptom("replica-not-streaming", replica, { severity: "warning" }), symptom("replica-behind", replica)];
    expect(unexplained(look, both)).toEqual(both);
    for (const { causes } of explanations) for (const cause of causes) expect(kindOf(cause).severity).toBe("error");
  });

  it("explains through something that is itself explained", () => {
    const chain = [symptom("slot-missing", replica), symptom("replica-not-streaming", replica), symptom("replica-behind", replica)];
    expect(unexplained(look, chain)).toEqual([chain[0]]);
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
