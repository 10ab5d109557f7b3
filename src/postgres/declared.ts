// As a namespace: of the other form the bundler of programs for containers leaves nothing out.
import * as z from "zod";

import { sqlIdent, sqlLiteral } from "../formats/escape.ts";

/** Databases and users in addition to the first ones, as the leader must have them. */
export interface DeclaredSpec {
  readonly databases?: readonly DatabaseSpec[] | undefined;
  readonly users?: readonly UserSpec[] | undefined;
}

export const databaseSpec = z.object({
  name: z.string(),
  owner: z.string(),
  extensions: z.array(z.string()).readonly(),
  /** Schemas in addition to `public`; owned by the owner. */
  schemas: z.array(z.string()).readonly(),
  /** -1 when there is no limit. */
  connectionLimit: z.number(),
});

export type DatabaseSpec = Readonly<z.output<typeof databaseSpec>>;

export const userSpec = z.object({
  name: z.string(),
  /** -1 when there is no limit. */
  connectionLimit: z.number(),
  access: z.array(z.object({ database: z.string(), level: z.enum(["read", "write"]) })).readonly(),
});

export type UserSpec = Readonly<z.output<typeof userSpec>>;

/** A spec with the first database and its owner. */
export type DeclaredWithFirst = DeclaredSpec & { readonly database: string; readonly owner: string };

/** Roles come before the first replica: with synchronous replication their commits would wait forever. */
export const localCommit = "set synchronous_commit = local;";

/** SQL for psql that makes and alters declared databases and gives users their rights. Roles are there already. */
export function declaredSql(spec: DeclaredWithFirst): readonly string[] {
  const { databases = [], users = [] } = spec;
  if (databases.length === 0 && users.length === 0) return [];
  return [
    ...databases.flatMap(databaseSql),
    ...everyDatabase(spec).flatMap(({ name, owner }) => rightsSql(name, owner, users)),
    "\\connect postgres",
  ];
}

function everyDatabase({
  database,
  owner,
  databases = [],
}: DeclaredWithFirst): readonly { readonly name: string; readonly owner: string }[] {
  return [{ name: database, owner }, ...databases.map(({ name, owner: of }) => ({ name, owner: of }))];
}

function databaseSql({ name, owner, extensions, schemas, connectionLimit }: DatabaseSpec): readonly string[] {
  const database = sqlIdent(name);
  return [
    "\\connect postgres",
    localCommit,
    unlessExists(`create database ${database} owner ${sqlIdent(owner)}`, `pg_database where datname = ${sqlLiteral(name)}`),
    `alter database ${database} connection limit ${connectionLimit};`,
    // PUBLIC may connect to every new database; here only those who have business in one.
    `revoke connect, temporary on database ${database} from public;`,
    `grant connect on database ${database} to monitoring;`,
    `\\connect ${database}`,
    localCommit,
    handOverSql(owner),
    `alter database ${database} owner to ${sqlIdent(owner)};`,
    ...extensions.map(extensionSql),
    ...schemas.flatMap((schema) => [
      unlessExists(
        `create schema ${sqlIdent(schema)} authorization ${sqlIdent(owner)}`,
        `pg_namespace where nspname = ${sqlLiteral(schema)}`,
      ),
      `alter schema ${sqlIdent(schema)} owner to ${sqlIdent(owner)};`,
    ]),
  ];
}

/** With what it needs: users need not know that, and declaring it too, before or after, makes no difference. Nothing is dropped later. */
export function extensionSql(name: string): string {
  return `create extension if not exists ${sqlIdent(name)} cascade;`;
}

function unlessExists(statement: string, where: string): string {
  return `select ${sqlLiteral(statement)} where not exists (select from ${where}) \\gexec`;
}

/**
 * What the database's earlier owner has in it goes to the new one. REASSIGN OWNED takes that role's other databases along, so
 * they are given back in the same statement. What the superuser made stays his: extensions are among it.
 */
function handOverSql(owner: string): string {
  return `do ${sqlLiteral(
    [
      "declare before name; others name[]; other name;",
      "begin",
      "select pg_get_userbyid(datdba) into before from pg_database where datname = current_database() and datdba <> 10;",
      `if before is null or before = ${sqlLiteral(owner)} then return; end if;`,
      "select array_agg(datname) into others from pg_database where pg_get_userbyid(datdba) = before and datname <> current_database();",
      `execute format('reassign owned by %I to %I', before, ${sqlLiteral(owner)});`,
      "foreach other in array coalesce(others, '{}') loop execute format('alter database %I owner to %I', other, before); end loop;",
      "end",
    ].join(" "),
  )};`;
}

/** What each level may do; `none` is what a declared user has where it has no business. */
const rights = {
  none: { database: "", schemas: "", tables: "", sequences: "" },
  read: { database: "connect", schemas: "usage", tables: "select", sequences: "select" },
  write: { database: "connect, temporary", schemas: "usage", tables: "select, insert, update, delete", sequences: "usage, select, update" },
} as const;

type Level = keyof typeof rights;

function levelOf({ access }: UserSpec, database: string): Level {
  return access.find((one) => one.database === database)?.level ?? "none";
}

/** Privileges of every user in one database; its owner needs none. All or nothing, so that no user loses a privilege for a moment. */
function rightsSql(database: string, owner: string, users: readonly UserSpec[]): readonly string[] {
  const others = users.filter(({ name }) => name !== owner);
  if (others.length === 0) return [];
  return [
    `\\connect ${sqlIdent(database)}`,
    localCommit,
    "begin;",
    ...others.flatMap((user) => userRightsSql(database, owner, user.name, levelOf(user, database))),
    "commit;",
  ];
}

function userRightsSql(database: string, owner: string, user: string, level: Level): readonly string[] {
  const role = sqlIdent(user);
  const right = rights[level];
  const both = (what: string, list: string): readonly string[] => [
    `revoke all on ${what} from ${role};`,
    ...(list === "" ? [] : [`grant ${list} on ${what} to ${role};`]),
  ];
  /** For each schema; `%1$I` stands for its name. */
  const inSchemas = [
    ...both("schema %1$I", right.schemas),
    ...both("all tables in schema %1$I", right.tables),
    ...both("all sequences in schema %1$I", right.sequences),
  ];
  const byDefault = (["schemas", "tables", "sequences"] as const).flatMap((what) =>
    both(what, right[what]).map((statement) => `alter default privileges for role ${sqlIdent(owner)} ${statement}`),
  );
  return [
    ...both(`database ${sqlIdent(database)}`, right.database),
    // No name has a percent sign, but a format string must not depend on that.
    `select format(statement, nspname) from (${schemasOf(owner)}) as namespace, unnest(array[${inSchemas
      .map((statement) => sqlLiteral(statement.replaceAll(role, role.replaceAll("%", "%%"))))
      .join(", ")}]) with ordinality as list (statement, number) order by nspname, number \\gexec`,
    ...byDefault,
    level === "read"
      ? `alter role ${role} in database ${sqlIdent(database)} set default_transaction_read_only = on;`
      : `alter role ${role} in database ${sqlIdent(database)} reset default_transaction_read_only;`,
  ];
}

/** Schemas with the owner's tables; those of PostgreSQL and of pgstack are not among them. */
function schemasOf(owner: string): string {
  return `select oid, nspname from pg_namespace where nspname = 'public' or nspowner = to_regrole(${sqlLiteral(sqlIdent(owner))})`;
}

/** SQL for any database: names declared databases that are missing or different, one line each. */
export function databasesDriftSql({ databases = [] }: DeclaredSpec): string {
  return union(
    databases.map(({ name, owner, connectionLimit }) => {
      const is = `'database ' || ${sqlLiteral(name)}`;
      return `select case
        when d.oid is null then ${is} || ' is missing'
        when pg_get_userbyid(d.datdba) <> ${sqlLiteral(owner)} then ${is} || ' belongs to ' || pg_get_userbyid(d.datdba)
        when d.datconnlimit <> ${connectionLimit} then ${is} || ' has connection limit ' || d.datconnlimit
        when not d.datallowconn then ${is} || ' accepts no connections'
        when has_database_privilege('public', d.oid, 'connect') then ${is} || ' is open to every role'
        when not has_database_privilege('monitoring', d.oid, 'connect') then ${is} || ' is closed to monitoring'
      end as line from (select 1) as one left join pg_database d on d.datname = ${sqlLiteral(name)}`;
    }),
  );
}

/** SQL for a declared database, or the first one: names what differs in it, one line each; undefined when nothing is declared for it. */
export function contentDriftSql(spec: DeclaredWithFirst, database: string): string | undefined {
  const { databases = [], users = [] } = spec;
  const owner = everyDatabase(spec).find(({ name }) => name === database)?.owner ?? spec.owner;
  const declared = databases.find(({ name }) => name === database);
  const parts = [
    ...(declared === undefined ? [] : objectDrift(declared)),
    ...users.filter(({ name }) => name !== owner).flatMap((user) => rightsDrift(database, owner, user.name, levelOf(user, database))),
  ];
  return parts.length === 0 ? undefined : union(parts);
}

/** Every database that something is declared for. */
export function declaredDatabases(spec: DeclaredWithFirst): readonly string[] {
  const { databases = [], users = [] } = spec;
  return databases.length === 0 && users.length === 0 ? [] : everyDatabase(spec).map(({ name }) => name);
}

function union(parts: readonly string[]): string {
  const all = parts.length === 0 ? ["select null::text as line"] : parts;
  return `select * from (${all.join("\n union all ")}) as found (line) where line is not null;`;
}

function objectDrift({ name, owner, extensions, schemas }: DatabaseSpec): readonly string[] {
  return [
    ...extensions.map(
      (extension) =>
        `select 'extension ' || ${sqlLiteral(extension)} || ' is missing in ' || ${sqlLiteral(name)}
          where not exists (select from pg_extension where extname = ${sqlLiteral(extension)})`,
    ),
    ...schemas.map(
      (schema) =>
        `select case
          when s.oid is null then 'schema ' || ${sqlLiteral(schema)} || ' is missing in ' || ${sqlLiteral(name)}
          when pg_get_userbyid(s.nspowner) <> ${sqlLiteral(owner)}
            then 'schema ' || ${sqlLiteral(schema)} || ' of ' || ${sqlLiteral(name)} || ' belongs to ' || pg_get_userbyid(s.nspowner)
        end from (select 1) as one left join pg_namespace s on s.nspname = ${sqlLiteral(schema)}`,
    ),
  ];
}

/** Privileges that a user does not have in any way, and those beyond its level. Missing roles are reported elsewhere. */
function rightsDrift(database: string, owner: string, user: string, level: Level): readonly string[] {
  const who = `'user ' || ${sqlLiteral(user)}`;
  const where = sqlLiteral(database);
  const role = `from pg_roles r where r.rolname = ${sqlLiteral(user)} and`;
  if (level === "none") {
    return [
      `select ${who} || ' may enter ' || ${where} || ', which is not declared' ${role} exists (
        select from pg_database d, aclexplode(d.datacl) as a where d.datname = ${where} and a.grantee = r.oid and a.privilege_type = 'CONNECT')`,
    ];
  }
  const tableRights = level === "read" ? ["select"] : ["select", "insert", "update", "delete"];
  const lacksTable = tableRights.map((right) => `not has_table_privilege(r.oid, c.oid, '${right}')`).join(" or ");
  const sequenceRight = level === "read" ? "select" : "usage";
  const relations = (kinds: string): string => `pg_class c join (${schemasOf(owner)}) as s on s.oid = c.relnamespace
    where c.relkind in (${kinds}) and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')`;
  const count = (things: string, problem: string): string =>
    `select ${who} || ${sqlLiteral(problem)} || ' (' || count(*) || ') of ' || ${where} from pg_roles r, ${things} and r.rolname = ${sqlLiteral(user)} having count(*) > 0`;
  const tables = relations("'r', 'p', 'v', 'm', 'f'");
  const lacksByDefault = `not exists (select from pg_default_acl p, aclexplode(p.defaclacl) as a
    where p.defaclrole = to_regrole(${sqlLiteral(sqlIdent(owner))}) and p.defaclnamespace = 0 and p.defaclobjtype = 'r' and a.grantee = r.oid and a.privilege_type = 'SELECT')`;
  return [
    `select ${who} || ' may not enter ' || ${where} ${role} not has_database_privilege(r.oid, ${where}, 'connect')`,
    count(`(${schemasOf(owner)}) as s where not has_schema_privilege(r.oid, s.oid, 'usage')`, " may not use schemas"),
    count(`${tables} and (${lacksTable})`, ` may not ${level} tables`),
    count(`${relations("'S'")} and not has_sequence_privilege(r.oid, c.oid, '${sequenceRight}')`, ` may not ${level} sequences`),
    ...(level === "read"
      ? [
          count(
            `${tables} and exists (select from aclexplode(c.relacl) as a where a.grantee = r.oid and a.privilege_type <> 'SELECT')`,
            " may change tables",
          ),
        ]
      : []),
    `select ${who} || ' would not see new tables of ' || ${where} ${role} ${lacksByDefault}`,
  ];
}
