import { maxReplicas } from "../../config/schema.ts";
import type { ClusterConfig } from "../../config/schema.ts";
import { nodeNames } from "../members.ts";
import type { EffectiveSettings, KeyProblem } from "./problem.ts";

export function leaderProblems(config: ClusterConfig): KeyProblem[] {
  const names = nodeNames(config);
  if (config.leader === undefined || names.includes(config.leader)) return [];
  const number = Number(config.leader.slice(2));
  return [
    {
      key: "leader",
      problem: `"${config.leader}" is not a node of this stack: with replicas ${config.replicas} there are ${names.join(", ")}`,
      fix: `name one of them${number > maxReplicas + 1 ? "" : `, or raise replicas to at least ${number - 1}`}`,
    },
  ];
}

/** A replica that no process leads to would be read by nobody. */
export function processProblems({ replicas, pooler }: ClusterConfig): KeyProblem[] {
  if (pooler.processes === undefined || pooler.processes >= replicas) return [];
  return [
    {
      key: "pooler.processes",
      problem: `${pooler.processes} processes cannot lead to ${replicas} replicas: each leads to one at a time`,
      fix: `use at least ${replicas}, or remove it: the default is one process for each replica`,
    },
  ];
}

export function recloneProblems(config: ClusterConfig): KeyProblem[] {
  const names = nodeNames(config);
  return Object.keys(config.reclone)
    .filter((name) => !names.includes(name))
    .map((name) => ({
      key: `reclone.${name}`,
      problem: `"${name}" is not a node of this stack: they are ${names.join(", ")}`,
      fix: `name one of them, or remove the entry: pulumi config rm --path reclone.${name}`,
    }));
}

export function replicationProblems(config: ClusterConfig, effective: EffectiveSettings): KeyProblem[] {
  // A replica that is being cloned holds two senders: one for the copy, one for the WAL streamed meanwhile.
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
        fix: `use at least ${need} (${why}), or remove it`,
      },
    ];
  });
}

/** A write must continue when one replica is away, so more replicas must match than it waits for. */
export function synchronousProblems(config: ClusterConfig): KeyProblem[] {
  const value = String(config.settings["synchronous_standby_names"] ?? "").trim();
  if (value === "") return [];
  const [, count = "1", list = value] = /^(?:(?:first|any)\s+)?(\d+)\s*\((.*)\)$/is.exec(value) ?? [];
  const wanted = list.split(",").map((name) => name.trim().replaceAll('"', "").toLowerCase());
  const named = nodeNames(config).filter((name) => wanted.includes("*") || wanted.includes(name)).length;
  // Any node can lead, one that is named too: then there is one less to wait for.
  const matching = Math.max(0, named - 1);
  if (matching > Number(count)) return [];
  return [
    {
      key: "settings.synchronous_standby_names",
      problem: `"${value}" waits for ${count} of ${matching} matching ${matching === 1 ? "replica" : "replicas"}: every write would stop when one is away`,
      fix: `remove it, or let more nodes match, since any of them can lead: "ANY 1 (*)" with replicas at least 2`,
    },
  ];
}
