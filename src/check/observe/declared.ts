import type { Client, QueryResult } from "pg";

import { monitoringConnections } from "../../plan/connections.ts";
import { contentDriftSql, declaredDatabases } from "../../postgres/declared.ts";
import { rolesDriftSql } from "../../postgres/roles.ts";
import type { RolesSpecInPublic } from "../../postgres/roles.ts";
import { failed, seen } from "../observation.ts";
import type { Observed } from "../observation.ts";
import type { CheckDeclared, CheckNode, CheckTarget } from "../../target/target.ts";
import { monitoringAt } from "../../target/logins.ts";
import { withConnection } from "./connection.ts";
import type { ObserveContext } from "./context.ts";

/**
 * What differs of declared databases and users at the leader, asked as `monitoring`: everything but passwords, which logins
 * prove. One database after the other, because that role has few connections.
 */
export async function observeDeclared(
  context: ObserveContext,
  leader: CheckNode,
  declared: CheckDeclared,
): Promise<Observed<readonly string[]>> {
  const spec = specOf(context.target, declared);
  const common = await ask(context, { node: leader, database: "postgres" }, async (client) => ({
    lines: linesOf(await client.query(rolesDriftSql(spec))),
    present: (await client.query<{ datname: string }>("select datname from pg_database where datallowconn")).rows.map(
      ({ datname }) => datname,
    ),
  }));
  if (!common.ok) return common;
  const { lines, present } = common.value;
  const contents: string[] = [];
  for (const database of declaredDatabases(spec).filter((name) => present.includes(name))) {
    const sql = contentDriftSql(spec, database);
    if (sql === undefined) continue;
    const found = await ask(context, { node: leader, database }, async (client) => linesOf(await client.query(sql)));
    if (!found.ok) return failed(found.failure);
    contents.push(...found.value);
  }
  return seen([...lines, ...contents]);
}

function specOf({ database, appUser }: CheckTarget, { databases, users }: CheckDeclared): RolesSpecInPublic {
  return { database, owner: appUser, extensions: [], monitoringConnections, databases, users };
}

function ask<T>(
  context: ObserveContext,
  { node, database }: { readonly node: CheckNode; readonly database: string },
  use: (client: Client) => Promise<T>,
): Promise<Observed<T>> {
  return withConnection(context, monitoringAt(context.target, context.secrets, node, database), use);
}

/** Several statements give several results, which the driver's types do not express. */
function linesOf(result: QueryResult): readonly string[] {
  const results = [result].flat() as readonly QueryResult<{ line: string }>[];
  return results.flatMap(({ rows }) => rows.map(({ line }) => line));
}
