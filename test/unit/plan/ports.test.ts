import { describe, expect, it } from "vitest";

import { publishedPorts } from "../../../src/plan/ports.ts";
import type { ClusterPlan } from "../../../src/plan/types.ts";
import { aConfig, aPlan } from "../../../testing/stacks.ts";

/** Every published port of a plan. */
function portsOf({ nodes, pooler, exporters }: ClusterPlan): number[] {
  return [
    ...nodes.map(({ hostPort }) => hostPort),
    pooler.hostPort,
    ...pooler.processes.map(({ hostPort }) => hostPort),
    ...(exporters === undefined ? [] : [...exporters.nodes, ...exporters.processes].map(({ hostPort }) => hostPort)),
  ];
}

describe("publishedPorts", () => {
  it("counts up from the first port of each kind", () => {
    const ports = { postgres: 15_432, pooler: 16_432, poolerConsole: 16_532, postgresExporter: 19_187, poolerExporter: 19_127 };
    const config = aConfig({ replicas: 1, ports });
    expect(publishedPorts(config)).toEqual([
      { port: 15_432, what: "pg1", key: "ports.postgres" },
      { port: 15_433, what: "pg2", key: "ports.postgres" },
      { port: 16_432, what: "the pooler", key: "ports.pooler" },
      { port: 16_532, what: "the console of pgbouncer-1", key: "ports.poolerConsole" },
      { port: 16_533, what: "the console of pgbouncer-2", key: "ports.poolerConsole" },
      { port: 19_187, what: "the exporter of pg1", key: "ports.postgresExporter" },
      { port: 19_188, what: "the exporter of pg2", key: "ports.postgresExporter" },
      { port: 19_127, what: "the exporter of pgbouncer-1", key: "ports.poolerExporter" },
      { port: 19_128, what: "the exporter of pgbouncer-2", key: "ports.poolerExporter" },
    ]);
  });

  it("leaves exporters out when there are none", () => {
    expect(publishedPorts(aConfig({ replicas: 0, exporters: false })).map(({ port }) => port)).toEqual([5432, 6432, 6433, 6434]);
  });

  it.each([{ replicas: 3 }, { replicas: 0 }, { replicas: 2, exporters: false }])("names the ports that the plan publishes: %j", (keys) => {
    expect(publishedPorts(aConfig(keys)).map(({ port }) => port)).toEqual(portsOf(aPlan(keys)));
  });
});
