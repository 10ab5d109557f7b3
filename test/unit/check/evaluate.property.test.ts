import fc from "fast-check";
import { expect, it } from "vitest";

import { evaluate } from "../../../src/check/evaluate.ts";
import { faults } from "./faults.ts";
import type { Fault } from "./faults.ts";
import { all, anObservation, aTarget, replicasOf } from "./fixtures.ts";
import type { LedTarget } from "./fixtures.ts";

const anyTarget: fc.Arbitrary<LedTarget> = fc
  .record({ replicas: fc.nat({ max: 6 }), exporters: fc.boolean(), leader: fc.nat({ max: 6 }) })
  .map(({ replicas, exporters, leader }) => aTarget({ replicas, exporters, leader: `pg${1 + (leader % (replicas + 1))}` }));

/** A fault that this cluster can have, and the node that has it. */
const anyFault = (target: LedTarget): fc.Arbitrary<{ readonly fault: Fault; readonly node: string }> => {
  const replicas = replicasOf(target).map(({ name }) => name);
  // A single replica cannot be missed while others are reached.
  const isPossible = ({ at, code, named, needsExporters, needsReplicas }: Fault): boolean =>
    (at !== "replica" || replicas.length > (code === "read-route-incomplete" || named === false ? 1 : 0)) &&
    (needsReplicas !== true || replicas.length > 0) &&
    (needsExporters !== true || target.exporters !== undefined);
  return fc
    .constantFrom(...faults.filter(isPossible))
    .chain((fault) => fc.constantFrom(...(fault.at === "replica" ? replicas : [target.leader])).map((node) => ({ fault, node })));
};

it("finds nothing wrong with any healthy cluster", () => {
  fc.assert(
    fc.property(anyTarget, (target) => {
      expect(evaluate(target, anObservation(target))).toEqual([]);
    }),
  );
});

it("names exactly the one fault of any cluster", () => {
  const cases = anyTarget.chain((target) => anyFault(target).map((broken) => ({ target, ...broken })));
  fc.assert(
    fc.property(cases, ({ target, fault, node }) => {
      const findings = evaluate({ ...target, wish: fault.wish }, fault.change(target, node)(anObservation(target)));
      expect(findings.map(({ code }) => code)).toEqual([fault.code]);
    }),
    { numRuns: 1000 },
  );
});

it("never calls a cluster healthy that has faults, however many", () => {
  const cases = anyTarget.chain((target) =>
    fc.array(anyFault(target), { minLength: 1, maxLength: 4 }).map((broken) => ({ target, broken })),
  );
  fc.assert(
    fc.property(cases, ({ target, broken }) => {
      const change = all(...broken.map(({ fault, node }) => fault.change(target, node)));
      const wish = broken.map(({ fault }) => fault.wish).find(Boolean);
      expect(evaluate({ ...target, wish }, change(anObservation(target)))).not.toEqual([]);
    }),
    { numRuns: 1000 },
  );
});
