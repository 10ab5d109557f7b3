import { setupFiles } from "../../agents/setup/spec.ts";
import type { ContainerPlan } from "../../plan/container.ts";
import { hardening, listenerFolder, socketFolder } from "../../plan/container.ts";
import { planContainers } from "../../plan/containers.ts";
import { gatewayAddress, oneShotAddress, strangersRange } from "../../plan/addresses.ts";
import { monitoringServices } from "../../plan/monitoring.ts";
import { configVolumeName, containerName, services, socketVolumeName } from "../../plan/names.ts";
import { paths } from "../../layout.ts";
import type { ClusterPlan, ImageKind, ImagePlan, NetworkPlan } from "../../plan/types.ts";
import { monitoringFilesOf, renderMonitoringFiles } from "../monitoring-files.ts";
import type { ComposeFile, ComposeMount, ComposeNetwork, ComposeService, ComposeVolume } from "./model.ts";
import { oneShots, projectName } from "./names.ts";

/** Key of the one network; its name on the engine is the plan's. */
const network = "cluster";

/** What the one-shot services may use: they do little. */
const oneShotMemoryMb = 128;

/** Of it, what the objects of `setup` may use, in MB. Measured use, all together: about 25. */
const setupHeapMb = 48;

/**
 * The Compose file of a bundle: the containers of the plan, and services that run once. `config` and one of its kind for
 * each node bring files to their readers; nodes and pooler start together; `setup` ends when the cluster is proven; exporters
 * come after it.
 *
 * Compose recreates what depends on a recreated service. So nothing that clients use depends on a service whose definition
 * changes with the number of nodes: `setup` does, and only exporters depend on it.
 *
 * @param plan - a plan with a bundle's names (`bundlePlan`)
 */
export function composeFile(plan: ClusterPlan): ComposeFile {
  const containers = planContainers(plan);
  const volumes = volumesOf(plan, containers);
  return {
    name: projectName(plan.prefix),
    services: {
      ...Object.fromEntries(copiers(plan).map((copier) => [copier.service, configService(plan, copier)])),
      ...Object.fromEntries(containers.map((container) => [container.service, service(plan, container)])),
      [oneShots.setup]: setupService(plan),
      ...(plan.exporters === undefined ? { ready: readyService(plan) } : {}),
    },
    networks: { [network]: { name: plan.network.name, driver: "bridge", ipam: { config: [addressing(plan.network)] } } },
    volumes: Object.fromEntries(
      Object.entries(volumes)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, options]) => [key(plan, name), { name, ...options }]),
    ),
  };
}

function addressing({ subnet }: NetworkPlan): ComposeNetwork["ipam"]["config"][number] {
  const strangers = strangersRange(subnet);
  return { subnet, gateway: gatewayAddress(subnet), ...(strangers === undefined ? {} : { ip_range: strangers }) };
}

/** A service that copies files, and whose. */
interface Copier {
  readonly service: string;
  /** The readers' own: Compose recreates them when it changes. */
  readonly image: ImageKind;
  readonly readers: readonly string[];
}

function copiers(plan: ClusterPlan): readonly Copier[] {
  const nodes = plan.nodes.map(({ name }) => name);
  const others = Object.keys(configVolumes(plan)).filter((name) => !nodes.includes(name));
  return [
    { service: oneShots.config, image: "pooler", readers: others },
    ...nodes.map((name): Copier => ({ service: oneShots.nodeConfig(name), image: "postgres", readers: [name] })),
  ];
}

/** Config volumes by the service whose files they hold. */
export function configVolumes(plan: ClusterPlan): Readonly<Record<string, string>> {
  const { nodes, pooler, exporters, monitoring } = plan;
  return {
    ...Object.fromEntries(nodes.map(({ name, configVolume }) => [name, configVolume])),
    [services.pooler]: pooler.configVolume,
    ...(exporters === undefined ? {} : { [services.exporters]: exporters.configVolume }),
    ...Object.fromEntries(monitoringServices(monitoring).map(([name, { configVolume }]) => [name, configVolume])),
    [oneShots.setup]: configVolumeName(plan.prefix, oneShots.setup),
  };
}

function service(plan: ClusterPlan, container: ContainerPlan): ComposeService {
  const isNode = plan.nodes.some(({ name }) => name === container.service);
  const { [paths.socketDirectory]: _socket, ...tmpfs } = container.tmpfs;
  return {
    ...runtime(plan, container, isNode ? tmpfs : container.tmpfs),
    user: hardening.user,
    restart: hardening.restart,
    ...dependencies(container, { isNode, isProcess: plan.pooler.processes.some(({ container: of }) => of === container.name) }),
    ...(container.cpus === undefined ? {} : { cpus: container.cpus }),
    ...(Object.keys(container.environment).length === 0 ? {} : { environment: container.environment }),
    volumes: [
      ...container.mounts.map(({ volume, target, readOnly }) => mount(plan, volume, target, readOnly)),
      ...(isNode ? [mount(plan, socketVolumeName(plan.prefix, container.service), paths.socketDirectory, false)] : []),
    ],
    networks: { [network]: { ipv4_address: container.address } },
    ...published(container),
  };
}

function published({ port }: ContainerPlan): Pick<ComposeService, "ports"> {
  if (port === undefined) return {};
  return { ports: [{ target: port.internal, published: String(port.external), host_ip: port.address, protocol: "tcp" }] };
}

function dependencies(
  { service: name }: ContainerPlan,
  { isNode, isProcess }: { isNode: boolean; isProcess: boolean },
): Pick<ComposeService, "depends_on"> {
  // Its image and files are its own: nothing that recreates PgBouncer recreates it.
  if (name === services.pooler) return {};
  const others = isProcess ? oneShots.config : oneShots.setup;
  return { depends_on: { [isNode ? oneShots.nodeConfig(name) : others]: { condition: "service_completed_successfully" } } };
}

type Runtime = Pick<ContainerPlan, "service" | "name" | "image" | "command" | "memoryMb" | "shmMb" | "nofile" | "stopSeconds"> & {
  readonly stopSignal: string;
};

/** What a container of the plan and a one-shot service have in common. */
function runtime(
  plan: ClusterPlan,
  container: Runtime,
  tmpfs: Readonly<Record<string, string>>,
): Omit<ComposeService, "user" | "restart" | "volumes"> {
  const { log } = hardening;
  return {
    ...image(plan.images[container.image], container.service === builders(plan)[container.image]),
    container_name: container.name,
    ...(container.command.length === 0 ? {} : { command: container.command }),
    read_only: hardening.readOnly,
    cap_drop: hardening.capabilitiesDropped,
    security_opt: hardening.securityOptions,
    mem_limit: `${container.memoryMb}m`,
    memswap_limit: `${container.memoryMb}m`,
    shm_size: `${container.shmMb}m`,
    ulimits: { nofile: { soft: container.nofile, hard: container.nofile } },
    ...(Object.keys(tmpfs).length === 0 ? {} : { tmpfs: Object.entries(tmpfs).map(([path, options]) => `${path}:${options}`) }),
    stop_signal: container.stopSignal,
    stop_grace_period: `${container.stopSeconds}s`,
    logging: { driver: log.driver, options: { "max-size": log.maxSize, "max-file": String(log.maxFiles) } },
  };
}

/** The service that builds each kind of image; the others of that kind use what it built. */
function builders({ exporters, firstNode }: ClusterPlan): Readonly<Record<ImageKind, string>> {
  return {
    postgres: oneShots.nodeConfig(firstNode),
    pooler: oneShots.config,
    listener: services.pooler,
    postgresExporter: services.nodeExporter(exporters?.nodes[0]?.node ?? ""),
    poolerExporter: services.processExporter(exporters?.processes[0]?.number ?? 0),
    prometheus: services.prometheus,
    alertmanager: services.alertmanager,
    orchestrator: oneShots.setup,
    // Pulled, not built.
    grafana: services.grafana,
  };
}

function image(plan: ImagePlan, builds: boolean): Pick<ComposeService, "image" | "build"> {
  if (plan.kind === "reference" || !builds) return { image: plan.reference };
  const { context, buildArgs } = plan;
  return {
    image: plan.reference,
    // The host's network reaches package mirrors wherever the host does.
    build: { context: `./${context}`, network: "host", ...(Object.keys(buildArgs).length === 0 ? {} : { args: buildArgs }) },
  };
}

const oneShotRuntime = {
  image: "postgres",
  memoryMb: oneShotMemoryMb,
  shmMb: 64,
  nofile: 1024,
  stopSignal: "SIGTERM",
  stopSeconds: 10,
} as const;

/** Runs as root with only the capabilities to read files of the user who unpacked the bundle, and to change their owner. */
function configService(plan: ClusterPlan, { service: name, image: kind, readers }: Copier): ComposeService {
  const volumes = configVolumes(plan);
  const open = withoutSecrets(plan);
  return {
    ...runtime(
      plan,
      {
        ...oneShotRuntime,
        image: kind,
        service: name,
        name: containerName(plan.prefix, name),
        command: ["/bin/bash", `${bundleMount}/config/${oneShots.config}/copy.sh`],
      },
      {},
    ),
    user: "0:0",
    restart: "no",
    cap_add: ["CHOWN", "DAC_OVERRIDE", "FOWNER"],
    network_mode: "none",
    volumes: [
      bind("./config", `${bundleMount}/config`),
      // One by one: no other service's secrets.
      ...readers.filter((reader) => !open.has(reader)).map((reader) => bind(`./secrets/${reader}`, `${bundleMount}/secrets/${reader}`)),
      ...readers.map((reader) => mount(plan, volumes[reader] ?? "", `/volumes/${reader}`, false)),
    ],
  };
}

/** Services without any secret file: the bundle has no folder of theirs. */
function withoutSecrets(plan: ClusterPlan): ReadonlySet<string> {
  const files = monitoringFilesOf(renderMonitoringFiles(plan));
  return new Set(files.filter(([, of]) => of.every(({ kind }) => kind === "plain")).map(([service]) => service));
}

/**
 * `up --wait` waits for the end of a service only if another one depends on it, so without exporters there is this one, which
 * does nothing.
 */
function readyService(plan: ClusterPlan): ComposeService {
  return {
    ...runtime(
      plan,
      {
        ...oneShotRuntime,
        service: "ready",
        name: containerName(plan.prefix, "ready"),
        command: ["sleep", "infinity"],
        stopSignal: "SIGKILL",
      },
      {},
    ),
    user: hardening.user,
    restart: hardening.restart,
    depends_on: { [oneShots.setup]: { condition: "service_completed_successfully" } },
    network_mode: "none",
    volumes: [],
  };
}

const bundleMount = "/bundle";

function bind(source: string, target: string): ComposeMount {
  // A missing folder is a mistake to name, not one to create.
  return { type: "bind", source, target, read_only: true, bind: { create_host_path: false } };
}

function setupService(plan: ClusterPlan): ComposeService {
  const processes = plan.pooler.processes.map(({ number }) => services.pgbouncer(number));
  const started = [...plan.nodes.map(({ name }) => name), services.pooler, ...processes];
  return {
    ...runtime(
      plan,
      {
        ...oneShotRuntime,
        service: oneShots.setup,
        name: containerName(plan.prefix, oneShots.setup),
        image: "orchestrator",
        command: ["node", `--max-old-space-size=${setupHeapMb}`, `${paths.config}/${setupFiles.program}`],
      },
      { "/tmp": "rw,noexec,nosuid,size=64m" },
    ),
    user: hardening.user,
    restart: "no",
    depends_on: Object.fromEntries(started.map((name) => [name, { condition: "service_started" }])),
    // Only for the pooler's console; nodes are reached through their sockets, and the pooler's routes are a file in its volume.
    networks: { [network]: { ipv4_address: oneShotAddress(plan.network.subnet) } },
    volumes: [
      mount(plan, configVolumeName(plan.prefix, oneShots.setup), paths.config, true),
      mount(plan, plan.pooler.configVolume, paths.poolerConfig, false),
      ...plan.nodes.map(({ name }) => mount(plan, socketVolumeName(plan.prefix, name), `${paths.socketDirectory}/${name}`, false)),
    ],
  };
}

function mount(plan: ClusterPlan, volume: string, target: string, readOnly: boolean): ComposeMount {
  return { type: "volume", source: key(plan, volume), target, ...(readOnly ? { read_only: true } : {}) };
}

/** A volume's key in the file: its name without the prefix. */
function key({ prefix }: ClusterPlan, volume: string): string {
  return volume.slice(prefix.length + 1);
}

/** Every volume by name, with what it is made of. */
function volumesOf(plan: ClusterPlan, containers: readonly ContainerPlan[]): Readonly<Record<string, Omit<ComposeVolume, "name">>> {
  const plain = [...containers.flatMap(({ mounts }) => mounts.map(({ volume }) => volume)), ...Object.values(configVolumes(plan))];
  // Memory, as in a container's own tmpfs, but shared: it is there while one of its users runs.
  const sockets = [
    ...plan.nodes.map(({ name }) => [socketVolumeName(plan.prefix, name), socketFolder] as const),
    [plan.pooler.socketVolume, listenerFolder] as const,
  ].map(([name, options]) => [name, { driver: "local", driver_opts: { type: "tmpfs", device: "tmpfs", o: options } }] as const);
  return { ...Object.fromEntries(plain.map((name) => [name, {}])), ...Object.fromEntries(sockets) };
}
