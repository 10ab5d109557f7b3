import { monitoringAt } from "../target/logins.ts";
import type { CheckNode, CheckSecrets, CheckTarget } from "../target/target.ts";
import { UserError } from "../errors.ts";
import { withSession } from "../postgres/session.ts";
import type { SeenDatabase, SeenUser } from "./inventory.ts";

/** A cluster, and the node of it that leads now. */
export interface Source {
  readonly target: CheckTarget;
  readonly secrets: CheckSecrets;
  readonly leader: CheckNode;
}

/** Databases of PostgreSQL itself, and the roles that every cluster has in addition to the first owner. */
const ownDatabases = ["postgres", "template0", "template1"];
const ownRoles = ["postgres", "replicator", "monitoring"];

interface ActivityRow {
  readonly database: string | null;
  readonly user: string | null;
  readonly connections: number;
  readonly since: string | null;
}

const activitySql = `select datname as database, usename as user, count(*)::int as connections,
  to_char(max(backend_start) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
  from pg_stat_activity where backend_type = 'client backend' group by 1, 2`;

/**
 * The databases on the leader, asked as `monitoring`.
 *
 * @throws UserError when the leader does not answer
 */
export async function readDatabases(source: Source): Promise<readonly SeenDatabase[]> {
  const [rows, activity] = await Promise.all([
    at(source, "postgres", async (query) =>
      query<Omit<SeenDatabase, "connections" | "schemas"> & { readonly open: boolean }>(
        `select datname as name, pg_get_userbyid(datdba) as owner, pg_database_size(oid)::float8 as bytes, datconnlimit as "connectionLimit",
           datallowconn and has_database_privilege(oid, 'connect') as open
         from pg_database where datname <> all ($1) order by 1`,
        [ownDatabases],
      ),
    ),
    activityOf(source),
  ]);
  const databases: SeenDatabase[] = [];
  for (const { open, ...row } of rows) {
    const connections = sum(activity.filter(({ database }) => database === row.name));
    databases.push({ ...row, connections, schemas: open ? await schemasOf(source, row.name) : null });
  }
  return databases;
}

async function schemasOf(source: Source, database: string): Promise<SeenDatabase["schemas"]> {
  try {
    return await at(source, database, async (query) =>
      query<{ name: string; owner: string }>(
        `select nspname as name, pg_get_userbyid(nspowner) as owner from pg_namespace
         where nspname not like 'pg\\_%' and nspname not in ('information_schema', 'pgstack') order by 1`,
        [],
      ),
    );
  } catch {
    return null;
  }
}

/**
 * The roles on the leader that may have a password or own something: neither PostgreSQL's nor pgstack's own.
 *
 * @throws UserError when the leader does not answer
 */
export async function readUsers(source: Source): Promise<readonly SeenUser[]> {
  const [rows, activity] = await Promise.all([
    at(source, "postgres", async (query) =>
      query<Omit<SeenUser, "connections" | "connectedSince">>(
        `select rolname as name, rolcanlogin as "mayLogIn", rolconnlimit as "connectionLimit",
           array(select datname::text from pg_database where datdba = r.oid order by 1) as owns
         from pg_roles r where rolname not like 'pg\\_%' and rolname <> all ($1) order by 1`,
        [ownRoles],
      ),
    ),
    activityOf(source),
  ]);
  return rows.map((row) => {
    const own = activity.filter(({ user }) => user === row.name);
    const since = own.flatMap(({ since: at }) => at ?? []).toSorted();
    return { ...row, connections: sum(own), connectedSince: since.at(-1) ?? null };
  });
}

function sum(rows: readonly ActivityRow[]): number {
  return rows.reduce((total, { connections }) => total + connections, 0);
}

/** Connections on every node that answers. */
async function activityOf({ target, secrets }: Source): Promise<readonly ActivityRow[]> {
  const perNode = await Promise.all(
    target.nodes.map(async (node) => {
      try {
        return await withSession(
          monitoringAt(target, secrets, node),
          async (client) => (await client.query<ActivityRow>(activitySql)).rows,
        );
      } catch {
        return [];
      }
    }),
  );
  return perNode.flat();
}

type Query = <Row extends object>(sql: string, values: readonly unknown[]) => Promise<readonly Row[]>;

async function at<T>({ target, secrets, leader }: Source, database: string, work: (query: Query) => Promise<T>): Promise<T> {
  try {
    return await withSession(monitoringAt(target, secrets, leader, database), async (client) =>
      work(async <Row extends object>(sql: string, values: readonly unknown[]) => (await client.query<Row>(sql, [...values])).rows),
    );
  } catch (error) {
    throw new UserError([
      {
        where: `stack ${target.stack}`,
        problem: `the leader ${leader.name} cannot be asked: ${(error as Error).message}`,
        fix: "see what is wrong with it: pgstack check",
      },
    ]);
  }
}
