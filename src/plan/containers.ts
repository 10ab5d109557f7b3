import { nodeAddress, nodeExporterAddress, poolerAddress, processAddress, processExporterAddress } from "./addresses.ts";
import type { ContainerPlan } from "./container.ts";
import { awaitPooler, configMount, socketFolder, tcpProbe, temporary, usualShmMb } from "./container.ts";
import { monitoringContainers } from "./monitoring-containers.ts";
import { listenerSocket, paths, processFile } from "../layout.ts";
import { nodeInside, nodePort, processInside } from "./endpoints.ts";
import { consoleDatabase, poolerPort, poolerRoles } from "./pgbouncer-defaults.ts";
import { goTarget, goUrl } from "../postgres/endpoint.ts";
import { listenerMemoryMb } from "./pooler.ts";
import { services } from "./names.ts";
import type { ClusterPlan, ExportersPlan, NodePlan, PoolerProcessPlan } from "./types.ts";

/** Makes a node's start script re-clone the node, once for each value. */
export const recloneVariable = "PGSTACK_RECLONE";

/**
 * What postgres_exporter collects in addition to its defaults, and which defaults it leaves out. Not `stat_wal_receiver`, which swaps
 * two of its columns (0.17.1), nor `xlog_location`, which does nothing since PostgreSQL 10: `queries.yaml` asks for both.
 */
const exporterFlags = [
  `--extend.query-path=${paths.config}/queries.yaml`,
  // Hundreds of series per node that never change.
  "--disable-settings-metrics",
  ...["stat_checkpointer", "long_running_transactions", "database_wraparound", "postmaster"].map((name) => `--collector.${name}`),
  // They only see the database that the exporter is connected to, which has no application tables.
  ...["stat_user_tables", "statio_user_tables"].map((name) => `--no-collector.${name}`),
];

/** Below the time that Prometheus gives a scrape, so that a query that hangs only hides itself. In milliseconds. */
const exporterStatementMs = 5000;

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
    // A variable, so that another value replaces the container as any change of it does: out of rotation, behind its gate.
    environment: node.reclone === undefined ? {} : { [recloneVariable]: node.reclone },
    mounts: [{ volume: node.dataVolume, target: paths.dataVolume, readOnly: false }, configMount(node.configVolume)],
    tmpfs: {
      ...temporary,
      [paths.socketDirectory]: socketFolder,
    },
    port: { internal: nodePort, external: node.hostPort, address: engine.bindAddress },
    // Fast shutdown: sessions end, all WAL is sent, nothing is lost.
    stopSignal: "SIGINT",
    stopSeconds: 120,
    // Below the hard limit of engines that were started with a low one.
    nofile: 16_384,
    probe: tcpProbe(nodePort),
  };
}

/** Holds the port that clients connect to. It is not replaced when PgBouncer is, so no client is refused meanwhile. */
export function listenerContainer({ engine, network, pooler }: ClusterPlan): ContainerPlan {
  return {
    service: services.pooler,
    name: pooler.listener,
    address: poolerAddress(network.subnet),
    image: "listener",
    command: ["perl", "/usr/local/lib/pgstack/listen.pl", String(poolerPort), listenerSocket],
    memoryMb: listenerMemoryMb,
    shmMb: usualShmMb,
    cpus: undefined,
    environment: {},
    mounts: [{ volume: pooler.socketVolume, target: paths.listenerDirectory, readOnly: false }],
    tmpfs: temporary,
    port: { internal: poolerPort, external: pooler.hostPort, address: engine.bindAddress },
    stopSignal: "SIGTERM",
    // It waits for PgBouncer, whose clients come through its network.
    stopSeconds: poolerStopSeconds,
    nofile: 1024,
    probe: tcpProbe(poolerPort),
  };
}

/** One process of PgBouncer, on the listener's port, and on its own for its console. */
export function pgbouncerContainer({ engine, network, pooler }: ClusterPlan, process: PoolerProcessPlan): ContainerPlan {
  return {
    service: services.pgbouncer(process.number),
    name: process.container,
    address: processAddress(network.subnet, process.number),
    image: "pooler",
    command: ["perl", `${paths.config}/launch.pl`, listenerSocket, "/usr/sbin/pgbouncer", `${paths.config}/${processFile(process.number)}`],
    memoryMb: pooler.memoryMb,
    shmMb: usualShmMb,
    cpus: undefined,
    environment: {},
    mounts: [configMount(pooler.configVolume), { volume: pooler.socketVolume, target: paths.listenerDirectory, readOnly: true }],
    tmpfs: temporary,
    port: { internal: poolerPort, external: process.hostPort, address: engine.bindAddress },
    // SIGTERM would wait until the last client has left.
    stopSignal: "SIGINT",
    stopSeconds: poolerStopSeconds,
    nofile: pooler.nofile,
    probe: ["perl", "-MIO::Socket::UNIX", "-e", `exit !IO::Socket::UNIX->new("/tmp/.s.PGSQL.${poolerPort}")`],
  };
}

/** How long transactions may take to end before the pooler is killed, in seconds. */
export const poolerStopSeconds = 60;

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
    command: ["/usr/bin/prometheus-postgres-exporter", ...exporterFlags],
    environment: {
      DATA_SOURCE_URI: goTarget(
        nodeInside({ name: exporter.node }),
        { database: "postgres" },
        { connect_timeout: 5, statement_timeout: exporterStatementMs },
      ),
      DATA_SOURCE_USER: "monitoring",
      DATA_SOURCE_PASS_FILE: `${paths.config}/monitoring.password`,
    },
  };
}

/** pgbouncer_exporter of one process of the pooler. */
export function processExporterContainer(
  plan: ClusterPlan,
  exporters: ExportersPlan,
  exporter: ExportersPlan["processes"][number],
): ContainerPlan {
  const { number } = exporter;
  const { subnet } = plan.network;
  return {
    ...exporterContainer(plan, exporters, 9127, exporter.hostPort),
    service: services.processExporter(number),
    name: exporter.container,
    address: processExporterAddress(subnet, number),
    image: "poolerExporter",
    // It ends when it cannot reach the pooler at its start: waiting is quicker than the restart policy's growing pauses.
    command: ["/bin/bash", "-c", `${awaitPooler(processAddress(subnet, number), poolerPort)}; exec /usr/bin/prometheus-pgbouncer-exporter`],
    environment: {
      // Without a password: the driver takes it from the file. With a time, in seconds: the port is open without PgBouncer too.
      PGBOUNCER_EXPORTER_CONNECTION_STRING: goUrl(
        processInside(number),
        { user: poolerRoles.stats, database: consoleDatabase },
        { connect_timeout: 1 },
      ),
      PGPASSFILE: `${paths.config}/monitoring.pgpass`,
    },
  };
}

/** Every container of a cluster: nodes, pooler, exporters, monitoring. */
export function planContainers(plan: ClusterPlan): readonly ContainerPlan[] {
  const { exporters } = plan;
  return [
    ...plan.nodes.map((node) => nodeContainer(plan, node)),
    listenerContainer(plan),
    ...plan.pooler.processes.map((process) => pgbouncerContainer(plan, process)),
    ...(exporters === undefined
      ? []
      : [
          ...exporters.nodes.map((exporter) => nodeExporterContainer(plan, exporters, exporter)),
          ...exporters.processes.map((exporter) => processExporterContainer(plan, exporters, exporter)),
        ]),
    ...monitoringContainers(plan),
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
