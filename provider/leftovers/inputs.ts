import { z } from "zod";

import { reservedDatabases, reservedRoles } from "../../src/config/names.ts";

/** Databases and users that are declared beside the first ones, and what config says of those that are no longer. */
export const declaration = z.object({
  /** Database → owner, shadow databases included. */
  databases: z.record(z.string(), z.string()),
  users: z.array(z.string()),
  /** User → database → what it may do there. */
  entries: z.record(z.string(), z.record(z.string(), z.string())),
  /** The first database and its owner: never dropped. */
  first: z.object({ database: z.string(), owner: z.string() }),
  remove: z.object({ databases: z.array(z.string()), users: z.record(z.string(), z.enum(["keep-objects", "with-objects"])) }),
});

export type Declaration = z.output<typeof declaration>;

/** What is to go: declared before, and no longer. */
export interface Gone {
  readonly databases: readonly string[];
  readonly users: readonly string[];
}

/** A user's sessions in a database whose rights are no longer what they were when the sessions began. */
export interface StaleEntry {
  readonly user: string;
  readonly database: string;
  /** Whether the user may no longer be there at all; else a session that is at work is left alone. */
  readonly isLost: boolean;
}

export function staleEntries(before: Declaration | undefined, now: Declaration): readonly StaleEntry[] {
  return Object.entries(before?.entries ?? {}).flatMap(([user, rights]) =>
    Object.entries(rights).flatMap(([database, right]): readonly StaleEntry[] => {
      const wanted = now.entries[user]?.[database];
      return wanted === right ? [] : [{ user, database, isLost: wanted === undefined }];
    }),
  );
}

export function goneBetween(before: Declaration | undefined, now: Declaration): Gone {
  const kept = {
    databases: [now.first.database, ...reservedDatabases] as readonly string[],
    users: [now.first.owner, ...reservedRoles] as readonly string[],
  };
  return {
    databases: Object.keys(before?.databases ?? {}).filter((name) => !Object.hasOwn(now.databases, name) && !kept.databases.includes(name)),
    users: (before?.users ?? []).filter((name) => !now.users.includes(name) && !kept.users.includes(name)),
  };
}
