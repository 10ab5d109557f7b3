import { maxReplicas } from "../config/schema.ts";
import type { ClusterConfig } from "../config/schema.ts";
import { UserError } from "../errors.ts";
import { readRouteName } from "../read-route.ts";
import { publishedForClients } from "./access.ts";
import { connectionBudget } from "./connections.ts";
import { planDatabases, planRemoval, planUsers } from "./declared.ts";
import { planExporters, exporterMemoryMb } from "./exporters.ts";
import type { ImageHashes } from "./images.ts";
import { planImages } from "./images.ts";
import { firstNode, nodeNames, processNumbers } from "./members.ts";
import { monitoringServices, planMonitoring } from "./monitoring.ts";
import { networkName, prefixOf } from "./names.ts";
import { effectiveSettings, planNodes } from "./nodes.ts";
import { listenerMemoryMb, planPooler } from "./pooler.ts";
import { recommendedConnections } from "./postgres-defaults.ts";
import { relationProblems } from "./relations/relations.ts";
import type { ClusterPlan, DatabasePlan, EnginePlan, MonitoringPlan } from "./types.ts";
import { parseDurationS, parseMemoryMb } from "../text/units.ts";

export interface PlanContext {
  readonly project: string;
  readonly stack: string;
  /** Name of the stack file, for messages. */
  readonly stackFile: string;
  /** Hash of each image's build context. */
  readonly imageHashes: ImageHashes;
}

/**
 * Plans a cluster: every name, port, size and relation. Pure: the same config gives the same plan, and a further replica
 * changes no other node's part of it.
 *
 * @throws UserError with every broken relation at once
 */
export function planCluster(config: ClusterConfig, context: PlanContext): ClusterPlan {
  const connections = plannedConnections(config);
  const effective = effectiveSettings(config, connections);
  const problems = relationProblems(config, effective);
  if (problems.length > 0) {
    throw new UserError(
      problems.map(({ key, problem, fix }) => ({ where: `${context.stackFile}: pgstack:${key}`, problem, fix })),
      `${context.stackFile} is not valid`,
    );
  }
  const prefix = prefixOf(context.project, context.stack);
  const nodes = planNodes(config, prefix, connections);
  const pooler = planPooler(config, prefix, Number(effective.get("max_connections")));
  const exporters = config.exporters ? planExporters(config, prefix) : undefined;
  const monitoring = planMonitoring(config, prefix);
  return {
    stack: context.stack,
    prefix,
    engine: planEngine(config, monitoring),
    network: { name: networkName(prefix), subnet: config.subnet, clients: config.clientNetworks },
    database: planDatabase(config),
    databases: planDatabases(config),
    users: planUsers(config),
    removal: planRemoval(config),
    major: config.postgresVersion,
    locale: config.locale,
    firstNode: firstNode(config),
    wishedLeader: config.leader,
    nodes,
    pooler,
    exporters,
    monitoring,
    images: planImages(config, context.imageHashes),
    scramIterations: config.scramIterations,
    scramSalt: config.scramSalt,
    checkTimeoutS: parseDurationS(config.checkTimeout),
  };
}

/**
 * `max_connections`: what a server of this size is good for, or what the pools need when that is more (in tens). It counts reads on the
 * leader whether there are replicas or not, and as many processes of the pooler as there can be: a change needs a restart of every node,
 * and neither a replica that comes nor one that goes may bring one about.
 */
function plannedConnections(config: ClusterConfig): number {
  const alone = connectionBudget({ ...config, replicas: 0 });
  const many = connectionBudget({ ...config, replicas: maxReplicas });
  const needed = Math.ceil(Math.max(alone.total, many.total) / 10) * 10;
  return Math.max(recommendedConnections(parseMemoryMb(config.memory)), needed);
}

function planDatabase(config: ClusterConfig): DatabasePlan {
  return {
    name: config.database,
    owner: config.appUser,
    extensions: [...new Set(["pg_stat_statements", ...config.extensions])],
    writeRoute: config.database,
    readRoute: readRouteName(config.database),
  };
}

function planEngine(config: ClusterConfig, monitoring: MonitoringPlan | undefined): EnginePlan {
  const nodes = nodeNames(config).length;
  const processes = processNumbers(config).length;
  const exporters = config.exporters ? nodes + processes : 0;
  const monitoringMb = monitoringServices(monitoring).reduce((sum, [, { memoryMb }]) => sum + memoryMb, 0);
  return {
    host: config.dockerHost,
    bindAddress: config.bindAddress,
    accessHost: publishedForClients(config).host,
    memoryMb:
      nodes * parseMemoryMb(config.memory) +
      processes * parseMemoryMb(config.pooler.memory) +
      listenerMemoryMb +
      exporters * exporterMemoryMb +
      monitoringMb,
    cpus: config.cpus,
  };
}
