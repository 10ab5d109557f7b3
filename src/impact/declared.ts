import { createHash } from "node:crypto";

import { z } from "zod";

import type { ContainerPlan } from "../plan/container.ts";
import { hardening } from "../plan/container.ts";
import { planContainers, recloneVariable } from "../plan/containers.ts";
import { services } from "../plan/names.ts";
import { routesOf } from "../plan/routes.ts";
import type { ClusterPlan, NodePlan, RoutePlan } from "../plan/types.ts";
import type { FileSpec } from "../files/file-spec.ts";
import type { RenderedFiles } from "../render/files.ts";
import { monitoringFilesOf } from "../render/monitoring-files.ts";
import { rolesSpec } from "../render/roles-spec.ts";

const texts = z.record(z.string(), z.string());

/** What makes Docker replace a container, and its memory limit, which it changes in place. Long parts are short hashes. */
const container = z.object({
  image: z.string(),
  memoryMb: z.number(),
  shmMb: z.number(),
  cpus: z.number().optional(),
  nofile: z.number(),
  address: z.string(),
  /** `127.0.0.1:5432:5432`: address, port on the host, port in the container. */
  port: z.string().optional(),
  mounts: z.array(z.string()),
  command: z.string(),
  environment: z.string(),
  /** User, capabilities, temporary file systems, logs, health probe, stop signal and time. */
  hardening: z.string(),
});

const node = z.object({
  name: z.string(),
  dataVolume: z.string(),
  /** The node is cloned again for each new value. */
  reclone: z.string().optional(),
  /** In addition to the shared ones. */
  settings: texts,
  /** Plain file → short hash. */
  files: texts,
});

/**
 * Everything of a cluster whose change matters, as plain JSON without any secret: what a deployment leaves in Pulumi's state,
 * so that the next one can be compared with it. Small on purpose, since a preview shows it.
 */
export const declaredSchema = z.object({
  /** Of this shape; another one is not compared. */
  version: z.literal(1),
  /** What cannot change once there is data. */
  fixed: z.object({ dockerHost: z.string(), subnet: z.string(), postgresVersion: z.number(), locale: z.string() }),
  clientNetworks: z.array(z.string()),
  /** PostgreSQL settings that all nodes have in common. */
  settings: texts,
  nodes: z.array(node),
  pooler: z.object({
    settings: texts,
    routes: z.record(z.string(), texts),
    /** User → most server connections. */
    userLimits: texts,
    files: texts,
  }),
  /** By service. */
  containers: z.record(z.string(), container),
  /** Plain files of exporters, Prometheus, Alertmanager and Grafana, by service. Absent in what earlier versions declared. */
  files: z.record(z.string(), texts).optional(),
  /** Databases, roles and what is in them; keys that are new to a version are compared as they are. */
  roles: z.record(z.string(), z.unknown()),
  scramIterations: z.number(),
  /** A word, no secret. */
  scramSalt: z.string().optional(),
});

export type Declared = z.output<typeof declaredSchema>;
export type DeclaredNode = Declared["nodes"][number];
export type DeclaredContainer = Declared["containers"][string];

/** Sums a plan and its files up. Pure: the same plan gives the same text. */
export function declaredOf(plan: ClusterPlan, files: RenderedFiles): Declared {
  const shared = sharedSettings(plan.nodes);
  return {
    version: 1,
    fixed: {
      dockerHost: plan.engine.host,
      subnet: plan.network.subnet,
      postgresVersion: plan.major,
      locale: plan.locale,
    },
    clientNetworks: [...plan.network.clients],
    settings: Object.fromEntries(shared),
    nodes: plan.nodes.map((one) => ({
      name: one.name,
      dataVolume: one.dataVolume,
      ...(one.reclone === undefined ? {} : { reclone: one.reclone }),
      settings: Object.fromEntries(one.settings.flatMap(({ name, value }) => (shared.has(name) ? [] : [[name, value]]))),
      files: fileHashes(files.nodes.get(one.name) ?? []),
    })),
    pooler: {
      settings: { ...Object.fromEntries(plan.pooler.settings.map(({ name, value }) => [name, value])), reserve_pool_size: reserve(plan) },
      routes: Object.fromEntries(routesOf(plan).map((route) => [route.name, routeParameters(plan, route)])),
      userLimits: Object.fromEntries(plan.pooler.userLimits.map(({ user, connections }) => [user, String(connections)])),
      files: fileHashes(files.pooler),
    },
    containers: Object.fromEntries(planContainers(plan).map((one) => [one.service, declaredContainer(plan, one)])),
    files: {
      ...(files.exporters === undefined ? {} : { [services.exporters]: fileHashes(files.exporters) }),
      ...Object.fromEntries(monitoringFilesOf(files.monitoring).map(([service, of]) => [service, fileHashes(of)])),
    },
    roles: JSON.parse(JSON.stringify(rolesSpec(plan))) as Declared["roles"],
    scramIterations: plan.scramIterations,
    ...(plan.scramSalt === undefined ? {} : { scramSalt: plan.scramSalt }),
  };
}

/** Identity is each node's own, even where there is but one node. */
function sharedSettings(nodes: readonly NodePlan[]): ReadonlyMap<string, string> {
  const maps = nodes.map(({ settings }) => new Map(settings.map(({ name, value }) => [name, value])));
  const [first] = nodes;
  return new Map(
    (first?.settings ?? [])
      .filter(({ section, name, value }) => section !== "this node" && maps.every((of) => of.get(name) === value))
      .map(({ name, value }) => [name, value]),
  );
}

/** Which node leads is no part of what is declared. */
function routeParameters({ nodes }: ClusterPlan, { reads, poolSize, most, parameters }: RoutePlan): Record<string, string> {
  const replicas = nodes.length - 1;
  const servers = reads && replicas > 0 ? `${replicas} ${replicas === 1 ? "replica" : "replicas"}` : "leader";
  const numbers = Object.entries(parameters).map(([key, value]) => [key, String(value)] as const);
  return { servers, pool_size: String(poolSize), max_db_connections: String(most), ...Object.fromEntries(numbers) };
}

/** Of all processes together. */
function reserve({ pooler }: ClusterPlan): string {
  const own = pooler.processes.map(({ settings }) => Number(settings.find(({ name }) => name === "reserve_pool_size")?.value ?? 0));
  return String(own.reduce((sum, size) => sum + size, 0));
}

/** Secret files follow from the secrets, which no stack file changes. */
function fileHashes(files: readonly FileSpec[]): Record<string, string> {
  return Object.fromEntries(
    files.flatMap((file) => (file.kind === "plain" ? [[file.path, shortHash(withoutSettings(file.content))] as const] : [])),
  );
}

/** What repeats settings for a start script says nothing that they do not say. */
function withoutSettings(text: string): string {
  return text.replace(/^STANDBY_LIMITS=.*\n/m, "");
}

function declaredContainer(plan: ClusterPlan, one: ContainerPlan): DeclaredContainer {
  const { memoryMb, shmMb, cpus, nofile, address, port, mounts, command, environment } = one;
  return {
    image: plan.images[one.image].reference,
    memoryMb,
    shmMb,
    ...(cpus === undefined ? {} : { cpus }),
    nofile,
    address,
    ...(port === undefined ? {} : { port: `${port.address}:${port.external}:${port.internal}` }),
    mounts: mounts.map(({ volume, target, readOnly }) => `${volume}:${target}${readOnly ? ":ro" : ""}`),
    command: shortHash(command),
    // The value is a separate part of the node: it does more than replace a container.
    environment: shortHash(Object.entries(environment).filter(([name]) => name !== recloneVariable)),
    hardening: shortHash([hardening, one.tmpfs, one.stopSignal, one.stopSeconds, one.probe]),
  };
}

/** Enough of a hash to distinguish two versions. */
function shortHash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);
}
