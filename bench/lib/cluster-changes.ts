import type { StackKeys } from "../../testing/stacks.ts";

/** What a server does for a change. The leader's part is what clients of the write route wait for. */
export type Effect = "nothing" | "leader restarts" | "leader is replaced" | "pooler is replaced";

/** One edit of the stack file. */
export interface Change {
  readonly name: string;
  readonly effect: Effect;
  /** Keys as they are afterwards, over those from before; see `applied`. */
  readonly to: StackKeys;
  /** A setting that every node must show afterwards. */
  readonly shows?: readonly [name: string, value: string];
  /** `docker compose` commands that a person runs after `up -d --wait`, who has the bundle alone. */
  readonly byHand?: (nodes: readonly string[]) => readonly (readonly string[])[];
}

/** Second names of the images, so that another image is declared and nothing has to be built. */
export interface SecondTags {
  readonly postgres: string;
  readonly pooler: string;
}

/** The cluster that the changes begin with, in addition to the production profile. */
export const before: StackKeys = { replicas: 2, exporters: false, monitoring: { prometheus: false }, settings: { max_connections: 100 } };

const restart = (nodes: readonly string[]): readonly (readonly string[])[] => [["restart", ...nodes]];

/** Changes of one cluster, each made on top of those before it. */
export function changesOf(tags: SecondTags): readonly Change[] {
  return [
    { name: "work_mem", effect: "nothing", to: { settings: { work_mem: "7MB" } }, shows: ["work_mem", "7MB"] },
    {
      name: "max_connections 100 → 120",
      effect: "leader restarts",
      to: { settings: { max_connections: 120 } },
      shows: ["max_connections", "120"],
      byHand: restart,
    },
    {
      name: "max_connections 120 → 100",
      effect: "leader restarts",
      to: { settings: { max_connections: 100 } },
      shows: ["max_connections", "100"],
      byHand: restart,
    },
    {
      name: "shared_buffers 512 → 400 MB",
      effect: "leader restarts",
      to: { settings: { shared_buffers: "400MB" } },
      shows: ["shared_buffers", "400MB"],
      byHand: restart,
    },
    { name: "memory limit 2 → 1.5 GB", effect: "leader is replaced", to: { memory: "1536MB" } },
    { name: "another PostgreSQL image", effect: "leader is replaced", to: { images: { postgres: tags.postgres } } },
    { name: "pool size 50 → 40", effect: "nothing", to: { pooler: { poolSize: 40 } } },
    { name: "a new user", effect: "nothing", to: { users: { reporter: { access: { app: "read" } } } } },
    // As in a rotation, every role and the pooler get other verifiers at once; clients continue with the passwords that they have.
    { name: "all verifiers renewed", effect: "nothing", to: { scramIterations: 5000 } },
    { name: "replicas 2 → 3", effect: "nothing", to: { replicas: 3 } },
    {
      name: "replicas 3 → 1",
      effect: "nothing",
      to: { replicas: 1 },
      byHand: () => [["up", "--detach", "--wait", "--remove-orphans"]],
    },
    { name: "another pooler image", effect: "pooler is replaced", to: { images: { pooler: tags.pooler } } },
  ];
}

/** Keys after a change: those that hold keys themselves are merged, all others replaced. */
export function applied(keys: StackKeys, to: StackKeys): StackKeys {
  const merged = Object.entries(to).map(([key, value]) => {
    const old = keys[key];
    return [key, isKeys(old) && isKeys(value) ? { ...old, ...value } : value] as const;
  });
  return { ...keys, ...Object.fromEntries(merged) };
}

function isKeys(value: unknown): value is StackKeys {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Names of a cluster's nodes. */
export function nodesOf({ replicas }: StackKeys): readonly string[] {
  return Array.from({ length: Number(replicas) + 1 }, (_, index) => `pg${index + 1}`);
}
