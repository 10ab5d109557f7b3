import { createHash } from "node:crypto";

import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";

import { PlannedCluster } from "../../components/planned-cluster.ts";
import { clusterName } from "../../src/plan/names.ts";
import type { ClusterPlan } from "../../src/plan/types.ts";
import { bundlePrograms } from "../../src/render/compose/programs.ts";
import { renderFiles } from "../../src/render/files.ts";
import { isSecret, plainText, Recorder, reveal } from "../../testing/pulumi.ts";
import { aPlan, fakeSecrets, root, secretValues, stackPlan } from "../../testing/stacks.ts";

type Inputs = Readonly<Record<string, unknown>>;

/** A service as Compose reads it. */
interface Service {
  readonly image: string;
  readonly command: readonly string[];
  readonly user: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly restart: string;
  readonly mem_limit: string;
  readonly memswap_limit: string;
  readonly shm_size: string;
  readonly cpus?: number;
  readonly ulimits: { readonly nofile: { readonly soft: number; readonly hard: number } };
  readonly tmpfs?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes: readonly { readonly type: string; readonly source: string; readonly target: string; readonly read_only?: boolean }[];
  readonly ports?: readonly { readonly target: number; readonly published: string; readonly host_ip: string; readonly protocol: string }[];
  readonly stop_signal: string;
  readonly stop_grace_period: string;
  readonly logging: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
}

interface Volume {
  readonly name: string;
  readonly driver_opts?: Readonly<Record<string, string>>;
}

/** What both targets say about one container, in one form. */
interface Contract {
  readonly image: unknown;
  readonly command: unknown;
  readonly user: unknown;
  readonly readOnly: unknown;
  readonly capabilitiesDropped: unknown;
  readonly securityOptions: unknown;
  readonly restart: unknown;
  readonly memoryMb: unknown;
  readonly swapMb: unknown;
  readonly shmMb: unknown;
  readonly cpus: unknown;
  readonly nofile: unknown;
  readonly environment: unknown;
  /** Volume mounts, `path ro|rw`. */
  readonly mounts: unknown;
  readonly tmpfs: unknown;
  readonly ports: unknown;
  readonly stop: unknown;
  readonly log: unknown;
}

const socket = "/run/postgresql";

function ofDocker(inputs: Inputs): Contract {
  const { drops } = inputs["capabilities"] as { readonly drops: unknown };
  const mounts = inputs["mounts"] as readonly { readonly target: string; readonly readOnly: boolean }[];
  const ports = inputs["ports"] as readonly { internal: number; external: number; ip: string; protocol: string }[];
  const [limit] = inputs["ulimits"] as readonly { readonly soft: number; readonly hard: number }[];
  return {
    image: inputs["image"],
    command: inputs["command"],
    user: inputs["user"],
    readOnly: inputs["readOnly"],
    capabilitiesDropped: drops,
    securityOptions: inputs["securityOpts"],
    restart: inputs["restart"],
    memoryMb: inputs["memory"],
    swapMb: inputs["memorySwap"],
    shmMb: inputs["shmSize"],
    cpus: inputs["cpus"] === undefined ? undefined : Number(inputs["cpus"]),
    nofile: [limit?.soft, limit?.hard],
    environment: (inputs["envs"] as readonly string[]).toSorted(),
    mounts: mounts.map(({ target, readOnly }) => `${target} ${readOnly ? "ro" : "rw"}`).toSorted(),
    tmpfs: inputs["tmpfs"],
    ports: ports.map(({ internal, external, ip, protocol }) => `${ip}:${external}:${internal}/${protocol}`),
    stop: [inputs["stopSignal"], inputs["stopTimeout"]],
    log: [inputs["logDriver"], inputs["logOpts"]],
  };
}

function ofCompose(service: Service, volumes: Readonly<Record<string, Volume>>): Contract {
  const mb = (text: string): number => Number(/^(\d+)m$/.exec(text)?.[1]);
  const isSocket = ({ target }: { readonly target: string }): boolean => target === socket;
  // The sockets' tmpfs is a volume here, so that `setup` can share it: same options, same place.
  const shared = service.volumes.filter(isSocket).map(({ source }) => [socket, volumes[source]?.driver_opts?.["o"]] as const);
  return {
    image: service.image,
    command: service.command,
    user: service.user,
    readOnly: service.read_only,
    capabilitiesDropped: service.cap_drop,
    securityOptions: service.security_opt,
    restart: service.restart,
    memoryMb: mb(service.mem_limit),
    swapMb: mb(service.memswap_limit),
    shmMb: mb(service.shm_size),
    cpus: service.cpus,
    nofile: [service.ulimits.nofile.soft, service.ulimits.nofile.hard],
    environment: Object.entries(service.environment ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .toSorted(),
    mounts: service.volumes
      .filter((mount) => !isSocket(mount))
      .map(({ target, read_only: readOnly }) => `${target} ${readOnly === true ? "ro" : "rw"}`)
      .toSorted(),
    tmpfs: Object.fromEntries([...(service.tmpfs ?? []).map((text) => text.split(/:(.*)/s).slice(0, 2)), ...shared]),
    ports: (service.ports ?? []).map(({ target, published, host_ip: ip, protocol }) => `${ip}:${published}:${target}/${protocol}`),
    stop: [service.stop_signal, Number.parseInt(service.stop_grace_period, 10)],
    log: [service.logging.driver, service.logging.options],
  };
}

async function record(plan: ClusterPlan): Promise<Recorder> {
  const recorder = await Recorder.start(plan.stack);
  await recorder.run(() => new PlannedCluster(clusterName, { plan, files: renderFiles(plan), root, bundleFolder: `build/${plan.stack}` }));
  return recorder;
}

/** The Compose file that the recorded program writes. */
function composeOf(recorder: Recorder): { readonly services: Record<string, Service>; readonly volumes: Record<string, Volume> } {
  const { inputs } = recorder.find("pgstack:index:ComposeBundle", "bundle");
  const files = reveal(inputs["files"]) as Record<string, string>;
  return parse(files["compose.yaml"] ?? "", { version: "1.1" }) as ReturnType<typeof composeOf>;
}

describe.each([
  ["staging", () => stackPlan("staging")],
  ["production", () => stackPlan("production")],
  ["a stack with everything set", () => aPlan({ replicas: 2, cpus: 1.5, memory: "2GB", leader: "pg2", bindAddress: "0.0.0.0" })],
  ["a stack without replicas and exporters", () => aPlan({ replicas: 0, exporters: false })],
] as const)("the Docker target and the bundle of %s", (_name, planOf) => {
  const plan = planOf();
  let recorder: Recorder;
  beforeAll(async () => {
    recorder = await record(plan);
  });

  const containers = (): readonly { readonly service: string; readonly inputs: Inputs }[] =>
    recorder.ofType("docker:index/container:Container").map(({ inputs }) => ({
      service: String(inputs["name"]).slice(plan.prefix.length + 1),
      inputs,
    }));

  it("run the same services; the bundle has further ones that run once, or wait for those", () => {
    const { services } = composeOf(recorder);
    const kept = Object.keys(services).filter((name) => services[name]?.restart !== "no" && name !== "ready");
    expect(kept.toSorted()).toEqual(
      containers()
        .map(({ service }) => service)
        .toSorted(),
    );
  });

  it("run each of them in the same way", () => {
    const { services, volumes } = composeOf(recorder);
    for (const { service, inputs } of containers()) {
      const found = services[service];
      if (found === undefined) throw new Error(`the bundle has no ${service}`);
      expect(ofCompose(found, volumes), service).toEqual(ofDocker(inputs));
    }
  });

  it("share no volume", () => {
    const docker = recorder.ofType("docker:index/volume:Volume").map(({ inputs }) => String(inputs["name"]));
    const bundle = Object.values(composeOf(recorder).volumes).map(({ name }) => name);
    expect(bundle.filter((name) => docker.includes(name))).toEqual([]);
    expect(bundle.length).toBeGreaterThanOrEqual(docker.length);
  });
});

describe("the bundle's resource", () => {
  it("keeps secrets out of the plain files, waits for the secrets alone, and names no path of this machine", async () => {
    const recorder = await record(stackPlan("staging"));
    const { inputs, dependencies } = recorder.find("pgstack:index:ComposeBundle", "bundle");
    expect(inputs).toMatchObject({ folder: "build/staging", stack: "staging" });
    expect(isSecret(inputs["secretFiles"])).toBe(true);
    // What is no secret is hidden too: a preview shows it where it takes effect, and here a hash of each file.
    expect(isSecret(inputs["files"])).toBe(true);
    const files = reveal(inputs["files"]) as Record<string, string>;
    const digests = inputs["digests"] as Record<string, string>;
    // Its program is as long as all else, and the provider has it too.
    const programs = bundlePrograms();
    expect(Object.keys(digests)).toEqual([...Object.keys(files), ...Object.keys(programs)].toSorted());
    expect(JSON.stringify(inputs).length).toBeLessThan(400_000);
    for (const [path, digest] of Object.entries(digests)) {
      expect(
        createHash("sha256")
          .update(files[path] ?? programs[path] ?? "")
          .digest("hex")
          .startsWith(digest),
        path,
      ).toBe(true);
      expect(digest).toMatch(/^[0-9a-f]{12}$/);
    }
    expect(secretValues.filter((value) => JSON.stringify(files).includes(value))).toEqual([]);
    expect(secretValues.filter((value) => plainText(inputs).includes(value))).toEqual([]);
    expect(plainText(inputs)).not.toContain("SCRAM-SHA-256$");
    expect(plainText(inputs)).not.toContain(root.replace(/\/$/, ""));
    const secretFiles = reveal(inputs["secretFiles"]) as Record<string, string>;
    expect(JSON.parse(secretFiles["secrets/passwords.json"] ?? "")).toEqual({
      passwords: fakeSecrets.passwords,
      saltSeed: fakeSecrets.saltSeed,
    });
    // The secrets, through the values in it.
    expect(dependencies.filter((id) => !id.startsWith("random:"))).toEqual([]);
  });
});
