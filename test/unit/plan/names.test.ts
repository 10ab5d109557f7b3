import { describe, expect, it } from "vitest";

import {
  configVolumeName,
  containerName,
  dataVolumeName,
  networkName,
  nodeName,
  prefixOf,
  processNumber,
  services,
} from "../../../src/plan/names.ts";
import type { ClusterPlan } from "../../../src/plan/types.ts";
import { aPlan } from "../../../testing/stacks.ts";

/** Every name that a plan gives to something on the engine, by kind. */
function namesOf({ nodes, pooler, exporters, network }: ClusterPlan): Readonly<Record<"containers" | "volumes" | "networks", string[]>> {
  return {
    containers: [
      ...nodes.map(({ container }) => container),
      ...pooler.processes.map(({ container }) => container),
      pooler.listener,
      ...(exporters === undefined ? [] : [...exporters.nodes, ...exporters.processes].map(({ container }) => container)),
    ],
    volumes: [
      ...nodes.flatMap(({ dataVolume, configVolume }) => [dataVolume, configVolume]),
      pooler.configVolume,
      pooler.socketVolume,
      ...(exporters === undefined ? [] : [exporters.configVolume]),
    ],
    networks: [network.name],
  };
}

describe("names", () => {
  it("begin with project and stack", () => {
    const prefix = prefixOf("pgstack", "staging");
    expect(prefix).toBe("pgstack-staging");
    expect(nodeName(3)).toBe("pg3");
    expect(containerName(prefix, "pg3")).toBe("pgstack-staging-pg3");
    expect(dataVolumeName(prefix, "pg3")).toBe("pgstack-staging-pg3-data");
    expect(configVolumeName(prefix, "pg3")).toBe("pgstack-staging-pg3-config");
    expect(networkName(prefix)).toBe("pgstack-staging");
    expect(services.nodeExporter("pg3")).toBe("pg3-exporter");
  });

  it("of a whole plan are these", () => {
    expect(namesOf(aPlan({ replicas: 1 }, { stack: "s" }))).toEqual({
      containers: [
        "pgstack-s-pg1",
        "pgstack-s-pg2",
        "pgstack-s-pgbouncer-1",
        "pgstack-s-pgbouncer-2",
        "pgstack-s-pooler",
        "pgstack-s-pg1-exporter",
        "pgstack-s-pg2-exporter",
        "pgstack-s-pgbouncer-1-exporter",
        "pgstack-s-pgbouncer-2-exporter",
      ],
      volumes: [
        "pgstack-s-pg1-data",
        "pgstack-s-pg1-config",
        "pgstack-s-pg2-data",
        "pgstack-s-pg2-config",
        "pgstack-s-pooler-config",
        "pgstack-s-pooler-socket",
        "pgstack-s-exporters-config",
      ],
      networks: ["pgstack-s"],
    });
  });

  it("tell a process of the pooler from other services", () => {
    expect([1, 2, 15].map((number) => processNumber(services.pgbouncer(number)))).toEqual([1, 2, 15]);
    for (const other of [
      "pgbouncer",
      "pgbouncer-",
      "pgbouncer-0",
      "pgbouncer-01",
      "pgbouncer-1-exporter",
      "a-pgbouncer-1",
      "pg1",
      "pooler",
    ])
      expect(processNumber(other), other).toBeUndefined();
  });

  it("do not tell which node leads", () => {
    expect(namesOf(aPlan({ replicas: 2, leader: "pg3" }))).toEqual(namesOf(aPlan({ replicas: 2, leader: "pg1" })));
  });

  it("of stacks whose names contain each other do not meet", () => {
    const short = namesOf(aPlan({ replicas: 15, subnet: "10.0.0.0/24", ports: { postgres: 20_000 } }, { stack: "a" }));
    for (const stack of ["a-pg1", "a-pooler", "a-pgbouncer", "a-pgbouncer-1", "a-pg1-exporter", "a-exporters", "A", "a.b"]) {
      const other = namesOf(aPlan({ replicas: 15, subnet: "10.0.0.0/24", ports: { postgres: 20_000 } }, { stack }));
      for (const kind of ["containers", "volumes", "networks"] as const) {
        expect(short[kind].filter((name) => other[kind].includes(name))).toEqual([]);
      }
    }
  });

  it("fit Docker for the longest stack name", () => {
    const names = namesOf(aPlan({}, { stack: "s".repeat(100) }));
    for (const name of Object.values(names).flat()) expect(name).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/);
  });
});
