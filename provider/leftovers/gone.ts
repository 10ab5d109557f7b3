import type { Declaration } from "../../resources/declaration.ts";
import { reservedDatabases, reservedRoles } from "../../src/config/names.ts";

/** What is dropped: declared before, and no longer. */
export interface Gone {
  readonly databases: readonly string[];
  readonly users: readonly string[];
}

/** A user's sessions in a database whose privileges have changed since the sessions began. */
export interface StaleEntry {
  readonly user: string;
  readonly database: string;
  /** Whether the user has no access any more; otherwise a busy session is left alone. */
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
