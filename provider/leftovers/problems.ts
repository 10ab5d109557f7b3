import { connectEngine, isUnreachable } from "../../src/engine/connect.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { runSql } from "../../src/engine/psql.ts";
import { ownedSql, presentSql, tablesSql } from "../../src/postgres/leftovers.ts";
import type { Topology } from "../../src/topology/topology.ts";
import { topologyOf } from "../../src/topology/topology.ts";
import type { Context } from "../kind.ts";
import { topologyNow } from "../topology.ts";
import type { Declaration } from "../../resources/declaration.ts";
import type { Gone } from "./gone.ts";

/** The leader, and how long a query may take. */
export interface Leader {
  readonly engine: Engine;
  readonly container: string;
  readonly signal: AbortSignal;
}

/** Where a role owns something. */
export interface Property {
  readonly database: string;
  readonly owner: string;
  readonly objects: number;
}

/** What the leader has of what is to be dropped. */
export interface Present {
  /** Database → its size, for messages. */
  readonly databases: ReadonlyMap<string, string>;
  readonly users: readonly string[];
}

export async function presentOf(leader: Leader, gone: Gone): Promise<Present> {
  const rows = await rowsOf(leader, presentSql(gone));
  return {
    databases: new Map(rows.filter(([kind]) => kind === "database").map(([, name = "", size = ""]) => [name, size])),
    users: rows.filter(([kind]) => kind === "user").map(([, name = ""]) => name),
  };
}

/** Reasons not to drop what was removed from stack config: data that config does not explicitly give up. */
export async function leftoverProblems(leader: Leader, gone: Gone, now: Declaration): Promise<readonly string[]> {
  if (gone.databases.length === 0 && gone.users.length === 0) return [];
  const present = await presentOf(leader, gone);
  const databases = await Promise.all(
    [...present.databases].map(async ([name, size]) => {
      if (now.remove.databases.includes(name)) return [];
      const tables = await tablesOf(leader, name);
      return tables === "" ? [] : [databaseProblem(name, size, tables)];
    }),
  );
  const users = await Promise.all(present.users.map(async (name) => userProblems(leader, name, gone, now)));
  return [...databases, ...users].flat();
}

/**
 * The same in a preview. If the leader is not reachable, nothing is known, and the deletion checks again; a leader that runs
 * but cannot answer is a reason to refuse.
 */
export async function previewedProblems(
  context: Context,
  { host, prefix }: { readonly host: string; readonly prefix: string },
  gone: Gone,
  now: Declaration,
): Promise<readonly string[]> {
  const names = [...gone.databases, ...gone.users];
  if (names.length === 0) return [];
  const engine = await connectEngine(host);
  const seen = await seenHere(engine, prefix);
  if (!seen.members.some(({ state }) => state !== "stopped" && state !== "absent" && state !== "refused")) {
    context.log(
      "warning",
      `no node of ${prefix} is running here, so it is not known what it holds of ${names.join(", ")}: the deployment asks before it drops anything`,
    );
    return [];
  }
  const refused = (why: string): readonly string[] => [
    `${names.join(", ")}: removed from stack config, but the leader cannot be asked whether it holds data: ${why}\n  fix: put it back until the leader answers`,
  ];
  if (seen.leader === undefined) return refused("no node takes writes");
  try {
    return await leftoverProblems({ engine, container: seen.leader.container, signal: context.signal }, gone, now);
  } catch (error) {
    return refused((error as Error).message);
  }
}

/** An engine that cannot be reached, in a preview on another machine, runs nothing here. */
async function seenHere(engine: Engine, prefix: string): Promise<Topology> {
  try {
    return await topologyNow({ engine, prefix });
  } catch (error) {
    if (isUnreachable(error)) return topologyOf([]);
    throw error;
  }
}

export function tablesOf({ engine, container, signal }: Leader, database: string): Promise<string> {
  return runSql(engine, container, tablesSql, database, signal);
}

export function databaseProblem(name: string, size: string, tables: string): string {
  return (
    `pgstack:databases.${name}: it is gone from stack config, but the database holds ${tables}, ${size}\n` +
    `  fix: declare it again; or, to delete it with its data, say so: pulumi config set --path remove.databases.${name} with-data`
  );
}

/** What a role owns and will still own after databases were dropped or got another owner. */
export async function propertyOf(
  leader: Leader,
  role: string,
): Promise<{ readonly objects: readonly Property[]; readonly databases: readonly string[] }> {
  const rows = await rowsOf(leader, ownedSql(role));
  return {
    objects: rows
      .filter(([database]) => database !== "")
      .map(([database = "", owner = "", objects]) => ({ database, owner, objects: Number(objects) })),
    databases: rows.filter(([database]) => database === "").map(([, name = ""]) => name),
  };
}

async function userProblems(leader: Leader, role: string, gone: Gone, now: Declaration): Promise<readonly string[]> {
  const property = await propertyOf(leader, role);
  // A declared database gets its declared owner before this user is dropped, and so do the user's objects in it.
  const settled = (database: string): boolean => gone.databases.includes(database) || Object.hasOwn(now.databases, database);
  const databases = property.databases.filter((name) => !settled(name) && name !== now.first.database);
  const handedOver = property.databases.filter(settled);
  const objects = property.objects.filter(({ database }) => !handedOver.includes(database) && !gone.databases.includes(database));
  return [
    ...(databases.length === 0 ? [] : [ownedDatabasesProblem(role, databases)]),
    ...(objects.length === 0 || Object.hasOwn(now.remove.users, role) ? [] : [objectsProblem(role, objects)]),
  ];
}

export function ownedDatabasesProblem(role: string, databases: readonly string[]): string {
  return (
    `pgstack:users.${role}: it is gone from stack config, but it owns the ${databases.length === 1 ? "database" : "databases"} ${databases.join(", ")}, which pgstack did not make\n` +
    `  fix: declare it again, or give ${databases.length === 1 ? "that database" : "those databases"} another owner: alter database … owner to …`
  );
}

export function objectsProblem(role: string, objects: readonly Property[]): string {
  const list = objects.map(({ database, objects: count }) => `${count} ${count === 1 ? "object" : "objects"} in ${database}`).join(", ");
  return (
    `pgstack:users.${role}: it is gone from stack config, but it owns ${list}\n` +
    `  fix: declare it again; or say what becomes of them: pulumi config set --path remove.users.${role} keep-objects gives them to the owner of the database, with-objects deletes them`
  );
}

export async function rowsOf({ engine, container, signal }: Leader, sql: string): Promise<readonly (readonly string[])[]> {
  const text = await runSql(engine, container, sql, "postgres", signal);
  return text === "" ? [] : text.split("\n").map((line) => line.split("|"));
}
