import { describe, expect, it } from "vitest";

import { criticalPath, dependenciesOf, stepsOf } from "../../../bench/lib/engine-events.ts";
import type { Seen } from "../../../bench/lib/engine-events.ts";

const urn = (type: string, name: string): string => `urn:pulumi:test::pgstack::pgstack:docker:Cluster$${type}::${name}`;
const network = urn("docker:index/network:Network", "network");
const node = urn("docker:index/container:Container", "pg1");
const other = urn("docker:index/volume:Volume", "data");
const engine = "urn:pulumi:test::pgstack::pulumi:providers:docker::engine";
const component = urn("pgstack:docker:Pooler", "pooler");

const began = (ms: number, of: string): Seen => ({ ms, event: { resourcePreEvent: { metadata: { urn: of, op: "create" } } } });
const ended = (ms: number, of: string): Seen => ({ ms, event: { resOutputsEvent: { metadata: { urn: of, op: "create" } } } });

const seen = [
  began(100, component),
  began(120, other),
  ended(150, other),
  began(160, network),
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
      ["data", "Volume", 120, 150],
      ["network", "Network", 160, 2110],
      ["pg1", "Container", 2130, 2500],
    ]);
  });
});

describe("criticalPath", () => {
  const state = JSON.stringify({
    deployment: {
      resources: [
        { urn: engine, type: "pulumi:providers:docker", custom: true },
        { urn: component, type: "pgstack:docker:Pooler", custom: false, dependencies: [other] },
        { urn: network, type: "docker:index/network:Network", custom: true, parent: component },
        { urn: other, type: "docker:index/volume:Volume", custom: true },
        { urn: node, type: "docker:index/container:Container", custom: true, dependencies: [network, engine], parent: "" },
      ],
    },
  });

  it("follows the latest dependency", () => {
    const path = criticalPath(stepsOf(seen), dependenciesOf(state));
    expect(path.map(({ step, waitedMs, tookMs }) => [step.name, waitedMs, tookMs])).toStrictEqual([
      ["data", 120, 30],
      ["network", 10, 1950],
      ["pg1", 20, 370],
    ]);
  });

  it("counts what a component waits for as what its children wait for, and neither components nor providers", () => {
    const dependencies = dependenciesOf(state);
    expect([...dependencies.keys()]).toStrictEqual([network, other, node]);
    expect(dependencies.get(network)).toStrictEqual([other]);
  });
});
