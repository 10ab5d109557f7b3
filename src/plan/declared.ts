import type { ClusterConfig } from "../config/schema.ts";
import type { ClusterPlan, DeclaredDatabase, DeclaredUser, RemovalPlan } from "./types.ts";

type DatabaseKeys = ClusterConfig["databases"][string];

const noLimit = -1;

/** Scratch database of a database's migrations. */
export const shadowName = (database: string): string => `${database}_shadow`;

/** Databases in addition to the first one, each with its shadow if it has one; sorted, so that the order in the file changes nothing. */
export function planDatabases(config: ClusterConfig): readonly DeclaredDatabase[] {
  const all = Object.entries(config.databases).flatMap(([name, keys]) => databasesOf(config, name, keys));
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function databasesOf(config: ClusterConfig, name: string, keys: DatabaseKeys): readonly DeclaredDatabase[] {
  const owner = keys.owner ?? config.appUser;
  const database: DeclaredDatabase = {
    name,
    owner,
    extensions: [...new Set(keys.extensions)],
    schemas: [...new Set(keys.schemas)],
    connectionLimit: keys.connectionLimit ?? noLimit,
    shadowOf: undefined,
  };
  if (!keys.prismaShadow) return [database];
  // Empty: a migration tool resets it with everything in it, and may drop only what its own role owns.
  return [database, { name: shadowName(name), owner, extensions: [], schemas: [], connectionLimit: noLimit, shadowOf: name }];
}

/** Users in addition to `appUser`. */
export function planUsers(config: ClusterConfig): readonly DeclaredUser[] {
  return Object.entries(config.users)
    .map(([name, { access, connectionLimit, pooled }]) => ({
      name,
      connectionLimit: connectionLimit ?? noLimit,
      pooled,
      access: Object.entries(access)
        .map(([database, level]) => ({ database, level }))
        .toSorted((a, b) => (a.database < b.database ? -1 : 1)),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

export function planRemoval({ remove }: ClusterConfig): RemovalPlan {
  return { databases: Object.keys(remove.databases).toSorted(), users: remove.users };
}

/** Who may do what in a database. */
export type Right = "owner" | "read" | "write";

/** A database that a user may enter. */
export interface Entry {
  readonly database: string;
  readonly right: Right;
  readonly shadow: boolean;
}

/** Every database that a role may enter, the first one first. */
export function entriesOf(plan: Pick<ClusterPlan, "database" | "databases" | "users">, role: string): readonly Entry[] {
  const { access = [] } = plan.users.find(({ name }) => name === role) ?? {};
  const databases = [{ ...plan.database, shadowOf: undefined }, ...plan.databases];
  return databases.flatMap(({ name, owner, shadowOf }): Entry[] => {
    const right = owner === role ? "owner" : access.find(({ database }) => database === name)?.level;
    return right === undefined ? [] : [{ database: name, right, shadow: shadowOf !== undefined }];
  });
}
