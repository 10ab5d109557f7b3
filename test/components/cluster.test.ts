import type { ComponentResource } from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";

import { PostgresCluster } from "../../components/cluster.ts";
import { declaredOf } from "../../src/impact/declared.ts";
import type { OnEngine } from "../../src/engine/on-engine.ts";
import { planContainers } from "../../src/plan/containers.ts";
import type { ClusterPlan } from "../../src/plan/types.ts";
import { renderFiles } from "../../src/render/files.ts";
import { Recorder } from "../../testing/pulumi.ts";
import type { Registration } from "../../testing/pulumi.ts";
import { aPlan, root, stackPlan } from "../../testing/stacks.ts";

const container = "docker:index/container:Container";
const volume = "docker:index/volume:Volume";
const image = "docker:index/remoteImage:RemoteImage";
const files = "pgstack:index:ConfigFiles";
const gate = "pgstack:index:NodeReady";
const out = "pgstack:index:OutOfService";
const password = "random:index/randomPassword:RandomPassword";

async function record(plan: ClusterPlan, onEngine?: Partial<OnEngine>, isPreview = false): Promise<Recorder> {
  const recorder = await Recorder.start(plan.stack);
  const args = {
    plan,
    files: renderFiles(plan),
    root,
    isPreview,
    ...(onEngine === undefined ? {} : { onEngine: { ...nothing, ...onEngine } }),
  };
  await recorder.run((): ComponentResource => new PostgresCluster("cluster", args));
  return recorder;
}

/** Everything is there, and all but the leader runs: the one case in which nodes that exist follow the leader. */
const leaderIsDown = (plan: ClusterPlan): Partial<OnEngine> => {
  const leader = plan.nodes.find(({ role }) => role === "leader")?.container;
  return { containers: new Map(planContainers(plan).map(({ name }) => [name, name !== leader])) };
};

const nothing: OnEngine = { containers: new Map(), images: new Set() };

/** What a rendered volume is made of. */
const configVolume = (name: string): string[] => [`pgstack:docker:ConfigVolume ${name}`, `${volume} ${name}`, `${files} ${name}-files`];

const nodeResources = (name: string, role: "leader" | "replica"): string[] => [
  `pgstack:docker:PostgresNode ${name}`,
  ...configVolume(`${name}-config`),
  `${volume} ${name}-data`,
  ...(role === "replica" ? [`pgstack:index:ReplicationSlot ${name}-slot`] : []),
  `${out} ${name}-out`,
  `${container} ${name}`,
  `${gate} ${name}-ready`,
];

/** What every stack has beside its nodes and exporters. */
const common = [
  "pgstack:docker:PostgresCluster cluster",
  "pgstack:index:Preflight preflight",
  "pulumi:providers:docker engine",
  "pgstack:docker:Secrets secrets",
  `${password} secrets-app`,
  `${password} secrets-replicator`,
  `${password} secrets-monitoring`,
  `${password} secrets-pgbouncer`,
  "random:index/randomId:RandomId secrets-salt",
  "pgstack:docker:Images image",
  `${image} image-postgres`,
  `${image} image-pooler`,
  `${image} image-listener`,
  "pgstack:index:Network network",
  "pgstack:index:ComposeBundle bundle",
  "pgstack:index:Logins logins",
  "pgstack:index:Roles roles",
  "pgstack:index:Leftovers leftovers",
  "pgstack:docker:Pooler pooler",
  ...configVolume("pooler-config"),
  `${volume} pooler-socket`,
  "pgstack:index:Calm pooler-calm",
  `${container} pooler`,
  `${container} pgbouncer`,
  "pgstack:index:Restarts restarts",
  "pgstack:index:ReplicationCheck check",
  "pgstack:index:Changes changes",
];

const exporterResources = (...nodes: readonly string[]): string[] => [
  `${image} image-postgresExporter`,
  `${image} image-poolerExporter`,
  "pgstack:docker:Exporters exporter",
  ...configVolume("exporter-config"),
  ...nodes.map((node) => `${container} exporter-${node}`),
  `${container} exporter-pooler`,
];

/** Prometheus or Alertmanager: with files and a data volume. */
const keepingService = (name: "prometheus" | "alertmanager"): string[] => [
  `${image} image-${name}`,
  ...configVolume(`${name}-config`),
  `${volume} ${name}-data`,
  `${container} ${name}`,
];

const monitoring = "pgstack:docker:Monitoring monitoring";

describe("a cluster registers", () => {
  it("for staging exactly these resources", async () => {
    expect((await record(stackPlan("staging"))).ids).toEqual(
      [...common, ...nodeResources("pg1", "leader"), ...nodeResources("pg2", "replica"), ...exporterResources("pg1", "pg2")].toSorted(),
    );
  });

  it("for production exactly these resources", async () => {
    expect((await record(stackPlan("production"))).ids).toEqual(
      [
        ...common,
        ...nodeResources("pg1", "leader"),
        ...nodeResources("pg2", "replica"),
        ...nodeResources("pg3", "replica"),
        ...nodeResources("pg4", "replica"),
        ...exporterResources("pg1", "pg2", "pg3", "pg4"),
        monitoring,
        ...keepingService("prometheus"),
      ].toSorted(),
    );
  });

  it("with Alertmanager and Grafana theirs too, and a password for the latter", async () => {
    const recorder = await record(aPlan({ replicas: 0, monitoring: { prometheus: true, alertmanager: {}, grafana: {} } }));
    expect(recorder.ids).toEqual(
      [
        ...common,
        ...nodeResources("pg1", "leader"),
        ...exporterResources("pg1"),
        monitoring,
        ...keepingService("prometheus"),
        ...keepingService("alertmanager"),
        `${image} image-grafana`,
        ...configVolume("grafana-config"),
        `${container} grafana`,
        `${password} secrets-grafana`,
      ].toSorted(),
    );
    // Official, so never built.
    expect(recorder.find(image, "image-grafana").inputs["build"]).toBeUndefined();
  });

  it("without replicas no slot, and a pooler that waits for the leader alone", async () => {
    const recorder = await record(aPlan({ replicas: 0 }));
    expect(recorder.ids).toEqual([...common, ...nodeResources("pg1", "leader"), ...exporterResources("pg1")].toSorted());
    expect(recorder.find(files, "pooler-config-files").dependencies.filter((id) => id.startsWith(gate))).toEqual([`${gate} pg1-ready`]);
  });

  it("without exporters neither their containers nor their images", async () => {
    const { ids } = await record(aPlan({ replicas: 0, exporters: false }));
    expect(ids).toEqual([...common, ...nodeResources("pg1", "leader")].toSorted());
  });

  it("for another leader the slot of pg1 on it", async () => {
    const recorder = await record(aPlan({ replicas: 1, leader: "pg2" }), nothing);
    expect(recorder.ids).toEqual(
      [...common, ...nodeResources("pg1", "replica"), ...nodeResources("pg2", "leader"), ...exporterResources("pg1", "pg2")].toSorted(),
    );
    expect(recorder.find("pgstack:index:ReplicationSlot", "pg1-slot").inputs).toEqual({
      host: "unix:///var/run/docker.sock",
      container: "pgstack-test-pg2",
      slot: "pg1",
      dataVolume: "pgstack-test-pg1-data",
    });
    expect(recorder.find("pgstack:index:Roles", "roles").inputs["container"]).toBe("pgstack-test-pg2");
    expect(recorder.find(container, "pg1").dependencies).toContain(`${gate} pg2-ready`);
  });
});

describe("the resources of production", () => {
  let recorder: Recorder;
  beforeAll(async () => {
    recorder = await record(stackPlan("production"), leaderIsDown(stackPlan("production")));
  });

  /** Dependencies that are about order: neither secrets nor what the inputs name anyway. */
  const orderOf = (registration: Registration): string[] =>
    registration.dependencies.filter((id) => !/^(random:|pgstack:index:Network)/.test(id));

  it("have the component that made them as their parent", () => {
    const parents = Object.fromEntries(recorder.registrations.map(({ id, parent }) => [id, parent]));
    expect(parents["pgstack:docker:PostgresCluster cluster"]).toBeUndefined();
    expect(Object.entries(parents).filter(([, parent]) => parent === undefined)).toHaveLength(1);
    expect(parents[`${container} pg2`]).toBe("pgstack:docker:PostgresNode pg2");
    expect(parents[`${volume} pg2-data`]).toBe("pgstack:docker:PostgresNode pg2");
    expect(parents[`${files} pg2-config-files`]).toBe("pgstack:docker:ConfigVolume pg2-config");
    expect(parents["pgstack:docker:ConfigVolume pg2-config"]).toBe("pgstack:docker:PostgresNode pg2");
    expect(parents["pgstack:index:ReplicationSlot pg2-slot"]).toBe("pgstack:docker:PostgresNode pg2");
    expect(parents[`${gate} pg2-ready`]).toBe("pgstack:docker:PostgresNode pg2");
    expect(parents[`${container} pooler`]).toBe("pgstack:docker:Pooler pooler");
    expect(parents[`${container} exporter-pg2`]).toBe("pgstack:docker:Exporters exporter");
    expect(parents[`${password} secrets-app`]).toBe("pgstack:docker:Secrets secrets");
    expect(parents["pgstack:index:ReplicationCheck check"]).toBe("pgstack:docker:PostgresCluster cluster");
  });

  it("of Docker live on the declared engine", () => {
    expect(recorder.find("pulumi:providers:docker", "engine").inputs).toEqual({ host: "unix:///var/run/docker.sock" });
    const onDocker = recorder.registrations.filter(({ type }) => type.startsWith("docker:"));
    expect(onDocker).toHaveLength(31);
    expect(new Set(onDocker.map(({ provider }) => provider))).toEqual(new Set(["engine"]));
  });

  it("are touched after the preflight alone", () => {
    const order = recorder.registrations.map(({ id }) => id);
    const preflight = order.indexOf("pgstack:index:Preflight preflight");
    const before = recorder.registrations.slice(0, preflight).map(({ type }) => type);
    expect(before.filter((type) => type.startsWith("docker:") || type.startsWith("pgstack:index:"))).toEqual([]);
    expect(recorder.find("pgstack:index:Network", "network").dependencies).toEqual(["pgstack:index:Preflight preflight"]);
  });

  it("bring up new replicas at the same time, behind those that exist", async () => {
    const gatesBefore = async (existing: readonly string[], leaderRuns = true, isPreview = false): Promise<Record<string, string[]>> => {
      const containers = new Map(existing.map((node) => [`pgstack-production-${node}`, node !== "pg1" || leaderRuns]));
      const seen = await record(stackPlan("production"), { containers }, isPreview);
      const gates = (node: string): string[] => orderOf(seen.find(container, node)).filter((one) => one.startsWith(gate));
      return Object.fromEntries(["pg1", "pg2", "pg3", "pg4"].map((node) => [node, gates(node)]));
    };
    // An engine that was not asked: the leader may run, so it is the last one.
    const unknown = await record(stackPlan("production"));
    expect(
      ["pg1", "pg2", "pg3", "pg4"].map((node) => orderOf(unknown.find(container, node)).filter((one) => one.startsWith(gate))),
    ).toEqual([[`${gate} pg4-ready`], [], [`${gate} pg2-ready`], [`${gate} pg3-ready`]]);
    expect(await gatesBefore([])).toEqual({ pg1: [], pg2: [`${gate} pg1-ready`], pg3: [`${gate} pg1-ready`], pg4: [`${gate} pg1-ready`] });
    expect(await gatesBefore(["pg1", "pg2"])).toEqual({
      pg1: [`${gate} pg2-ready`],
      pg2: [],
      pg3: [`${gate} pg1-ready`],
      pg4: [`${gate} pg1-ready`],
    });
    // A leader that is down comes first: replicas cannot be proven without it.
    expect(await gatesBefore(["pg1", "pg2"], false)).toEqual({
      pg1: [],
      pg2: [`${gate} pg1-ready`],
      pg3: [`${gate} pg2-ready`],
      pg4: [`${gate} pg2-ready`],
    });
    // In a preview nothing is touched, so nothing has to wait.
    expect(await gatesBefore(["pg1", "pg2", "pg3", "pg4"], true, true)).toEqual({ pg1: [], pg2: [], pg3: [], pg4: [] });
    const many = await record(aPlan({ replicas: 6 }), nothing);
    const before = (node: string): string[] => orderOf(many.find(container, node)).filter((one) => one.startsWith(gate));
    // Four clones at the same time.
    expect(["pg2", "pg5", "pg6", "pg7"].map(before)).toEqual([
      [`${gate} pg1-ready`],
      [`${gate} pg1-ready`],
      [`${gate} pg2-ready`],
      [`${gate} pg3-ready`],
    ]);
    expect(await gatesBefore(["pg1", "pg2", "pg3", "pg4"])).toEqual({
      pg1: [`${gate} pg4-ready`],
      pg2: [],
      pg3: [`${gate} pg2-ready`],
      pg4: [`${gate} pg3-ready`],
    });
  });

  it("clone a leader of before last, behind the routes to the one that leads, and the check does not tell the order", async () => {
    const plan = aPlan({ replicas: 2, leader: "pg2", reclone: { pg1: "adopted" } });
    const on = (pg1: boolean): Promise<Recorder> =>
      record(plan, { containers: new Map([1, 2, 3].map((number) => [`pgstack-test-pg${number}`, number !== 1 || pg1])) });
    const adopting = await on(false);
    const gates = (node: string): string[] => orderOf(adopting.find(container, node)).filter((one) => one.startsWith(gate));
    expect(["pg3", "pg2", "pg1"].map(gates)).toEqual([[], [`${gate} pg3-ready`], [`${gate} pg2-ready`]]);
    const triggers = (recorder: Recorder): unknown => recorder.find("pgstack:index:ReplicationCheck", "check").inputs["triggers"];
    expect(triggers(adopting)).toEqual(triggers(await on(true)));
  });

  it("take a node out of service after all that its container needs, and right before it", () => {
    expect(orderOf(recorder.find(out, "pg3-out"))).toEqual([
      `${image} image-postgres`,
      `${files} pg3-config-files`,
      `${gate} pg2-ready`,
      "pgstack:index:ReplicationSlot pg3-slot",
      "pgstack:index:Roles roles",
    ]);
    const spec = recorder.find(out, "pg3-out").inputs["spec"];
    expect(spec).toMatch(/^[0-9a-f]{16}$/);
    expect(recorder.find(gate, "pg3-ready").inputs["spec"]).toBe(spec);
  });

  it("restart servers after every file and gate, and before the check", () => {
    expect(orderOf(recorder.find("pgstack:index:Restarts", "restarts"))).toEqual(
      [
        `${container} pooler`,
        `${container} pgbouncer`,
        `${files} pooler-config-files`,
        ...["pg1", "pg2", "pg3", "pg4"].map((node) => `${gate} ${node}-ready`),
        "pgstack:index:Roles roles",
      ].toSorted(),
    );
    expect(recorder.find("pgstack:index:Restarts", "restarts").inputs["settings"]).toMatchObject({
      max_connections: "140",
      max_prepared_transactions: "0",
    });
    expect(recorder.find("pgstack:index:Restarts", "restarts").inputs["settings"]).not.toHaveProperty("work_mem");
  });

  it("bring the nodes up one after the other, the leader first", () => {
    expect(orderOf(recorder.find(container, "pg1"))).toEqual([
      `${image} image-postgres`,
      `${volume} pg1-config`,
      `${volume} pg1-data`,
      `${files} pg1-config-files`,
      `${out} pg1-out`,
    ]);
    for (const [node, before] of [
      ["pg2", "pg1"],
      ["pg3", "pg2"],
      ["pg4", "pg3"],
    ] as const) {
      expect(orderOf(recorder.find(container, node))).toEqual([
        `${image} image-postgres`,
        `${volume} ${node}-config`,
        `${volume} ${node}-data`,
        `${files} ${node}-config-files`,
        `${gate} ${before}-ready`,
        `${out} ${node}-out`,
        `pgstack:index:ReplicationSlot ${node}-slot`,
        "pgstack:index:Roles roles",
      ]);
    }
  });

  it("write files and restart exporters after the running cluster has its passwords, and wait for nothing before", () => {
    const logins = "pgstack:index:Logins logins";
    expect(orderOf(recorder.find("pgstack:index:Logins", "logins"))).toEqual(["pgstack:index:Preflight preflight"]);
    for (const name of ["pg1", "pg4", "pooler", "exporter"])
      expect(recorder.find(files, `${name}-config-files`).dependencies, name).toContain(logins);
    expect(recorder.find("pgstack:index:Logins", "logins").inputs).toMatchObject({
      leader: "pgstack-production-pg1",
      replicas: ["pgstack-production-pg2", "pgstack-production-pg3", "pgstack-production-pg4"],
    });
  });

  it("make roles on the proven leader, and slots after them", () => {
    expect(orderOf(recorder.find("pgstack:index:Roles", "roles"))).toEqual([`${gate} pg1-ready`]);
    expect(orderOf(recorder.find("pgstack:index:ReplicationSlot", "pg3-slot"))).toEqual(["pgstack:index:Roles roles"]);
  });

  it("prove a node by its container, at its own port and the leader's", () => {
    const { inputs, ...registration } = recorder.find(gate, "pg3-ready");
    expect(orderOf({ ...registration, inputs })).toEqual([`${container} pg3`]);
    expect(inputs).toMatchObject({
      node: {
        name: "pg3",
        role: "replica",
        container: "pgstack-production-pg3",
        networkAddress: "172.29.20.8",
        address: { host: "127.0.0.1", port: 25_434 },
      },
      containerId: "pg3-id",
      leader: { host: "127.0.0.1", port: 25_432 },
    });
  });

  it("list a replica in the pooler after all gates", () => {
    expect(orderOf(recorder.find(files, "pooler-config-files"))).toEqual([
      `${image} image-pooler`,
      `${volume} pooler-config`,
      "pgstack:index:Logins logins",
      `${gate} pg1-ready`,
      `${gate} pg2-ready`,
      `${gate} pg3-ready`,
      `${gate} pg4-ready`,
      "pgstack:index:Roles roles",
    ]);
    expect(orderOf(recorder.find(container, "pooler"))).toEqual([
      `${image} image-listener`,
      `${volume} pooler-socket`,
      `${files} pooler-config-files`,
    ]);
    expect(orderOf(recorder.find(container, "pgbouncer"))).toEqual([
      `${container} pooler`,
      `${image} image-pooler`,
      `${volume} pooler-config`,
      `${volume} pooler-socket`,
      "pgstack:index:Calm pooler-calm",
      `${files} pooler-config-files`,
    ]);
  });

  it("wait for the pooler's long transactions before its container is replaced", () => {
    const { inputs } = recorder.find("pgstack:index:Calm", "pooler-calm");
    expect(inputs).toMatchObject({
      container: "pgstack-production-pgbouncer",
      nodes: ["pg1", "pg2", "pg3", "pg4"].map((name) => ({ name, container: `pgstack-production-${name}` })),
      address: "172.29.20.253",
      timeoutS: 60,
    });
    expect(inputs["spec"]).toMatch(/^[0-9a-f]{16}$/);
  });

  it("start exporters as soon as they have their files: they wait for what they watch", () => {
    const before = [
      `${image} image-poolerExporter`,
      `${image} image-postgresExporter`,
      `${volume} exporter-config`,
      `${files} exporter-config-files`,
    ];
    expect(orderOf(recorder.find(container, "exporter-pg4"))).toEqual(before.toSorted());
    expect(orderOf(recorder.find(container, "exporter-pooler"))).toEqual(before.toSorted());
    expect(recorder.find(container, "exporter-pooler").inputs["command"]).toEqual([
      "/bin/bash",
      "-c",
      "until (exec 3<>/dev/tcp/172.29.20.2/6432 && printf '\\0\\0\\0\\10\\4\\322\\26\\57' >&3 && read -rN1 -t1 <&3) 2>/dev/null; " +
        "do sleep 0.1; done; exec /usr/bin/prometheus-pgbouncer-exporter",
    ]);
  });

  it("check the cluster last, and again whenever a container is another one", () => {
    const check = recorder.find("pgstack:index:ReplicationCheck", "check");
    const nodes = ["pg1", "pg2", "pg3", "pg4"];
    expect(orderOf(check)).toEqual(
      [
        ...[...nodes.map((node) => `exporter-${node}`), "exporter-pooler", ...nodes, "pooler", "pgbouncer", "prometheus"].map(
          (name) => `${container} ${name}`,
        ),
        ...[...nodes, "pooler", "prometheus"].map((name) => `${files} ${name}-config-files`),
        ...nodes.map((node) => `${gate} ${node}-ready`),
        "pgstack:index:Restarts restarts",
        "pgstack:index:Roles roles",
        "pgstack:index:Leftovers leftovers",
      ].toSorted(),
    );
    expect(check.inputs["triggers"]).toEqual(
      expect.arrayContaining(
        [...nodes, "pooler", "pgbouncer", ...nodes.map((node) => `exporter-${node}`), "exporter-pooler"].map((name) => `${name}-id`),
      ),
    );
  });

  it("make the network before every container", () => {
    const { inputs, id } = recorder.find("pgstack:index:Network", "network");
    expect(inputs).toEqual({
      host: "unix:///var/run/docker.sock",
      name: "pgstack-production",
      subnet: "172.29.20.0/24",
      gateway: "172.29.20.1",
      strangers: "172.29.20.128/26",
    });
    const without = recorder.ofType(container).filter(({ dependencies }) => !dependencies.includes(id));
    expect(without).toEqual([]);
  });

  it("keep data volumes whatever changes, and config volumes not", () => {
    const data = recorder.ofType(volume).filter(({ name }) => name.endsWith("-data"));
    expect(data.map(({ inputs }) => inputs)).toEqual(
      ["pg1", "pg2", "pg3", "pg4", "prometheus"].map((service) => ({ name: `pgstack-production-${service}-data` })),
    );
    for (const { name, retainOnDelete, protect, ignoreChanges } of data) {
      expect({ name, retainOnDelete, protect }).toEqual({ name, retainOnDelete: true, protect: false });
      expect(ignoreChanges).toEqual(["name", "labels", "driver", "driverOpts"]);
    }
    const config = recorder.ofType(volume).filter(({ name }) => !name.endsWith("-data"));
    expect(config.map(({ name, retainOnDelete, ignoreChanges }) => [name, retainOnDelete, ignoreChanges])).toEqual(
      [
        "exporter-config",
        "pg1-config",
        "pg2-config",
        "pg3-config",
        "pg4-config",
        "pooler-config",
        "pooler-socket",
        "prometheus-config",
      ].map((name) => [name, false, []]),
    );
  });

  it("retain nothing but data, and hide changes of nothing but volumes and builds", () => {
    const retained = recorder.registrations.filter(({ retainOnDelete }) => retainOnDelete).map(({ id }) => id);
    expect(retained).toEqual(["pg1", "pg2", "pg3", "pg4", "prometheus"].map((service) => `${volume} ${service}-data`));
    expect(recorder.registrations.filter(({ protect }) => protect)).toEqual([]);
    const ignoring = recorder.registrations.filter(({ ignoreChanges }) => ignoreChanges.length > 0).map(({ type }) => type);
    expect(new Set(ignoring)).toEqual(new Set([volume, image]));
  });

  it("remember what was declared last of all, in clear and without a secret", () => {
    const changes = recorder.find("pgstack:index:Changes", "changes");
    expect(orderOf(changes)).toContain("pgstack:index:ReplicationCheck check");
    const plan = stackPlan("production");
    expect(changes.inputs).toEqual({ declared: declaredOf(plan, renderFiles(plan)) });
  });

  it("build no image that the engine has", async () => {
    const plan = stackPlan("production");
    const { inputs } = (await record(plan, { images: new Set([plan.images.postgres.reference]) })).find(image, "image-postgres");
    expect(inputs).toEqual({ name: "pgstack/postgres:17-aaaaaaaaaaaa", keepLocally: true });
  });

  it("keep images for other stacks and build them in the checkout", () => {
    const built = recorder.find(image, "image-postgres");
    expect(built.inputs).toMatchObject({
      name: "pgstack/postgres:17-aaaaaaaaaaaa",
      keepLocally: true,
      build: { networkMode: "host", buildArgs: { MAJOR: "17" } },
    });
    expect((built.inputs["build"] as { readonly context: string }).context).toMatch(/\/images\/postgres$/);
    expect(built.ignoreChanges).toEqual(["build"]);
  });

  it("have no aliases: nothing was renamed", () => {
    expect(recorder.registrations.flatMap(({ aliases }) => aliases)).toEqual([]);
  });
});

it("an image from stack config is pulled, not built", async () => {
  const recorder = await record(aPlan({ images: { pooler: "registry.example/pgbouncer:1.24.1" } }));
  const { inputs, ignoreChanges } = recorder.find(image, "image-pooler");
  expect(inputs).toEqual({ name: "registry.example/pgbouncer:1.24.1", keepLocally: true });
  expect(ignoreChanges).toEqual([]);
  expect(recorder.find(container, "pgbouncer").inputs["image"]).toBe("registry.example/pgbouncer:1.24.1");
});
