import type { ComponentResource } from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";

import { PlannedCluster } from "../../components/planned-cluster.ts";
import { clusterName } from "../../src/plan/names.ts";
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

interface Now {
  readonly isPreview?: boolean;
  readonly leader?: string;
}

async function record(
  plan: ClusterPlan,
  onEngine?: Partial<OnEngine>,
  { isPreview = false, leader = plan.firstNode }: Now = {},
): Promise<Recorder> {
  const recorder = await Recorder.start(plan.stack);
  const args = {
    plan,
    files: renderFiles(plan),
    root,
    bundleFolder: `build/${plan.stack}`,
    isPreview,
    ...(onEngine === undefined ? {} : { before: { ...nothing, leader, ...onEngine } }),
  };
  await recorder.run((): ComponentResource => new PlannedCluster(clusterName, args));
  return recorder;
}

/** Everything is there, and all but the leader runs: the one case in which nodes that exist follow the leader. */
const leaderIsDown = (plan: ClusterPlan): Partial<OnEngine> => {
  const leader = plan.nodes.find(({ name }) => name === plan.firstNode)?.container;
  return { containers: new Map(planContainers(plan).map(({ name }) => [name, name !== leader])) };
};

const nothing: OnEngine = { containers: new Map(), images: new Set() };

const nodeResources = (name: string): string[] => [
  `pgstack:docker:PostgresNode ${name}`,
  `${files} ${name}-config`,
  `${volume} ${name}-data`,
  `${out} ${name}-out`,
  `${container} ${name}`,
  `${gate} ${name}-ready`,
];

/** What every stack has in addition to its nodes and exporters. */
const common = [
  "pgstack:index:Routes pooler-routes",
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
  `${files} pooler-config`,
  `${volume} pooler-socket`,
  `${container} pooler`,
  "pgstack:index:Restarts restarts",
  "pgstack:index:ReplicationCheck check",
  "pgstack:index:Changes changes",
];

/** Names of the pooler's processes. */
const processesOf = (count = 2): string[] => Array.from({ length: count }, (_, index) => `pgbouncer-${index + 1}`);

const processResources = (count?: number): string[] => processesOf(count).flatMap((name) => [`${out} ${name}-out`, `${container} ${name}`]);

const exporterResources = (...nodes: readonly string[]): string[] => [
  `${image} image-postgresExporter`,
  `${image} image-poolerExporter`,
  "pgstack:docker:Exporters exporter",
  `${files} exporter-config`,
  ...nodes.map((node) => `${container} exporter-${node}`),
  ...processesOf(Math.max(2, nodes.length - 1)).map((name) => `${container} exporter-${name}`),
];

/** Prometheus or Alertmanager: with files and a data volume. */
const keepingService = (name: "prometheus" | "alertmanager"): string[] => [
  `${image} image-${name}`,
  `${files} ${name}-config`,
  `${volume} ${name}-data`,
  `${container} ${name}`,
];

const monitoring = "pgstack:docker:Monitoring monitoring";

describe("a cluster registers", () => {
  it("for staging exactly these resources", async () => {
    expect((await record(stackPlan("staging"))).ids).toEqual(
      [...common, ...processResources(), ...nodeResources("pg1"), ...nodeResources("pg2"), ...exporterResources("pg1", "pg2")].toSorted(),
    );
  });

  it("for production exactly these resources", async () => {
    expect((await record(stackPlan("production"))).ids).toEqual(
      [
        ...common,
        ...processResources(3),
        ...nodeResources("pg1"),
        ...nodeResources("pg2"),
        ...nodeResources("pg3"),
        ...nodeResources("pg4"),
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
        ...processResources(),
        ...nodeResources("pg1"),
        ...exporterResources("pg1"),
        monitoring,
        ...keepingService("prometheus"),
        ...keepingService("alertmanager"),
        `${image} image-grafana`,
        `${files} grafana-config`,
        `${container} grafana`,
        `${password} secrets-grafana`,
      ].toSorted(),
    );
    // Official, so never built.
    expect(recorder.find(image, "image-grafana").inputs["build"]).toBeUndefined();
  });

  it("without replicas a pooler that waits for the leader alone", async () => {
    const recorder = await record(aPlan({ replicas: 0 }));
    expect(recorder.ids).toEqual([...common, ...processResources(), ...nodeResources("pg1"), ...exporterResources("pg1")].toSorted());
    expect(recorder.find(files, "pooler-config").dependencies.filter((id) => id.startsWith(gate))).toEqual([`${gate} pg1-ready`]);
  });

  it("without exporters neither their containers nor their images", async () => {
    const { ids } = await record(aPlan({ replicas: 0, exporters: false }));
    expect(ids).toEqual([...common, ...processResources(), ...nodeResources("pg1")].toSorted());
  });

  it("the same whoever leads, in another order", async () => {
    const [one, two] = [
      await record(aPlan({ replicas: 1 }), nothing, { leader: "pg1" }),
      await record(aPlan({ replicas: 1 }), nothing, { leader: "pg2" }),
    ];
    expect(two.ids).toEqual(one.ids);
    for (const { id, inputs } of one.registrations) expect(two.registrations.find((other) => other.id === id)?.inputs, id).toEqual(inputs);
    expect(one.find(container, "pg2").dependencies).toContain(`${gate} pg1-ready`);
    expect(two.find(container, "pg1").dependencies).toContain(`${gate} pg2-ready`);
    expect(two.find("pgstack:index:Roles", "roles").dependencies).toContain(`${gate} pg2-ready`);
    // A pooler's first routes are written once there is a leader to lead to.
    const gatesOfRoutes = ({ dependencies }: Registration): string[] => dependencies.filter((id) => id.startsWith(gate));
    expect(gatesOfRoutes(one.find(files, "pooler-config"))).toEqual([]);
    expect(gatesOfRoutes(two.find(files, "pooler-config"))).toEqual([`${gate} pg2-ready`]);
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
    expect(parents[`${files} pg2-config`]).toBe("pgstack:docker:PostgresNode pg2");
    expect(parents[`${gate} pg2-ready`]).toBe("pgstack:docker:PostgresNode pg2");
    expect(parents[`${container} pooler`]).toBe("pgstack:docker:Pooler pooler");
    expect(parents[`${container} exporter-pg2`]).toBe("pgstack:docker:Exporters exporter");
    expect(parents[`${password} secrets-app`]).toBe("pgstack:docker:Secrets secrets");
    expect(parents["pgstack:index:ReplicationCheck check"]).toBe("pgstack:docker:PostgresCluster cluster");
  });

  it("of Docker live on the declared engine", () => {
    expect(recorder.find("pulumi:providers:docker", "engine").inputs).toEqual({ host: "unix:///var/run/docker.sock" });
    const onDocker = recorder.registrations.filter(({ type }) => type.startsWith("docker:"));
    expect(onDocker).toHaveLength(28);
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
      const seen = await record(stackPlan("production"), { containers }, { isPreview });
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
    const plan = aPlan({ replicas: 2, reclone: { pg1: "adopted" } });
    const on = (pg1: boolean): Promise<Recorder> =>
      record(
        plan,
        { containers: new Map([1, 2, 3].map((number) => [`pgstack-test-pg${number}`, number !== 1 || pg1])) },
        { leader: "pg2" },
      );
    const adopting = await on(false);
    const gates = (node: string): string[] => orderOf(adopting.find(container, node)).filter((one) => one.startsWith(gate));
    expect(["pg3", "pg2", "pg1"].map(gates)).toEqual([[], [`${gate} pg3-ready`], [`${gate} pg2-ready`]]);
    const triggers = (recorder: Recorder): unknown => recorder.find("pgstack:index:ReplicationCheck", "check").inputs["triggers"];
    expect(triggers(adopting)).toEqual(triggers(await on(true)));
  });

  it("take a node out of service after all that its container needs, and right before it", () => {
    expect(orderOf(recorder.find(out, "pg3-out"))).toEqual([
      `${image} image-postgres`,
      `${files} pg3-config`,
      `${gate} pg2-ready`,
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
        ...processesOf(3).map((name) => `${container} ${name}`),
        `${files} pooler-config`,
        "pgstack:index:Routes pooler-routes",
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
      `${volume} pg1-data`,
      `${files} pg1-config`,
      `${out} pg1-out`,
    ]);
    for (const [node, before] of [
      ["pg2", "pg1"],
      ["pg3", "pg2"],
      ["pg4", "pg3"],
    ] as const) {
      expect(orderOf(recorder.find(container, node))).toEqual([
        `${image} image-postgres`,
        `${volume} ${node}-data`,
        `${files} ${node}-config`,
        `${gate} ${before}-ready`,
        `${out} ${node}-out`,
        "pgstack:index:Roles roles",
      ]);
    }
  });

  it("write files and restart exporters after the running cluster has its passwords, and wait for nothing before", () => {
    const logins = "pgstack:index:Logins logins";
    expect(orderOf(recorder.find("pgstack:index:Logins", "logins"))).toEqual(["pgstack:index:Preflight preflight"]);
    for (const name of ["pg1", "pg4", "pooler", "exporter"])
      expect(recorder.find(files, `${name}-config`).dependencies, name).toContain(logins);
  });

  it("make roles on the proven leader", () => {
    expect(orderOf(recorder.find("pgstack:index:Roles", "roles"))).toEqual([`${gate} pg1-ready`]);
  });

  it("prove a node by its container, at its own port", () => {
    const { inputs, ...registration } = recorder.find(gate, "pg3-ready");
    expect(orderOf({ ...registration, inputs })).toEqual([`${container} pg3`]);
    expect(inputs).toMatchObject({
      node: {
        name: "pg3",
        container: "pgstack-production-pg3",
        networkAddress: "172.29.20.8",
        address: { host: "127.0.0.1", port: 25_434 },
      },
      containerId: "pg3-id",
    });
  });

  it("hold no role of a node in an input of a kind that acts on servers", () => {
    const acting = ["OutOfService", "NodeReady", "Restarts", "Logins", "Roles", "Leftovers"];
    const inputs = recorder.registrations.filter(({ type }) => acting.includes(type.replace("pgstack:index:", "")));
    expect(inputs.length).toBeGreaterThan(acting.length);
    for (const { inputs: of, name } of inputs) {
      expect(of["prefix"], name).toBe("pgstack-production");
      expect(JSON.stringify({ ...of, pooler: undefined }), name).not.toMatch(/"(role|leader|leaderContainer|replicas)":/);
    }
  });

  it("list a replica in the pooler after all gates", () => {
    expect(orderOf(recorder.find(files, "pooler-config"))).toEqual([
      `${image} image-pooler`,
      "pgstack:index:Logins logins",
      `${gate} pg1-ready`,
      `${gate} pg2-ready`,
      `${gate} pg3-ready`,
      `${gate} pg4-ready`,
      "pgstack:index:Roles roles",
    ]);
    const routes = recorder.find("pgstack:index:Routes", "pooler-routes");
    expect(orderOf(routes)).toEqual([`${files} pooler-config`]);
    expect(routes.inputs).toMatchObject({
      firstNode: "pg1",
      nodes: ["pg1", "pg2", "pg3", "pg4"],
      mode: "transaction",
      pooler: { processes: [1, 2, 3].map((number) => ({ number, container: `pgstack-production-pgbouncer-${number}` })) },
      routes: [
        { name: "app", database: "app", reads: false, poolSize: 50, most: 60 },
        { name: "app_ro", database: "app", reads: true, poolSize: 110, most: 120 },
      ],
    });
    expect(orderOf(recorder.find(container, "pooler"))).toEqual([
      `${image} image-listener`,
      `${volume} pooler-socket`,
      `${files} pooler-config`,
      "pgstack:index:Routes pooler-routes",
    ]);
  });

  it("replace the processes of the pooler together, each behind its own long transactions", () => {
    for (const name of ["pgbouncer-1", "pgbouncer-2", "pgbouncer-3"])
      expect(orderOf(recorder.find(container, name)), name).toEqual([
        `${container} pooler`,
        `${image} image-pooler`,
        `${volume} pooler-socket`,
        `${files} pooler-config`,
        `${out} ${name}-out`,
        "pgstack:index:Routes pooler-routes",
      ]);
  });

  it("wait for the pooler's long transactions before its container is replaced", () => {
    for (const [name, address] of [
      ["pgbouncer-1", "172.29.20.249"],
      ["pgbouncer-2", "172.29.20.247"],
      ["pgbouncer-3", "172.29.20.245"],
    ] as const) {
      const { inputs } = recorder.find(out, `${name}-out`);
      expect(inputs).toMatchObject({
        container: `pgstack-production-${name}`,
        service: {
          kind: "pooler",
          nodes: ["pg1", "pg2", "pg3", "pg4"].map((node) => ({ name: node, container: `pgstack-production-${node}` })),
          address,
          timeoutS: 60,
        },
      });
      expect(inputs["spec"]).toMatch(/^[0-9a-f]{16}$/);
    }
  });

  it("start exporters as soon as they have their files: they wait for what they watch", () => {
    const before = [`${image} image-poolerExporter`, `${image} image-postgresExporter`, `${files} exporter-config`];
    expect(orderOf(recorder.find(container, "exporter-pg4"))).toEqual(before.toSorted());
    expect(orderOf(recorder.find(container, "exporter-pgbouncer-3"))).toEqual(before.toSorted());
    expect(recorder.find(container, "exporter-pgbouncer-3").inputs["command"]).toEqual([
      "/bin/bash",
      "-c",
      "until (exec 3<>/dev/tcp/172.29.20.245/6432 && printf '\\0\\0\\0\\10\\4\\322\\26\\57' >&3 && read -rN1 -t1 <&3) 2>/dev/null; " +
        "do sleep 0.1; done; exec /usr/bin/prometheus-pgbouncer-exporter",
    ]);
  });

  it("check the cluster last, and again whenever a container is another one", () => {
    const check = recorder.find("pgstack:index:ReplicationCheck", "check");
    const nodes = ["pg1", "pg2", "pg3", "pg4"];
    const watched = [...nodes, ...processesOf(3)];
    expect(orderOf(check)).toEqual(
      [
        ...[...watched.map((name) => `exporter-${name}`), ...watched, "pooler", "prometheus"].map((name) => `${container} ${name}`),
        ...[...nodes, "pooler", "prometheus"].map((name) => `${files} ${name}-config`),
        ...nodes.map((node) => `${gate} ${node}-ready`),
        "pgstack:index:Restarts restarts",
        "pgstack:index:Roles roles",
        "pgstack:index:Leftovers leftovers",
        "pgstack:index:Routes pooler-routes",
      ].toSorted(),
    );
    expect(check.inputs["triggers"]).toEqual(
      expect.arrayContaining([...watched, "pooler", ...watched.map((name) => `exporter-${name}`)].map((name) => `${name}-id`)),
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
    const others = recorder.ofType(volume).filter(({ name }) => !name.endsWith("-data"));
    expect(others.map(({ name, retainOnDelete, ignoreChanges }) => [name, retainOnDelete, ignoreChanges])).toEqual([
      ["pooler-socket", false, []],
    ]);
    const config = recorder.ofType(files).filter(({ retainOnDelete }) => !retainOnDelete);
    expect(config.map(({ inputs }) => inputs["volume"])).toEqual(
      ["exporters", "pg1", "pg2", "pg3", "pg4", "pooler", "prometheus"].map((service) => `pgstack-production-${service}-config`),
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
    expect(changes.inputs).toEqual({ prefix: plan.prefix, declared: declaredOf(plan, renderFiles(plan)) });
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
  for (const name of processesOf()) expect(recorder.find(container, name).inputs["image"]).toBe("registry.example/pgbouncer:1.24.1");
});
