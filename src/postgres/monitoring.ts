import { createHash } from "node:crypto";

import { fileErrorsSql } from "./file-errors.ts";
import { liftedForRole } from "./lifted-settings.ts";

/** The role that exporters log in as. */
const role = "monitoring";

/** Older figures of the disk are not returned: the process that measures it has ended. */
const staleS = 120;

/** In a node's socket directory, by its `heartbeat.pl`: bytes, free bytes, seconds since 1970. */
const diskFile = "/run/postgresql/disk";

/** A file that does not exist yet is no error: the last argument is `missing_ok`. */
const diskText = `pg_read_file('${diskFile}', 0, 100, true)`;

/**
 * SQL for the database `postgres`: what monitoring reads in addition to PostgreSQL's own views. `pgstack.beat` is the leader's heartbeat,
 * which each node's `heartbeat.pl` updates; `pgstack.disk()` the file system of the data volume of whichever node is asked,
 * since functions are replicated and files are not. `pgstack.file_errors()` is what is wrong with that node's own files.
 */
export const monitoringSql: readonly string[] = [
  "create schema if not exists pgstack;",
  // One row, updated in place: room in its page keeps the updates off the index.
  "create table if not exists pgstack.beat (single boolean primary key default true check (single), at timestamptz not null) with (fillfactor = 10);",
  "insert into pgstack.beat (at) values (clock_timestamp()) on conflict do nothing;",
  "create or replace function pgstack.disk(out size_bytes bigint, out free_bytes bigint) returns setof record",
  "  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$",
  "    select part[1]::bigint, part[2]::bigint",
  `    from regexp_match(${diskText}, '^([0-9]{1,18}) ([0-9]{1,18}) ([0-9]{1,12})') as part`,
  `    where part[3]::bigint > extract(epoch from clock_timestamp()) - ${staleS} $$;`,
  "revoke all on function pgstack.disk() from public;",
  // The view itself is the superuser's.
  "create or replace function pgstack.file_errors(out line text) returns setof text",
  "  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$",
  `${fileErrorsSql} $$;`,
  "revoke all on function pgstack.file_errors() from public;",
  // The check and the exporters have to see a cluster whose other sessions fail. Reading alone is the role's own.
  ...liftedForRole(role, ["default_transaction_read_only"]),
  `grant usage on schema pgstack to ${role};`,
  `grant select on pgstack.beat to ${role};`,
  `grant execute on function pgstack.disk() to ${role};`,
  `grant execute on function pgstack.file_errors() to ${role};`,
];

/** Another one has to be brought to a cluster that runs. */
export const monitoringRevision = createHash("sha256").update(monitoringSql.join("\n")).digest("hex").slice(0, 12);

/** SQL for the database `postgres`: lists what monitoring is missing, one line each. For the superuser or `monitoring` itself. */
export const monitoringDriftSql = `
  select * from (
    select 'table pgstack.beat is missing' where to_regclass('pgstack.beat') is null
    union all
    select 'monitoring may not read pgstack.beat'
      where to_regclass('pgstack.beat') is not null and not coalesce(has_table_privilege('${role}', to_regclass('pgstack.beat'), 'select'), true)
    union all
    select 'function pgstack.disk() is missing' where to_regprocedure('pgstack.disk()') is null
    union all
    select 'monitoring may not call pgstack.disk()'
      where to_regprocedure('pgstack.disk()') is not null
        and not coalesce(has_function_privilege('${role}', to_regprocedure('pgstack.disk()'), 'execute'), true)
    union all
    select 'function pgstack.file_errors() is missing' where to_regprocedure('pgstack.file_errors()') is null
    union all
    select 'monitoring may not call pgstack.file_errors()'
      where to_regprocedure('pgstack.file_errors()') is not null
        and not coalesce(has_function_privilege('${role}', to_regprocedure('pgstack.file_errors()'), 'execute'), true)
  ) as found (line);`;
