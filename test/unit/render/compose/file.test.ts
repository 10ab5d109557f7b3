import { describe, expect, it } from "vitest";

import { bundlePlan } from "../../../../src/plan/bundle.ts";
import { planContainers } from "../../../../src/plan/containers.ts";
import { composeFile } from "../../../../src/render/compose/file.ts";
import type { ComposeFile } from "../../../../src/render/compose/model.ts";
import { projectName } from "../../../../src/render/compose/names.ts";
import type { StackKeys } from "../../../../testing/stacks.ts";
import { aPlan } from "../../../../testing/stacks.ts";

const fileOf = (keys: StackKeys = {}): ComposeFile => composeFile(bundlePlan(aPlan(keys)));

describe("a bundle's Compose file", () => {
  it("has the plan's services, one that copies files for each node and for the rest, and one that sets up", () => {
    expect(Object.keys(fileOf({ replicas: 1 }).services)).toEqual([
      "config",
      "pg1-config",
      "pg2-config",
      "pg1",
      "pg2",
      "pooler",
      "pgbouncer-1",
      "pgbouncer-2",
      "pg1-exporter",
      "pg2-exporter",
      "pgbouncer-1-exporter",
      "pgbouncer-2-exporter",
      "setup",
    ]);
  });

  it("names all of it apart from the Docker target's names", () => {
    const plan = aPlan({ replicas: 2 });
    const { name, services, networks, volumes } = composeFile(bundlePlan(plan));
    const names = [
      name,
      ...Object.values(services).map(({ container_name: of }) => of),
      ...Object.values(networks).map((network) => network.name),
      ...Object.values(volumes).map((volume) => volume.name),
    ];
    expect(names.filter((one) => !one.startsWith("pgstack-test-bundle"))).toEqual([]);
    const docker = JSON.stringify(plan).match(/"pgstack-test[^"]*"/g) ?? [];
    expect(docker.filter((one) => names.includes(one.slice(1, -1)))).toEqual([]);
  });

  it("changes no node and no pooler when a replica is added, nor what they depend on", () => {
    const [one, three] = [fileOf({ replicas: 1 }).services, fileOf({ replicas: 3 }).services];
    for (const name of ["config", "pg1-config", "pg2-config", "pg1", "pg2", "pooler"]) expect(three[name], name).toEqual(one[name]);
    // Its file limit follows from the pools.
    for (const name of ["pgbouncer-1", "pgbouncer-2"]) expect({ ...three[name], ulimits: {} }).toEqual({ ...one[name], ulimits: {} });
    expect(three["pgbouncer-3"]).toBeDefined();
  });

  it("lets nothing that clients use depend on what changes with the number of nodes", () => {
    const { services } = fileOf({ replicas: 2 });
    for (const name of ["pg1", "pg2", "pg3", "pooler", "pgbouncer-1", "pgbouncer-2"])
      expect(Object.keys(services[name]?.depends_on ?? {}), name).not.toContain("setup");
  });

  it("has every one-shot service awaited by another one, so that `up --wait` waits for its end", () => {
    for (const keys of [{}, { exporters: false }, { replicas: 0, exporters: false }]) {
      const { services } = fileOf(keys);
      const awaited = Object.values(services).flatMap(({ depends_on: on }) =>
        Object.entries(on ?? {}).flatMap(([name, { condition }]) => (condition === "service_completed_successfully" ? [name] : [])),
      );
      const oneShots = Object.keys(services).filter((name) => services[name]?.restart === "no");
      expect([...new Set(awaited)].toSorted()).toEqual(oneShots.toSorted());
      expect(oneShots).toContain("setup");
    }
  });

  it("gives each copying service the secrets of its readers alone", () => {
    const { services } = fileOf({ replicas: 1 });
    const secrets = (name: string): string[] =>
      (services[name]?.volumes ?? [])
        .flatMap((mount) => (mount.type === "bind" ? [mount.source] : []))
        .filter((path) => path !== "./config");
    expect(secrets("pg2-config")).toEqual(["./secrets/pg2"]);
    expect(secrets("config")).toEqual(["./secrets/pooler", "./secrets/exporters", "./secrets/setup"]);
  });

  it("gives root to nothing but the copying services, with three capabilities and no network", () => {
    const { services } = fileOf();
    const root = Object.entries(services).filter(([, { user }]) => user.startsWith("0"));
    expect(root.map(([name]) => name)).toEqual(["config", "pg1-config", "pg2-config"]);
    for (const [, service] of root) {
      expect(service).toMatchObject({
        cap_drop: ["ALL"],
        cap_add: ["CHOWN", "DAC_OVERRIDE", "FOWNER"],
        network_mode: "none",
        read_only: true,
        security_opt: ["no-new-privileges"],
      });
    }
  });

  it("runs setup as the others' user without any capability, and lets it write sockets and the pooler's files alone", () => {
    const { setup } = fileOf({ replicas: 1 }).services;
    expect(setup).toMatchObject({
      image: expect.stringMatching(/^pgstack\/orchestrator:/) as string,
      user: "999:999",
      read_only: true,
      cap_drop: ["ALL"],
      mem_limit: "128m",
      stop_signal: "SIGTERM",
      restart: "no",
    });
    expect(setup).not.toHaveProperty("cap_add");
    expect(setup).not.toHaveProperty("environment");
    const writable = setup?.volumes.filter((mount) => mount.read_only !== true).map(({ source }) => source);
    expect(writable).toEqual(["pooler-config", "pg1-socket", "pg2-socket"]);
  });

  it("refers to nothing that it does not declare", () => {
    const { services, volumes, networks } = fileOf({ replicas: 2 });
    for (const [name, service] of Object.entries(services)) {
      const used = service.volumes.flatMap((mount) => (mount.type === "volume" ? [mount.source] : []));
      expect(
        used.filter((volume) => volumes[volume] === undefined),
        name,
      ).toEqual([]);
      expect(
        Object.keys(service.depends_on ?? {}).filter((other) => services[other] === undefined || other === name),
        name,
      ).toEqual([]);
      expect(
        Object.keys(service.networks ?? {}).filter((network) => networks[network] === undefined),
        name,
      ).toEqual([]);
    }
    const mounted = Object.values(services).flatMap(({ volumes: of }) => of.map(({ source }) => source));
    expect(Object.keys(volumes).filter((volume) => !mounted.includes(volume))).toEqual([]);
  });

  it("gives each container its own address, as the plan has it, so that none comes up with another's", () => {
    const plan = bundlePlan(aPlan({ replicas: 3 }));
    const { services } = composeFile(plan);
    const addresses = Object.values(services).flatMap(({ networks }) =>
      networks === undefined ? [] : [networks["cluster"]?.ipv4_address],
    );
    expect(new Set(addresses).size).toBe(addresses.length);
    for (const { service: name, address } of planContainers(plan))
      expect(services[name]?.networks).toEqual({ cluster: { ipv4_address: address } });
  });

  it("builds each image once, from the bundle's own folder", () => {
    const { services } = fileOf();
    const builds = Object.values(services).flatMap(({ image, build }) => (build === undefined ? [] : [[image.split(":")[0], build]]));
    expect(builds).toEqual([
      ["pgstack/pgbouncer", { context: "./images/pgbouncer", network: "host" }],
      ["pgstack/postgres", { context: "./images/postgres", network: "host", args: { MAJOR: "17" } }],
      ["pgstack/listener", { context: "./images/listener", network: "host" }],
      ["pgstack/postgres-exporter", { context: "./images/postgres-exporter", network: "host" }],
      ["pgstack/pgbouncer-exporter", { context: "./images/pgbouncer-exporter", network: "host" }],
      ["pgstack/orchestrator", { context: "./images/orchestrator", network: "host" }],
    ]);
  });

  it("builds nothing that stack config gives a reference for", () => {
    const { services } = fileOf({ images: { pooler: "registry.example/pgbouncer:1.24.1" } });
    for (const name of ["pgbouncer-1", "pgbouncer-2"]) {
      expect(services[name]).toMatchObject({ image: "registry.example/pgbouncer:1.24.1" });
      expect(services[name]).not.toHaveProperty("build");
    }
  });

  it("leaves what holds the pooler's port alone when the pooler's image, memory or files change", () => {
    const changed = fileOf({ images: { pooler: "registry.example/pgbouncer:2" }, pooler: { memory: "256MB", poolSize: 7 } });
    expect(changed.services["pooler"]).toEqual(fileOf().services["pooler"]);
    expect(changed.services["pooler"]).not.toHaveProperty("depends_on");
  });
});

describe("the project's name", () => {
  it("is the prefix where Compose takes it", () => {
    expect(projectName("pgstack-staging-bundle")).toBe("pgstack-staging-bundle");
  });

  it("differs for stacks that only differ in what Compose does not take", () => {
    const names = ["p-a.b", "p-a_b", "p-A.b", "p-A_b"].map(projectName);
    expect(new Set(names).size).toBe(4);
    for (const name of names) expect(name).toMatch(/^[a-z0-9][a-z0-9_-]*$/);
  });
});
