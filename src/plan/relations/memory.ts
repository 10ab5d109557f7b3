import type { ClusterConfig } from "../../config/schema.ts";
import { findSetting, toBaseUnit } from "../../postgres/settings.ts";
import { pooledConnections } from "../connections.ts";
import { shmSizeMb } from "../postgres-defaults.ts";
import type { EffectiveSettings } from "./problem.ts";
import type { KeyProblem } from "./problem.ts";
import { parseMemoryMb } from "../../text/units.ts";

/**
 * Memory of one connection that has run a few statements, in MB: measured with 100 and 300 of them (docs/decisions/0026). One that
 * only connected has 1.5MB, one that has seen 200 tables 4.9MB, so less than this it never is for long.
 */
export const backendMb = 2;

/** A server without connections and without its buffers, and the heartbeat, in MB; measured likewise. */
export const serverMb = 40;

/** What the kernel kills for, and what makes queries fail that the planner is free to choose: nothing else is refused. */
export function memoryProblems(config: ClusterConfig, effective: EffectiveSettings): readonly KeyProblem[] {
  const limitMb = parseMemoryMb(config.memory);
  if (limitMb < 256) {
    return [{ key: "memory", problem: `"${config.memory}" is too little for a PostgreSQL server`, fix: "use at least 256MB" }];
  }
  if (parseMemoryMb(config.pooler.memory) < 32) {
    return [{ key: "pooler.memory", problem: `"${config.pooler.memory}" is too little for the pooler`, fix: "use at least 32MB" }];
  }
  const facts = memoryFacts(config, effective, limitMb);
  if (facts === undefined) return [];
  const fits = fitProblems(config, facts);
  return [...fits, ...(fits.length > 0 ? [] : shareProblems(config, facts)), ...parallelProblems(config, facts)];
}

/** Sizes in MB, as they will be in effect. */
interface MemoryFacts {
  readonly limitMb: number;
  readonly sharedBuffersMb: number;
  readonly connections: number;
  /** What is left for work when every connection of the pools is there. */
  readonly leftMb: number;
  readonly workMb: number;
  readonly hashMultiplier: number;
  readonly maintenanceMb: number;
  /** Processes that share one hash table: the session's and its workers. 0 where none is ever shared in /dev/shm. */
  readonly sharers: number;
  readonly shmMb: number;
}

/** Undefined when a value cannot be read: it is another problem, already named, or one of a version without a table. */
function memoryFacts(config: ClusterConfig, effective: EffectiveSettings, limitMb: number): MemoryFacts | undefined {
  const number = (name: string): number | undefined => {
    const info = findSetting(config.postgresVersion, name);
    return info && toBaseUnit(info, effective.get(name) ?? info.default ?? "");
  };
  const word = (name: string): string => (effective.get(name) ?? findSetting(config.postgresVersion, name)?.default ?? "").toLowerCase();
  const pages = number("shared_buffers");
  const workKb = number("work_mem");
  const hashMultiplier = number("hash_mem_multiplier");
  const maintenanceKb = number("maintenance_work_mem");
  const gather = number("max_parallel_workers_per_gather");
  const parallel = number("max_parallel_workers");
  const processes = number("max_worker_processes");
  if (pages === undefined || workKb === undefined || hashMultiplier === undefined || maintenanceKb === undefined) return undefined;
  if (gather === undefined || parallel === undefined || processes === undefined) return undefined;
  const sharedBuffersMb = pages / 128;
  const connections = pooledConnections(config);
  const workers = Math.min(gather, parallel, processes);
  const isShared = workers > 0 && word("dynamic_shared_memory_type") === "posix" && !off.has(word("enable_parallel_hash"));
  return {
    limitMb,
    sharedBuffersMb,
    connections,
    leftMb: limitMb - sharedBuffersMb - serverMb - connections * backendMb,
    workMb: workKb / 1024,
    hashMultiplier,
    maintenanceMb: maintenanceKb / 1024,
    sharers: isShared ? workers + 1 : 0,
    shmMb: config.shm === undefined ? shmSizeMb(limitMb) : parseMemoryMb(config.shm),
  };
}

const off = new Set(["off", "of", "false", "fals", "fal", "fa", "f", "no", "n", "0"]);

/** Memory that is always in use must be less than the limit. */
function fitProblems(config: ClusterConfig, { limitMb, sharedBuffersMb, connections, leftMb }: MemoryFacts): KeyProblem[] {
  if (leftMb >= 0) return [];
  const others = `${serverMb}MB for the server and ${connections} pooled connections of ${backendMb}MB`;
  const roomMb = Math.floor(leftMb + sharedBuffersMb);
  // A quarter of memory is the default: where that would fit, the setting is to blame.
  if (given(config, "shared_buffers") && limitMb / 4 <= roomMb) {
    return [
      {
        key: "settings.shared_buffers",
        problem: `"${String(config.settings["shared_buffers"])}" is more than what memory, ${config.memory}, leaves after ${others}`,
        fix: `use at most ${roomMb}MB (a quarter of memory is usual), or raise memory`,
      },
    ];
  }
  const most = Math.floor((limitMb - sharedBuffersMb - serverMb) / backendMb);
  return [
    {
      key: "memory",
      problem: `"${config.memory}" is less than ${size(sharedBuffersMb)} of shared_buffers, ${others}, ${Math.ceil(limitMb - leftMb)}MB in all: the kernel would kill the node under load`,
      fix: `raise memory, or lower ${most > 0 ? `poolSize until the pools have ${most} connections with their reserves` : "settings.shared_buffers"}`,
    },
  ];
}

/** A single query, or one that maintains, must not take all that is left. pgstack's own values are its own business. */
function shareProblems(config: ClusterConfig, { leftMb, workMb, hashMultiplier, maintenanceMb }: MemoryFacts): KeyProblem[] {
  const left = `${Math.floor(leftMb)}MB of ${config.memory} that shared_buffers and pooled connections leave`;
  const problems: KeyProblem[] = [];
  if (given(config, "work_mem", "hash_mem_multiplier") && workMb * hashMultiplier > leftMb) {
    problems.push({
      key: key(config, "work_mem", "hash_mem_multiplier"),
      problem: `one hash of ${size(workMb)} × ${hashMultiplier} (work_mem × hash_mem_multiplier) is more than the ${left}`,
      fix: `lower settings.work_mem to at most ${atMost(leftMb / hashMultiplier)}, or raise memory`,
    });
  }
  if (given(config, "maintenance_work_mem") && maintenanceMb > leftMb) {
    problems.push({
      key: "settings.maintenance_work_mem",
      problem: `"${String(config.settings["maintenance_work_mem"])}" for one index or vacuum is more than the ${left}`,
      fix: `lower it to at most ${atMost(leftMb)}, or raise memory`,
    });
  }
  return problems;
}

const sharing = ["work_mem", "hash_mem_multiplier", "max_parallel_workers_per_gather"] as const;

/** A parallel hash join has one table in /dev/shm, as large as all its processes may have together. */
function parallelProblems(config: ClusterConfig, facts: MemoryFacts): KeyProblem[] {
  const { limitMb, sharedBuffersMb, workMb, hashMultiplier, sharers, shmMb } = facts;
  const mostMb = Math.floor(limitMb - sharedBuffersMb - serverMb);
  if (config.shm !== undefined && shmMb > mostMb) {
    return [
      {
        key: "shm",
        problem: `"${config.shm}" is more than the ${Math.max(mostMb, 0)}MB of ${config.memory} that shared_buffers leaves: it counts as the node's memory`,
        fix: `use at most ${Math.max(mostMb, 0)}MB, or raise memory`,
      },
    ];
  }
  const needed = Math.ceil(workMb * hashMultiplier * sharers);
  if ((config.shm === undefined && !given(config, ...sharing)) || needed <= shmMb) return [];
  const lower = `lower settings.work_mem to at most ${atMost(shmMb / (hashMultiplier * sharers))}`;
  return [
    {
      key: config.shm === undefined ? key(config, ...sharing) : "shm",
      problem: `a parallel hash join may need ${size(workMb)} × ${hashMultiplier} × ${sharers} = ${needed}MB of /dev/shm (work_mem × hash_mem_multiplier × processes), which has ${shmMb}MB: it would fail`,
      fix: needed <= mostMb ? `set shm to at least ${needed}MB, or ${lower}` : `${lower}, or raise memory`,
    },
  ];
}

function given({ settings }: ClusterConfig, ...names: readonly string[]): boolean {
  return names.some((name) => Object.hasOwn(settings, name));
}

/** The first of these that stack config gives. */
function key({ settings }: ClusterConfig, ...names: readonly string[]): string {
  return `settings.${names.find((name) => Object.hasOwn(settings, name)) ?? names[0]}`;
}

function size(mb: number): string {
  return Number.isInteger(mb) ? `${mb}MB` : `${Math.round(mb * 1024)}kB`;
}

/** Rounded down to what people write. */
function atMost(mb: number): string {
  return mb >= 1 ? `${Math.floor(mb)}MB` : `${Math.max(64, Math.floor(mb * 1024))}kB`;
}
