import { sqlIdent, sqlLiteral } from "../formats/escape.ts";
import { databasesDriftSql, declaredSql, extensionSql, localCommit } from "./declared.ts";
import type { DeclaredSpec } from "./declared.ts";
import { monitoringSql } from "./monitoring.ts";

export type { DeclaredSpec } from "./declared.ts";

/** What the leader must hold: roles, the application's database, extensions, grants, and what else is declared. */
export interface RolesSpec extends DeclaredSpec {
  readonly database: string;
  /** The application's role; owns the database. */
  readonly owner: string;
  readonly extensions: readonly string[];
  /** Connection limit of `monitoring`. */
  readonly monitoringConnections: number;
  /** SCRAM-SHA-256 verifier of each role that logs in, by name. */
  readonly verifiers: Readonly<Record<string, string>>;
}

interface RoleAttributes {
  readonly name: string;
  readonly replication: boolean;
  readonly connectionLimit: number;
  /** Settings of the role's sessions. */
  readonly settings: Readonly<Record<string, string>>;
}

function rolesOf(spec: RolesSpecInPublic): readonly RoleAttributes[] {
  return [
    { name: spec.owner, replication: false, connectionLimit: -1, settings: {} },
    { name: "replicator", replication: true, connectionLimit: -1, settings: {} },
    {
      name: "monitoring",
      replication: false,
      connectionLimit: spec.monitoringConnections,
      settings: { default_transaction_read_only: "on" },
    },
    ...(spec.users ?? []).map(({ name, connectionLimit }) => ({ name, replication: false, connectionLimit, settings: {} })),
  ];
}

/**
 * SQL for psql that brings a leader to the spec, whatever it holds now. It creates and alters; it drops nothing and takes no
 * data away. Verifiers are in it, so it must reach psql through standard input.
 */
export function rolesSql(spec: RolesSpec): string {
  return [
    localCommit,
    ...rolesOf(spec).map((role) => roleSql(role, spec.verifiers[role.name] ?? "")),
    "grant pg_monitor to monitoring;",
    databaseSql(spec),
    `\\connect ${sqlIdent(spec.database)}`,
    localCommit,
    ...spec.extensions.map(extensionSql),
    heartbeatSql(spec.owner),
    "\\connect postgres",
    localCommit,
    "create extension if not exists pg_stat_statements;",
    ...monitoringSql,
    ...declaredSql(spec),
  ].join("\n");
}

function roleSql({ name, replication, connectionLimit, settings }: RoleAttributes, verifier: string): string {
  const role = sqlIdent(name);
  return [
    `select 'create role ${role.replaceAll("'", "''")}' where not exists (select from pg_roles where rolname = ${sqlLiteral(name)}) \\gexec`,
    `alter role ${role} with login nosuperuser nocreatedb nocreaterole nobypassrls inherit ${replication ? "" : "no"}replication`,
    `  connection limit ${connectionLimit} valid until 'infinity' password ${sqlLiteral(verifier)};`,
    ...Object.entries(settings).map(([setting, value]) => `alter role ${role} set ${sqlIdent(setting)} = ${sqlLiteral(value)};`),
  ].join("\n");
}

function databaseSql({ database, owner }: RolesSpec): string {
  const name = sqlIdent(database);
  return [
    `select 'create database ${name.replaceAll("'", "''")} owner ${sqlIdent(owner).replaceAll("'", "''")}'`,
    `  where not exists (select from pg_database where datname = ${sqlLiteral(database)}) \\gexec`,
    `alter database ${name} owner to ${sqlIdent(owner)};`,
    // PUBLIC may connect to every new database; here only those who have business in one.
    `revoke connect, temporary on database ${name}, postgres, template1 from public;`,
    `grant connect on database ${name}, postgres to monitoring;`,
  ].join("\n");
}

/** The check's own table, written through the pooler and read on every replica. */
function heartbeatSql(owner: string): string {
  return [
    "create schema if not exists pgstack;",
    "create table if not exists pgstack.heartbeat (node text primary key, token uuid not null, written_at timestamptz not null);",
    `grant usage on schema pgstack to ${sqlIdent(owner)};`,
    `grant select, insert, update, delete on pgstack.heartbeat to ${sqlIdent(owner)};`,
  ].join("\n");
}

/** A spec as others than the superuser compare it: they see no password. */
export type RolesSpecInPublic = Omit<RolesSpec, "verifiers"> & { readonly verifiers?: RolesSpec["verifiers"] | undefined };

/**
 * SQL that lists what differs from the spec, one line each, without any verifier; nothing when all is as declared. Passwords
 * are compared if the spec has verifiers, which takes the superuser.
 */
export function rolesDriftSql(spec: RolesSpecInPublic): string {
  const { verifiers } = spec;
  const database = sqlLiteral(spec.database);
  const perRole = rolesOf(spec).map(({ name, replication, connectionLimit }) => {
    const is = sqlLiteral(name);
    const password =
      verifiers === undefined
        ? ""
        : `
      when r.rolpassword is distinct from ${sqlLiteral(verifiers[name] ?? "")} then 'role ' || ${is} || ' has another password'`;
    return `
    select case
      when r.rolname is null then 'role ' || ${is} || ' is missing'
      when r.rolsuper or r.rolcreatedb or r.rolcreaterole or r.rolbypassrls then 'role ' || ${is} || ' has more rights than declared'
      when not r.rolcanlogin then 'role ' || ${is} || ' may not log in'
      when r.rolreplication <> ${replication} then 'role ' || ${is} || ' differs in replication'
      when r.rolconnlimit <> ${connectionLimit} then 'role ' || ${is} || ' has connection limit ' || r.rolconnlimit
      when r.rolvaliduntil is not null and r.rolvaliduntil <> 'infinity' then 'role ' || ${is} || ' expires'${password}
    end from (select 1) as one left join ${verifiers === undefined ? "pg_roles" : "pg_authid"} r on r.rolname = ${is}`;
  });
  return `
  select * from (
    ${perRole.join("\n    union all")}
    union all
    select 'monitoring is not in pg_monitor' where not exists (
      select from pg_auth_members where roleid = 'pg_monitor'::regrole and member = to_regrole('monitoring'))
    union all
    select 'database ' || ${database} || ' is missing' where not exists (select from pg_database where datname = ${database})
    union all
    select 'database ' || ${database} || ' belongs to ' || pg_get_userbyid(datdba) from pg_database
      where datname = ${database} and pg_get_userbyid(datdba) <> ${sqlLiteral(spec.owner)}
  ) as found (line) where line is not null;
  ${(spec.databases ?? []).length === 0 ? "" : databasesDriftSql(spec)}`;
}

/** SQL for the application's database: lists declared extensions that it does not have. */
export function extensionDriftSql(spec: RolesSpec): string {
  const list = spec.extensions.map((name) => sqlLiteral(name)).join(", ");
  return `select 'extension ' || name || ' is missing' from unnest(array[${list}]::text[]) as name
    where not exists (select from pg_extension where extname = name)
  union all select 'table pgstack.heartbeat is missing' where to_regclass('pgstack.heartbeat') is null;`;
}
