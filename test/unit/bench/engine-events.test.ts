import { describe, expect, it } from "vitest";

import { criticalPath, dependenciesOf, stepsOf } from "../../../bench/lib/engine-events.ts";
import type { Seen } from "../../../bench/lib/engine-events.ts";

const urn = (type: string, name: string): string => `urn:pulumi:test::pgstack::pgstack:docker:Cluster$${type}::${name}`;
const network = urn("docker:index/network:Network", "network");
const node = urn("docker:index/container:Container", "pg1");
const other = urn("docker:index/volume:Volume", "data");
const component = urn("pgstack:docker:Pooler", "pooler");

const began = (ms: number, of: string): Seen => ({ ms, event: { resourcePreEvent: { metadata: { urn: of, op: "create" } } } });
const ended = (ms: number, of: string): Seen => ({ ms, event: { resOutputsEvent: { metadata: { urn: of, op: "create" } } } });

const seen = [
  began(100, component),
  began(110, network),
  began(120, other),
  ended(150, other),
  ended(2110, network),
  { ms: 2115, event: {} },
  began(2130, node),
  ended(2500, node),
  ended(2600, component),
];

describe("stepsOf", () => {
  it("pairs begin and end, and reads name and type from the URN", () => {
    expect(stepsOf(seen).map(({ name, type, startMs, endMs }) => [name, type, startMs, endMs])).toStrictEqual([
      ["pooler", "Pooler", 100, 2600],
      ["network", "Network", 110, 2110],
      ["data", "Volume", 120, 150],
      ["pg1", "Container", 2130, 2500],
    ]);
  });
});

describe("criticalPath", () => {
  it("follows the latest dependency, without components", () => {
    const state = JSON.stringify({
      deployment: {
        resources: [
          { urn: component, custom: false },
          { urn: network, custom: true, provider: "urn:pulumi:test::pgstack::pulumi:providers:docker::engine::1234-5678" },
          { urn: other, custom: true },
          { urn: node, custom: true, dependencies: [network, other, component] },
        ],
      },
    });
    const path = criticalPath(stepsOf(seen), dependenciesOf(state));
    expect(path.map(({ step, waitedMs, tookMs }) => [step.name, waitedMs, tookMs])).toStrictEqual([
      ["network", 110, 2000],
      ["pg1", 20, 370],
    ]);
    expect(dependenciesOf(state).get(network)).toStrictEqual(["urn:pulumi:test::pgstack::pulumi:providers:docker::engine"]);
  });
});
