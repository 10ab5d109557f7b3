import type { CheckTarget } from "../target/target.ts";

/** The databases and users that a cluster has, and those that are declared. Plain data, without secrets. */

export type Declared = "first" | "declared" | "missing" | "undeclared";

export interface DatabaseRow {
  readonly name: string;
  readonly declared: Declared;
  readonly owner: string | null;
  readonly bytes: number | null;
  /** Connections now, on all nodes that answer. */
  readonly connections: number | null;
  /** Per server; null when there is none. */
  readonly connectionLimit: number | null;
  /** Schemas with their owners, without those of PostgreSQL; null where they could not be read. */
  readonly schemas: readonly { readonly name: string; readonly owner: string }[] | null;
}

export interface UserRow {
  readonly name: string;
  readonly declared: Declared;
  readonly mayLogIn: boolean | null;
  readonly connections: number | null;
  readonly connectionLimit: number | null;
  readonly owns: readonly string[];
  /** Declared access by database: `owner`, `write` or `read`. */
  readonly access: Readonly<Record<string, "owner" | "write" | "read">>;
  /** Begin of its latest connection that is still open. */
  readonly connectedSince: string | null;
}

/** What the servers say. */
export interface SeenDatabase {
  readonly name: string;
  readonly owner: string;
  readonly bytes: number | null;
  readonly connectionLimit: number;
  readonly connections: number;
  readonly schemas: DatabaseRow["schemas"];
}

export interface SeenUser {
  readonly name: string;
  readonly mayLogIn: boolean;
  readonly connectionLimit: number;
  readonly connections: number;
  readonly owns: readonly string[];
  readonly connectedSince: string | null;
}

/** Databases in the order: the first one, declared ones, others. */
export function databaseRows(target: CheckTarget, seen: readonly SeenDatabase[]): readonly DatabaseRow[] {
  const declared = [target.database, ...(target.declared?.databases ?? []).map(({ name }) => name)];
  const others = seen.map(({ name }) => name).filter((name) => !declared.includes(name));
  return [...declared, ...others].map((name) => {
    const found = seen.find((one) => one.name === name);
    return {
      name,
      declared: standing(name, target.database, declared, found !== undefined),
      owner: found?.owner ?? null,
      bytes: found?.bytes ?? null,
      connections: found?.connections ?? null,
      connectionLimit: limitOf(found?.connectionLimit),
      schemas: found?.schemas ?? null,
    };
  });
}

/** Users in the order: the first owner, declared ones, others. Roles of pgstack itself are not among them. */
export function userRows(target: CheckTarget, seen: readonly SeenUser[]): readonly UserRow[] {
  const declared = [target.appUser, ...(target.declared?.users ?? []).map(({ name }) => name)];
  const others = seen.map(({ name }) => name).filter((name) => !declared.includes(name));
  return [...declared, ...others].map((name) => {
    const found = seen.find((one) => one.name === name);
    return {
      name,
      declared: standing(name, target.appUser, declared, found !== undefined),
      mayLogIn: found?.mayLogIn ?? null,
      connections: found?.connections ?? null,
      connectionLimit: limitOf(found?.connectionLimit),
      owns: found?.owns ?? [],
      access: accessOf(target, name),
      connectedSince: found?.connectedSince ?? null,
    };
  });
}

function standing(name: string, first: string, declared: readonly string[], isThere: boolean): Declared {
  if (!declared.includes(name)) return "undeclared";
  if (!isThere) return "missing";
  return name === first ? "first" : "declared";
}

function limitOf(limit: number | undefined): number | null {
  return limit === undefined || limit < 0 ? null : limit;
}

function accessOf({ database, appUser, declared }: CheckTarget, user: string): UserRow["access"] {
  const owned = [
    ...(appUser === user ? [database] : []),
    ...(declared?.databases ?? []).filter(({ owner }) => owner === user).map(({ name }) => name),
  ];
  const access = declared?.users.find(({ name }) => name === user)?.access ?? [];
  return Object.fromEntries([
    ...owned.map((name) => [name, "owner"] as const),
    ...access.map(({ database: of, level }) => [of, level] as const),
  ]);
}
