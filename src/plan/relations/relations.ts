import type { EffectiveSettings } from "./problem.ts";
import type { KeyProblem } from "./problem.ts";
import type { ClusterConfig } from "../../config/schema.ts";
import { nearest } from "../../text/nearest.ts";
import { maxReplicas } from "../../config/schema.ts";
import { findSetting, settingsOf, valueProblem } from "../../postgres/settings.ts";
import { addressesNeeded } from "../addresses.ts";
import { archiveProblems } from "./archive.ts";
import { connectionBudget } from "../connections.ts";
import { declaredProblems } from "./declared.ts";
import { imageProblems } from "./images.ts";
import { memoryProblems } from "./memory.ts";
import { monitoringProblems } from "./monitoring.ts";
import { nodeName } from "../names.ts";
import { ownedReason, refusedReason } from "../owned-settings.ts";
import { publishedPorts } from "../ports.ts";
import { parseSubnet } from "../subnet.ts";

/**
 * Everything that no single key can tell: sums, sizes, names that must exist.
 *
 * @param effective - pgstack's defaults with the stack's `settings` on top
 */
export function relationProblems(config: ClusterConfig, effective: EffectiveSettings): readonly KeyProblem[] {
  return [
    ...leaderProblems(config),
    ...recloneProblems(config),
    ...versionProblems(config),
    ...imageProblems(config),
    ...declaredProblems(config),
    ...settingProblems(config),
    ...connectionProblems(config, effective),
    ...replicationProblems(config, effective),
    ...memoryProblems(config, effective),
    ...archiveProblems(effective),
    ...portProblems(config),
    ...subnetProblems(config),
    ...clientNetworkProblems(config),
    ...addressProblems(config),
    ...preloadProblems(config),
    ...synchronousProblems(config),
    ...monitoringProblems(config),
  ];
}

function recloneProblems(config: ClusterConfig): KeyProblem[] {
  const replicas = replicaNames(config);
  return Object.keys(config.reclone)
    .filter((name) => !replicas.includes(name))
    .map((name) => ({
      key: `reclone.${name}`,
      problem:
        name === config.leader
          ? `"${name}" is the leader: there is no other node that it could be cloned from`
          : `"${name}" is not a replica of this stack: ${replicas.length === 0 ? "it has none" : `they are ${replicas.join(", ")}`}`,
      fix: `name a replica, or remove the entry: pulumi config rm --path reclone.${name}`,
    }));
}

function leaderProblems(config: ClusterConfig): KeyProblem[] {
  const names = Array.from({ length: config.replicas + 1 }, (_, index) => nodeName(index + 1));
  if (names.includes(config.leader)) return [];
  const number = Number(config.leader.slice(2));
  return [
    {
      key: "leader",
      problem: `"${config.leader}" is not a node of this stack: with replicas ${config.replicas} there are ${names.join(", ")}`,
      fix: `name one of them${number > maxReplicas + 1 ? "" : `, or raise replicas to at least ${number - 1}`}`,
    },
  ];
}

const builtMajor = 17;

function versionProblems(config: ClusterConfig): KeyProblem[] {
  if (config.postgresVersion === builtMajor || config.images.postgres !== undefined) return [];
  return [
    {
      key: "postgresVersion",
      problem: `${config.postgresVersion} needs an image of its own: the built one holds PostgreSQL ${builtMajor}`,
      fix: `set images.postgres to an image with PostgreSQL ${config.postgresVersion} in /usr/lib/postgresql/${config.postgresVersion}/bin, or postgresVersion to ${builtMajor}`,
    },
  ];
}

function settingProblems(config: ClusterConfig): KeyProblem[] {
  const known = settingsOf(config.postgresVersion);
  return Object.entries(config.settings).flatMap(([name, raw]): KeyProblem[] => {
    const key = `settings.${name}`;
    const value = String(raw);
    const reason = ownedReason(name);
    if (reason !== undefined) return [{ key, problem: `pgstack owns this setting (given: ${value})`, fix: reason }];
    const refused = refusedReason(name, value);
    if (refused !== undefined) return [{ key, problem: `"${value}" is refused: ${refused}`, fix: "remove it" }];
    // A version without a table is checked by the server itself; a dotted name belongs to an extension.
    if (known === undefined) return [];
    const info = findSetting(config.postgresVersion, name);
    if (info === undefined) return name.includes(".") ? [] : [unknownSetting(key, name, Object.keys(known), config.postgresVersion)];
    const wrong = valueProblem(info, value);
    return wrong === undefined ? [] : [{ key, problem: `"${value}" is not allowed`, fix: `give ${wrong}` }];
  });
}

function unknownSetting(key: string, name: string, known: readonly string[], major: number): KeyProblem {
  const meant = nearest(name, known);
  return {
    key,
    problem: `PostgreSQL ${major} has no setting of this name`,
    fix: meant === undefined ? "remove it" : `did you mean \`${meant}\`?`,
  };
}

function connectionProblems(config: ClusterConfig, effective: EffectiveSettings): KeyProblem[] {
  const limit = Number(effective.get("max_connections"));
  const budget = connectionBudget(config);
  // A value that is no number is another problem, already named.
  if (Number.isNaN(limit) || budget.total <= limit) return [];
  return [
    {
      key: "settings.max_connections",
      problem: `${budget.parts.map((part) => `${part.connections} ${part.what}`).join(" + ")} = ${budget.total} connections, but max_connections is ${limit}`,
      fix: `lower ${Object.keys(config.databases).length === 0 ? "" : "poolSize of databases, "}pooler.poolSize or pooler.reserveSize, or set settings.max_connections to at least ${budget.total}`,
    },
  ];
}

function replicationProblems(config: ClusterConfig, effective: EffectiveSettings): KeyProblem[] {
  // A replica that is being cloned holds two senders: one for the copy, one for the WAL beside it.
  const needs = [
    ["max_wal_senders", config.replicas * 2, "two for each replica while it is cloned"],
    ["max_replication_slots", config.replicas, "one for each replica"],
  ] as const;
  return needs.flatMap(([name, need, why]): KeyProblem[] => {
    const given = Number(effective.get(name));
    if (Number.isNaN(given) || given >= need) return [];
    return [
      {
        key: `settings.${name}`,
        problem: `${given} is too few for ${config.replicas} ${config.replicas === 1 ? "replica" : "replicas"}`,
        fix: `give at least ${need} (${why}), or remove it`,
      },
    ];
  });
}

function portProblems(config: ClusterConfig): KeyProblem[] {
  const ports = publishedPorts(config);
  const tooHigh = ports
    .filter(({ port }) => port > 65_535)
    .map(({ key, port, what }): KeyProblem => ({
      key,
      problem: `${what} would get port ${port}`,
      fix: "choose a lower first port: the highest is 65535",
    }));
  const byPort = Map.groupBy(ports, ({ port }) => port);
  const clashes = [...byPort.values()].flatMap((same): KeyProblem[] => {
    const [first, second] = same;
    if (first === undefined || second === undefined) return [];
    return [
      {
        key: second.key,
        problem: `port ${second.port} is given to ${first.what} and to ${second.what}`,
        fix: "choose ports that do not meet: nodes take consecutive ones",
      },
    ];
  });
  return [...tooHigh, ...clashes];
}

function subnetProblems(config: ClusterConfig): KeyProblem[] {
  const need = addressesNeeded(config.replicas + 1, config.monitoring.prometheus);
  try {
    const { size } = parseSubnet(config.subnet);
    if (size >= need) return [];
    return [
      {
        key: "subnet",
        problem: `"${config.subnet}" has ${size} addresses, ${need} are needed`,
        fix: "choose a larger network, for example a /24",
      },
    ];
  } catch (error) {
    return [
      {
        key: "subnet",
        problem: `"${config.subnet}" is not a network: ${(error as Error).message}`,
        fix: "give a network such as 172.29.10.0/24",
      },
    ];
  }
}

/** Without this library the extension of the same name, and with it the exporters, answer with errors. */
function preloadProblems(config: ClusterConfig): KeyProblem[] {
  const given = config.settings["shared_preload_libraries"];
  if (given === undefined) return [];
  const libraries = String(given)
    .split(",")
    .map((name) => name.trim().replaceAll('"', ""))
    .filter((name) => name !== "");
  if (libraries.includes("pg_stat_statements")) return [];
  return [
    {
      key: "settings.shared_preload_libraries",
      problem: `"${String(given)}" lacks pg_stat_statements, which is always there`,
      fix: `give "${["pg_stat_statements", ...libraries].join(",")}"`,
    },
  ];
}

/** A line of pg_hba.conf with a network that is none would keep every server from starting. */
function clientNetworkProblems({ clientNetworks }: ClusterConfig): KeyProblem[] {
  return clientNetworks.flatMap((network, index): KeyProblem[] => {
    try {
      parseSubnet(network);
      return [];
    } catch (error) {
      return [
        {
          key: `clientNetworks.${index}`,
          problem: `"${network}" is not a network: ${(error as Error).message}`,
          fix: "give a network such as 192.168.10.0/24",
        },
      ];
    }
  });
}

/** Gates and the check log in from here, so published ports must be reachable from here, and their servers must admit it. */
function addressProblems({ dockerHost, bindAddress, clientNetworks }: ClusterConfig): KeyProblem[] {
  const engine = /^(?:tcp|ssh):\/\/(?:[^@]*@)?\[?([^\]/]*?)\]?(?::\d+)?$/.exec(dockerHost)?.[1];
  const isHere = engine === undefined || engine === "localhost" || engine.startsWith("127.");
  const isLoopback = bindAddress.startsWith("127.");
  if (!isHere && isLoopback) {
    return [
      {
        key: "bindAddress",
        problem: `"${bindAddress}" on the engine at ${dockerHost} can be reached from that host alone, but the deployment is checked from here`,
        fix: "give an address of that host which this machine reaches, best in a private network, or 0.0.0.0",
      },
    ];
  }
  // Through a loopback port the server sees the network's gateway; through any other one, the client's own address.
  const seesGateway = isHere && (isLoopback || bindAddress === "0.0.0.0");
  if (seesGateway || clientNetworks.length > 0) return [];
  return [
    {
      key: "clientNetworks",
      problem: `none are given, but with bindAddress ${bindAddress} the servers see this machine's own address and refuse it`,
      fix: "list the network that this machine reaches the engine from, for example 192.168.10.0/24",
    },
  ];
}

function replicaNames({ replicas, leader }: ClusterConfig): readonly string[] {
  return Array.from({ length: replicas + 1 }, (_, index) => nodeName(index + 1)).filter((name) => name !== leader);
}

/** A write must go on when one replica is away, so more replicas must match than it waits for. */
function synchronousProblems(config: ClusterConfig): KeyProblem[] {
  const value = String(config.settings["synchronous_standby_names"] ?? "").trim();
  if (value === "") return [];
  const [, count = "1", list = value] = /^(?:(?:first|any)\s+)?(\d+)\s*\((.*)\)$/is.exec(value) ?? [];
  const wanted = list.split(",").map((name) => name.trim().replaceAll('"', "").toLowerCase());
  const replicas = replicaNames(config);
  const named = replicas.filter((name) => wanted.includes("*") || wanted.includes(name)).length;
  // With a leader that does not exist every node is named, one more than there are replicas.
  const matching = Math.min(named, config.replicas);
  if (matching > Number(count)) return [];
  return [
    {
      key: "settings.synchronous_standby_names",
      problem: `"${value}" waits for ${count} of ${matching} matching ${matching === 1 ? "replica" : "replicas"}: every write would stop when one is away`,
      fix: `remove it, or let more replicas match: "ANY 1 (*)" with replicas at least 2`,
    },
  ];
}
