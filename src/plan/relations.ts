import type { ClusterConfig } from "../config/schema.ts";
import { nearest } from "../config/nearest.ts";
import { settingsOf, toBaseUnit, valueProblem } from "../postgres/settings.ts";
import { connectionBudget } from "./connections.ts";
import { nodeName } from "./names.ts";
import { ownedReason, refusedReason } from "./owned-settings.ts";
import { publishedPorts } from "./ports.ts";
import { parseSubnet } from "./subnet.ts";
import { parseMemoryMb } from "./units.ts";

/** A problem under a key of the stack file; the caller adds the file's name. */
export interface KeyProblem {
  /** Key without the namespace, e.g. `pooler.poolSize`. */
  readonly key: string;
  readonly problem: string;
  readonly fix: string;
}

/** The last value of each setting in the order in which PostgreSQL would read them. */
export type EffectiveSettings = ReadonlyMap<string, string>;

/**
 * Everything that no single key can tell: sums, sizes, names that must exist.
 *
 * @param effective - pgstack's defaults with the stack's `settings` on top
 */
export function relationProblems(config: ClusterConfig, effective: EffectiveSettings): readonly KeyProblem[] {
  return [
    ...leaderProblems(config),
    ...versionProblems(config),
    ...settingProblems(config),
    ...connectionProblems(config, effective),
    ...replicationProblems(config, effective),
    ...memoryProblems(config, effective),
    ...portProblems(config),
    ...subnetProblems(config),
    ...synchronousProblems(config),
  ];
}

function leaderProblems(config: ClusterConfig): KeyProblem[] {
  const names = Array.from({ length: config.replicas + 1 }, (_, index) => nodeName(index + 1));
  if (names.includes(config.leader)) return [];
  return [
    {
      key: "leader",
      problem: `"${config.leader}" is not a node of this stack: with replicas ${config.replicas} there are ${names.join(", ")}`,
      fix: `name one of them, or raise replicas to at least ${Number(config.leader.slice(2)) - 1}`,
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
    // The server spells a few names with capitals (DateStyle) and reads them in any case.
    const info = Object.entries(known).find(([spelt]) => spelt.toLowerCase() === name)?.[1];
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
  if (budget.total <= limit) return [];
  return [
    {
      key: config.settings["max_connections"] === undefined ? "pooler.poolSize" : "settings.max_connections",
      problem: `${budget.parts.map((part) => `${part.connections} ${part.what}`).join(" + ")} = ${budget.total} connections, but max_connections is ${limit}`,
      fix: `lower pooler.poolSize or pooler.reserveSize, or set settings.max_connections to at least ${budget.total}`,
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
    if (given >= need) return [];
    return [{ key: `settings.${name}`, problem: `${given} is too few for ${config.replicas} replicas`, fix: `give at least ${need} (${why}), or remove it` }];
  });
}

function memoryProblems(config: ClusterConfig, effective: EffectiveSettings): KeyProblem[] {
  const limitMb = parseMemoryMb(config.memory);
  if (limitMb < 256) {
    return [{ key: "memory", problem: `"${config.memory}" is too little for a PostgreSQL server`, fix: "give at least 256MB" }];
  }
  const info = settingsOf(builtMajor)?.["shared_buffers"];
  const pages = info && toBaseUnit(info, effective.get("shared_buffers") ?? "");
  if (pages === undefined) return [];
  const sharedMb = (pages * 8) / 1024;
  if (sharedMb <= limitMb) return [];
  return [
    {
      key: "settings.shared_buffers",
      problem: `"${effective.get("shared_buffers")}" is more than the node's memory limit of ${config.memory}`,
      fix: `give at most ${limitMb}MB (a quarter of it is usual), or raise memory`,
    },
  ];
}

function portProblems(config: ClusterConfig): KeyProblem[] {
  const ports = publishedPorts(config);
  const tooHigh = ports.filter(({ port }) => port > 65_535).map(
    ({ key, port, what }): KeyProblem => ({ key, problem: `${what} would get port ${port}`, fix: "choose a lower first port: the highest is 65535" }),
  );
  const byPort = Map.groupBy(ports, ({ port }) => port);
  const clashes = [...byPort.values()].flatMap((same): KeyProblem[] => {
    const [first, second] = same;
    if (first === undefined || second === undefined) return [];
    return [{ key: second.key, problem: `port ${second.port} is given to ${first.what} and to ${second.what}`, fix: "choose ports that do not meet: nodes take consecutive ones" }];
  });
  return [...tooHigh, ...clashes];
}

function subnetProblems(config: ClusterConfig): KeyProblem[] {
  const nodes = config.replicas + 1;
  // Nodes, pooler, exporters; network, gateway and broadcast address.
  const need = nodes + 1 + (config.exporters ? nodes + 1 : 0) + 3;
  try {
    const { size } = parseSubnet(config.subnet);
    if (size >= need) return [];
    return [{ key: "subnet", problem: `"${config.subnet}" has ${size} addresses, ${need} are needed`, fix: "choose a larger network, for example a /24" }];
  } catch (error) {
    return [{ key: "subnet", problem: `"${config.subnet}" is not a network: ${(error as Error).message}`, fix: "give a network such as 172.29.10.0/24" }];
  }
}

function synchronousProblems(config: ClusterConfig): KeyProblem[] {
  const value = config.settings["synchronous_standby_names"];
  if (value === undefined || String(value).trim() === "" || config.replicas >= 2) return [];
  return [
    {
      key: "settings.synchronous_standby_names",
      problem: `"${String(value)}" with ${config.replicas} ${config.replicas === 1 ? "replica" : "replicas"}: every write would stop when that one replica does`,
      fix: "remove it, or set replicas to at least 2",
    },
  ];
}
