import { nodeAddress, nodeExporterAddress, poolerAddress, poolerExporterAddress } from "./addresses.ts";
import { containerUser, paths } from "./paths.ts";
import { poolerPort } from "./pgbouncer-defaults.ts";
import { services } from "./names.ts";
import type { ClusterPlan, ExportersPlan, ImageKind, NodePlan } from "./types.ts";

/** One container as every target runs it: what differs between services. What they share is `hardening`. */
export interface ContainerPlan {
  /** Its alias on the network and its name as a Compose service. */
  readonly service: string;
  /** Its name on the engine. */
  readonly name: string;
  /** Its fixed IPv4 address in the cluster's subnet. */
  readonly address: string;
  readonly image: ImageKind;
  readonly command: readonly string[];
  readonly memoryMb: number;
  /** Size of /dev/shm in MB. */
  readonly shmMb: number;
  readonly cpus: number | undefined;
  /** Name → value; never a secret. */
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly { readonly volume: string; readonly target: string; readonly readOnly: boolean }[];
  /** Path → mount options. */
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly port: { readonly internal: number; readonly external: number; readonly address: string };
  readonly stopSignal: "SIGINT" | "SIGTERM";
  /** How long a clean stop may take, in seconds. */
  readonly stopSeconds: number;
  readonly nofile: number;
  /** A cheap TCP probe; it informs, nothing waits for it. */
  readonly probe: readonly string[];
}

/** What all containers have in common. */
export const hardening = {
  user: `${containerUser.uid}:${containerUser.gid}`,
  readOnly: true,
  capabilitiesDropped: ["ALL"],
  securityOptions: ["no-new-privileges"],
  restart: "unless-stopped",
  log: { driver: "json-file", maxSize: "50m", maxFiles: 5 },
  /** Each probe is a process in the container, so they are rare. */
  probe: { intervalSeconds: 30, timeoutSeconds: 5, retries: 3, startSeconds: 60 },
} as const;

/** Tells a node's start script to clone it anew, once for each value. */
export const recloneVariable = "PGSTACK_RECLONE";

const temporary = { "/tmp": "rw,noexec,nosuid,size=64m" } as const;

/** Docker's own default, in MB. */
const usualShmMb = 64;

/** Collectors beside the default ones: what the dashboards and alerts of a replicated cluster need. */
const collectors = [
  "stat_wal_receiver",
  "stat_checkpointer",
  "long_running_transactions",
  "database_wraparound",
  "postmaster",
  "xlog_location",
];

export function nodeContainer({ engine, network, nodes }: ClusterPlan, node: NodePlan): ContainerPlan {
  return {
    service: node.name,
    name: node.container,
    address: nodeAddress(
      network.subnet,
      nodes.findIndex(({ name }) => name === node.name),
    ),
    image: "postgres",
    command: ["/bin/bash", `${paths.config}/node.sh`],
    memoryMb: node.memoryMb,
    shmMb: node.shmMb,
    cpus: node.cpus,
    // A variable, so that another word replaces the container as any change of it does: out of rotation, behind its gate.
    environment: node.reclone === undefined ? {} : { [recloneVariable]: node.reclone },
    mounts: [{ volume: node.dataVolume, target: paths.dataVolume, readOnly: false }, configMount(node.configVolume)],
    tmpfs: {
      ...temporary,
      [paths.socketDirectory]: `rw,noexec,nosuid,size=1m,uid=${containerUser.uid},gid=${containerUser.gid},mode=0750`,
    },
    port: { internal: 5432, external: node.hostPort, address: engine.bindAddress },
    // Fast shutdown: sessions end, all WAL is sent, nothing is lost.
    stopSignal: "SIGINT",
    stopSeconds: 120,
    // Below the hard limit of engines that were started with a low one.
    nofile: 16_384,
    probe: tcpProbe(5432),
  };
}

export function poolerContainer({ engine, network, pooler }: ClusterPlan): ContainerPlan {
  return {
    service: services.pooler,
    name: pooler.container,
    address: poolerAddress(network.subnet),
    image: "pooler",
    command: ["/usr/sbin/pgbouncer", `${paths.config}/pgbouncer.ini`],
    memoryMb: pooler.memoryMb,
    shmMb: usualShmMb,
    cpus: undefined,
    environment: {},
    mounts: [configMount(pooler.configVolume)],
    tmpfs: temporary,
    port: { internal: poolerPort, external: pooler.hostPort, address: engine.bindAddress },
    // SIGTERM would wait until the last client has left.
    stopSignal: "SIGINT",
    stopSeconds: 60,
    nofile: pooler.nofile,
    probe: tcpProbe(poolerPort),
  };
}

/** postgres_exporter of one node. */
export function nodeExporterContainer(
  plan: ClusterPlan,
  exporters: ExportersPlan,
  exporter: ExportersPlan["nodes"][number],
): ContainerPlan {
  return {
    ...exporterContainer(plan, exporters, 9187, exporter.hostPort),
    service: services.nodeExporter(exporter.node),
    name: exporter.container,
    address: nodeExporterAddress(
      plan.network.subnet,
      exporters.nodes.findIndex(({ node }) => node === exporter.node),
    ),
    image: "postgresExporter",
    command: ["/usr/bin/prometheus-postgres-exporter", ...collectors.map((collector) => `--collector.${collector}`)],
    environment: {
      DATA_SOURCE_URI: `${exporter.node}:5432/postgres?sslmode=disable`,
      DATA_SOURCE_USER: "monitoring",
      DATA_SOURCE_PASS_FILE: `${paths.config}/monitoring.password`,
    },
  };
}

export function poolerExporterContainer(plan: ClusterPlan, exporters: ExportersPlan): ContainerPlan {
  return {
    ...exporterContainer(plan, exporters, 9127, exporters.pooler.hostPort),
    service: services.poolerExporter,
    name: exporters.pooler.container,
    address: poolerExporterAddress(plan.network.subnet),
    image: "poolerExporter",
    // It ends when it cannot reach the pooler at its start: waiting is quicker than the restart policy's growing pauses.
    command: [
      "/bin/bash",
      "-c",
      `${awaitTcp(poolerAddress(plan.network.subnet), poolerPort)}; exec /usr/bin/prometheus-pgbouncer-exporter`,
    ],
    environment: {
      // Without a password: the driver takes it from the file.
      PGBOUNCER_EXPORTER_CONNECTION_STRING: `postgres://monitoring@${services.pooler}:${poolerPort}/pgbouncer?sslmode=disable`,
      PGPASSFILE: `${paths.config}/monitoring.pgpass`,
    },
  };
}

/** Every container of a cluster: nodes, pooler, exporters. */
export function planContainers(plan: ClusterPlan): readonly ContainerPlan[] {
  const { exporters } = plan;
  return [
    ...plan.nodes.map((node) => nodeContainer(plan, node)),
    poolerContainer(plan),
    ...(exporters === undefined
      ? []
      : [...exporters.nodes.map((exporter) => nodeExporterContainer(plan, exporters, exporter)), poolerExporterContainer(plan, exporters)]),
  ];
}

type CommonToExporters = Omit<ContainerPlan, "service" | "name" | "address" | "image" | "command" | "environment">;

function exporterContainer({ engine }: ClusterPlan, exporters: ExportersPlan, internal: number, external: number): CommonToExporters {
  return {
    memoryMb: exporters.memoryMb,
    shmMb: usualShmMb,
    cpus: undefined,
    mounts: [configMount(exporters.configVolume)],
    tmpfs: temporary,
    port: { internal, external, address: engine.bindAddress },
    stopSignal: "SIGTERM",
    stopSeconds: 10,
    nofile: 1024,
    probe: tcpProbe(internal),
  };
}

/** Where every container finds its files. */
function configMount(volume: string): ContainerPlan["mounts"][number] {
  return { volume, target: paths.config, readOnly: true };
}

/** Shell that ends once a port answers. */
function awaitTcp(host: string, port: number): string {
  return `until (exec 3<>/dev/tcp/${host}/${port}) 2>/dev/null; do sleep 0.1; done`;
}

function tcpProbe(port: number): readonly string[] {
  return ["/bin/bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`];
}
