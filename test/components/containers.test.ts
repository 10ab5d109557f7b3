import { beforeAll, describe, expect, it } from "vitest";

import { PlannedCluster } from "../../components/planned-cluster.ts";
import { clusterName } from "../../src/plan/names.ts";
import { renderFiles } from "../../src/render/files.ts";
import type { Registration } from "../../testing/pulumi.ts";
import { Recorder } from "../../testing/pulumi.ts";
import { aPlan, root, stackPlan, stacks } from "../../testing/stacks.ts";

const container = "docker:index/container:Container";

async function containersOf(plan: ReturnType<typeof aPlan>): Promise<Registration[]> {
  const recorder = await Recorder.start(plan.stack);
  await recorder.run(() => new PlannedCluster(clusterName, { plan, files: renderFiles(plan), root, bundleFolder: `build/${plan.stack}` }));
  return recorder.ofType(container);
}

describe.each(stacks)("every container of %s", (stack) => {
  let containers: Registration[] = [];
  beforeAll(async () => {
    containers = await containersOf(stackPlan(stack));
  });

  it("is there", () => {
    expect(containers.map(({ inputs }) => inputs["name"])).toHaveLength({ staging: 9, production: 16 }[stack]);
  });

  it("is hardened in the same way", () => {
    for (const { name, inputs } of containers) {
      expect(inputs, name).toMatchObject({
        user: "999:999",
        readOnly: true,
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges"],
        restart: "unless-stopped",
        logDriver: "json-file",
        logOpts: { "max-size": "50m", "max-file": "5" },
        networkMode: "bridge",
        mustRun: true,
        wait: false,
      });
      expect(inputs["memorySwap"], name).toBe(inputs["memory"]);
      expect(inputs["memory"], name).toBeGreaterThan(0);
      expect(inputs["tmpfs"], name).toHaveProperty("/tmp", "rw,noexec,nosuid,size=64m");
      expect(inputs["destroyGraceSeconds"], name).toBe(inputs["stopTimeout"]);
      expect(inputs["healthcheck"], name).toMatchObject({ interval: "30s", timeout: "5s", retries: 3, startPeriod: "1m0s" });
      expect(inputs["ulimits"], name).toHaveLength(1);
    }
  });

  it("is published on the loopback address alone", () => {
    const addresses = containers.flatMap(({ inputs }) => (inputs["ports"] as { readonly ip: string }[]).map(({ ip }) => ip));
    expect(addresses).toEqual(containers.map(() => "127.0.0.1"));
  });

  it("gets its files through volumes: nothing is uploaded, mounted from the host or privileged", () => {
    for (const { name, inputs } of containers) {
      expect(Object.keys(inputs), name).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^(uploads|volumes|privileged|hostNetwork|pidMode|ipcMode|devices|labels)$/)]),
      );
      const mounts = inputs["mounts"] as { readonly type: string; readonly target: string; readonly readOnly: boolean }[];
      expect(new Set(mounts.map(({ type }) => type)), name).toEqual(new Set(["volume"]));
      expect(
        mounts.filter(({ readOnly }) => !readOnly).map(({ target }) => target),
        name,
      ).toEqual(
        { pooler: ["/run/pgstack"], prometheus: ["/prometheus"] }[name] ?? (/^pg\d+$/.test(name) ? ["/var/lib/postgresql/data"] : []),
      );
      expect(
        mounts.filter(({ readOnly }) => readOnly).map(({ target }) => target),
        name,
      ).toEqual(name === "pooler" ? [] : /^pgbouncer-\d+$/.test(name) ? ["/etc/pgstack", "/run/pgstack"] : ["/etc/pgstack"]);
    }
  });

  it("is replaced by its successor only after it is gone, also for what Docker cannot change", () => {
    for (const { name, deleteBeforeReplace, replaceOnChanges, ignoreChanges } of containers) {
      expect({ deleteBeforeReplace, replaceOnChanges, ignoreChanges }, name).toEqual({
        deleteBeforeReplace: true,
        replaceOnChanges: ["healthcheck", "tmpfs", "init"],
        ignoreChanges: [],
      });
    }
  });
});

describe("containers", () => {
  const one = async (keys: Parameters<typeof aPlan>[0], name: string): Promise<Registration["inputs"]> => {
    const found = (await containersOf(aPlan(keys))).find((each) => each.name === name);
    if (found === undefined) throw new Error(`no container ${name}`);
    return found.inputs;
  };

  it("of nodes run node.sh with room for shared memory and a socket, and stop fast but cleanly", async () => {
    expect(await one({ memory: "4GB" }, "pg2")).toMatchObject({
      name: "pgstack-test-pg2",
      image: "pgstack/postgres:17-aaaaaaaaaaaa",
      command: ["/bin/bash", "/etc/pgstack/node.sh"],
      memory: 4096,
      shmSize: 512,
      stopSignal: "SIGINT",
      stopTimeout: 120,
      ulimits: [{ name: "nofile", soft: 16_384, hard: 16_384 }],
      tmpfs: { "/run/postgresql": "rw,noexec,nosuid,size=1m,uid=999,gid=999,mode=0750" },
      networksAdvanced: [{ name: "pgstack-test", aliases: ["pg2"], ipv4Address: "172.29.10.6" }],
      ports: [{ internal: 5432, external: 5433, ip: "127.0.0.1", protocol: "tcp" }],
      mounts: [
        { type: "volume", source: "pgstack-test-pg2-data", target: "/var/lib/postgresql/data", readOnly: false },
        { type: "volume", source: "pgstack-test-pg2-config", target: "/etc/pgstack", readOnly: true },
      ],
      envs: [],
    });
  });

  it("of the pooler may open a file for each client and server, and do not wait for clients when they stop", async () => {
    expect(await one({ pooler: { maxClients: 5000, memory: "256MB" } }, "pgbouncer-2")).toMatchObject({
      name: "pgstack-test-pgbouncer-2",
      image: "pgstack/pgbouncer:bbbbbbbbbbbb",
      command: ["perl", "/etc/pgstack/launch.pl", "/run/pgstack/listener.sock", "/usr/sbin/pgbouncer", "/etc/pgstack/process-2.ini"],
      memory: 256,
      shmSize: 64,
      stopSignal: "SIGINT",
      stopTimeout: 60,
      ulimits: [{ name: "nofile", soft: 16_384, hard: 16_384 }],
      networksAdvanced: [{ name: "pgstack-test", aliases: ["pgbouncer-2"], ipv4Address: "172.29.10.247" }],
      ports: [{ internal: 6432, external: 6434, ip: "127.0.0.1", protocol: "tcp" }],
    });
  });

  it("of the pooler's port are their own image, so that PgBouncer's replaces nothing that listens", async () => {
    const keys = { images: { pooler: "registry.example/pgbouncer:2" }, pooler: { memory: "256MB" }, bindAddress: "0.0.0.0" };
    expect(await one(keys, "pooler")).toMatchObject({
      name: "pgstack-test-pooler",
      image: "pgstack/listener:111111111111",
      command: ["perl", "/usr/local/lib/pgstack/listen.pl", "6432", "/run/pgstack/listener.sock"],
      memory: 32,
      stopSignal: "SIGTERM",
      networksAdvanced: [{ name: "pgstack-test", aliases: ["pooler"], ipv4Address: "172.29.10.2" }],
      ports: [{ internal: 6432, external: 6432, ip: "0.0.0.0", protocol: "tcp" }],
      mounts: [{ type: "volume", source: "pgstack-test-pooler-socket", target: "/run/pgstack", readOnly: false }],
    });
  });

  it("of exporters log in as monitoring with a password from a file", async () => {
    expect(await one({}, "exporter-pg2")).toMatchObject({
      name: "pgstack-test-pg2-exporter",
      memory: 64,
      envs: [
        "DATA_SOURCE_URI=pg2:5432/postgres?sslmode=disable&connect_timeout=5&statement_timeout=5000",
        "DATA_SOURCE_USER=monitoring",
        "DATA_SOURCE_PASS_FILE=/etc/pgstack/monitoring.password",
      ],
      networksAdvanced: [{ name: "pgstack-test", aliases: ["pg2-exporter"], ipv4Address: "172.29.10.7" }],
      ports: [{ internal: 9187, external: 9188, ip: "127.0.0.1", protocol: "tcp" }],
    });
    expect(await one({}, "exporter-pgbouncer-2")).toMatchObject({
      envs: [
        "PGBOUNCER_EXPORTER_CONNECTION_STRING=postgresql://monitoring@pgbouncer-2:6432/pgbouncer?sslmode=disable&connect_timeout=1",
        "PGPASSFILE=/etc/pgstack/monitoring.pgpass",
      ],
      ports: [{ internal: 9127, external: 9128, ip: "127.0.0.1", protocol: "tcp" }],
    });
  });

  it("of postgres_exporter ask pgstack's queries, and collect nothing that lies", async () => {
    expect((await one({}, "exporter-pg2"))["command"]).toEqual([
      "/usr/bin/prometheus-postgres-exporter",
      "--extend.query-path=/etc/pgstack/queries.yaml",
      "--disable-settings-metrics",
      "--collector.stat_checkpointer",
      "--collector.long_running_transactions",
      "--collector.database_wraparound",
      "--collector.postmaster",
      "--no-collector.stat_user_tables",
      "--no-collector.statio_user_tables",
    ]);
  });

  it.each([
    [undefined, undefined],
    [1, "1.0"],
    [2.5, "2.5"],
  ])("with a CPU limit of %s ask for %s, as Docker reads it back", async (cpus, text) => {
    const keys = cpus === undefined ? {} : { cpus };
    expect((await one(keys, "pg1"))["cpus"]).toBe(text);
  });
});
