import { maxReplicas } from "../../config/schema.ts";
import type { ClusterConfig } from "../../config/schema.ts";
import { nodeNames, replicaNames } from "../members.ts";
import type { EffectiveSettings, KeyProblem } from "./problem.ts";

export function leaderProblems(config: ClusterConfig): KeyProblem[] {
  const names = nodeNames(config);
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

export function recloneProblems(config: ClusterConfig): KeyProblem[] {
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

export function replicationProblems(config: ClusterConfig, effective: EffectiveSettings): KeyProblem[] {
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

/** A write must go on when one replica is away, so more replicas must match than it waits for. */
export function synchronousProblems(config: ClusterConfig): KeyProblem[] {
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
