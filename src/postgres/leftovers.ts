import { sqlIdent, sqlLiteral } from "../formats/escape.ts";

/** SQL about databases and users that were declared once and are no longer. It runs as the superuser, on the leader. */

/** Existing databases and roles of these names: `database|<name>|<size>`, `user|<name>|<oid>`. */
export function presentSql({ databases, users }: { readonly databases: readonly string[]; readonly users: readonly string[] }): string {
  const list = (names: readonly string[]): string => `array[${names.map((name) => sqlLiteral(name)).join(", ")}]::text[]`;
  return `select 'database', datname, pg_size_pretty(pg_database_size(oid)) from pg_database where datname = any (${list(databases)})
    union all select 'user', rolname, oid::text from pg_roles where rolname = any (${list(users)});`;
}

/** User tables in the database that this runs in: how many, and the first ones by name. Nothing when there is none. */
export const tablesSql = `
  with tables as (
    select format('%s.%s', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm', 'f') and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%' and n.nspname <> 'pgstack'
      and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e'))
  select count(*) || ' ' || case count(*) when 1 then 'table' else 'tables' end || ' (' ||
    (select string_agg(name, ', ') from (select name from tables order by name limit 3) as first) ||
    case when count(*) > 3 then ', …' else '' end || ')'
  from tables having count(*) > 0;`;

/**
 * Where a role owns something: `<database>|<owner of the database>|<number of objects>`, the database empty for databases
 * themselves, whose names replace the owner. Default privileges are no property.
 */
export function ownedSql(role: string): string {
  const is = sqlLiteral(role);
  return `select d.datname, pg_get_userbyid(d.datdba), count(*)
      from pg_shdepend s join pg_roles r on r.oid = s.refobjid join pg_database d on d.oid = s.dbid
      where r.rolname = ${is} and s.refclassid = 'pg_authid'::regclass and s.deptype = 'o' and s.classid <> 'pg_default_acl'::regclass
      group by d.datname, d.datdba
    union all select '', datname, 1 from pg_database where pg_get_userbyid(datdba) = ${is}
    order by 1, 2;`;
}

/** Databases where a role owns something or has a right. */
export function involvedSql(role: string): string {
  return `select distinct d.datname from pg_shdepend s join pg_database d on d.oid = s.dbid or (s.dbid = 0 and s.classid = 'pg_database'::regclass and d.oid = s.objid)
    where s.refclassid = 'pg_authid'::regclass and s.refobjid = to_regrole(${sqlLiteral(sqlIdent(role))}) and d.datallowconn order by 1;`;
}

/** Keeps everyone but the superuser out, and ends who is in. */
export function closeDatabaseSql(database: string): string {
  return `alter database ${sqlIdent(database)} connection limit 0;
    select pg_terminate_backend(pid) from pg_stat_activity where datname = ${sqlLiteral(database)} and pid <> pg_backend_pid() \\g /dev/null`;
}

export function reopenDatabaseSql(database: string): string {
  return `alter database ${sqlIdent(database)} connection limit -1;`;
}

export function dropDatabaseSql(database: string): string {
  return `drop database if exists ${sqlIdent(database)} with (force);`;
}

/**
 * Ends a user's sessions in a database: the pooler keeps some open for the next client, with the settings and rights of their
 * beginning.
 *
 * @param all - those at work too
 */
export function endSessionsSql({
  user,
  database,
  all,
}: {
  readonly user: string;
  readonly database: string;
  readonly all: boolean;
}): string {
  return `select pg_terminate_backend(pid) from pg_stat_activity where usename = ${sqlLiteral(user)} and datname = ${sqlLiteral(database)}${
    all ? "" : " and state = 'idle'"
  } \\g /dev/null`;
}

/** A role that may not log in makes nothing new while it is taken apart. */
export function closeRoleSql(role: string): string {
  return `alter role ${sqlIdent(role)} nologin;
    select pg_terminate_backend(pid) from pg_stat_activity where usename = ${sqlLiteral(role)} \\g /dev/null`;
}

export function reopenRoleSql(role: string): string {
  return `alter role ${sqlIdent(role)} login;`;
}

/**
 * Takes a role's rights in the database that this runs in; its objects go to the given role, or, without one, with it. What
 * others have built on them stops the statement.
 */
export function disownSql(role: string, heir: string | undefined): string {
  return [
    "begin;",
    ...(heir === undefined ? [] : [`reassign owned by ${sqlIdent(role)} to ${sqlIdent(heir)};`]),
    `drop owned by ${sqlIdent(role)};`,
    "commit;",
  ].join("\n");
}

export function dropRoleSql(role: string): string {
  return `drop role if exists ${sqlIdent(role)};`;
}
