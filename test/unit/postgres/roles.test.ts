import { describe, expect, it } from "vitest";

import type { RolesSpec } from "../../../src/postgres/roles.ts";
import { extensionDriftSql, rolesDriftSql, rolesSql } from "../../../src/postgres/roles.ts";

function aSpec(over: Partial<RolesSpec> = {}): RolesSpec {
  return {
    database: "shop",
    owner: "clerk",
    extensions: ["pg_stat_statements", "uuid-ossp"],
    monitoringConnections: 10,
    verifiers: { clerk: "SCRAM-clerk", replicator: "SCRAM-replicator", monitoring: "SCRAM-monitoring" },
    ...over,
  };
}

describe("rolesSql", () => {
  it("is this for a small stack", () => {
    expect(rolesSql(aSpec())).toMatchInlineSnapshot(`
      "set synchronous_commit = local;
      select 'create role "clerk"' where not exists (select from pg_roles where rolname = 'clerk') \\gexec
      alter role "clerk" with login nosuperuser nocreatedb nocreaterole nobypassrls inherit noreplication
        connection limit -1 valid until 'infinity' password 'SCRAM-clerk';
      select 'create role "replicator"' where not exists (select from pg_roles where rolname = 'replicator') \\gexec
      alter role "replicator" with login nosuperuser nocreatedb nocreaterole nobypassrls inherit replication
        connection limit -1 valid until 'infinity' password 'SCRAM-replicator';
      select 'create role "monitoring"' where not exists (select from pg_roles where rolname = 'monitoring') \\gexec
      alter role "monitoring" with login nosuperuser nocreatedb nocreaterole nobypassrls inherit noreplication
        connection limit 10 valid until 'infinity' password 'SCRAM-monitoring';
      alter role "monitoring" set "default_transaction_read_only" = 'on';
      grant pg_monitor to monitoring;
      select 'create database "shop" owner "clerk"'
        where not exists (select from pg_database where datname = 'shop') \\gexec
      alter database "shop" owner to "clerk";
      revoke connect, temporary on database "shop", postgres, template1 from public;
      grant connect on database "shop", postgres to monitoring;
      \\connect "shop"
      set synchronous_commit = local;
      create extension if not exists "pg_stat_statements" cascade;
      create extension if not exists "uuid-ossp" cascade;
      create schema if not exists pgstack;
      create table if not exists pgstack.heartbeat (node text primary key, token uuid not null, written_at timestamptz not null);
      grant usage on schema pgstack to "clerk";
      grant select, insert, update, delete on pgstack.heartbeat to "clerk";
      \\connect postgres
      set synchronous_commit = local;
      create extension if not exists pg_stat_statements;
      create schema if not exists pgstack;
      create table if not exists pgstack.beat (single boolean primary key default true check (single), at timestamptz not null) with (fillfactor = 10);
      insert into pgstack.beat (at) values (clock_timestamp()) on conflict do nothing;
      create or replace function pgstack.disk(out size_bytes bigint, out free_bytes bigint) returns setof record
        language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
          select part[1]::bigint, part[2]::bigint
          from regexp_match(pg_read_file('/run/postgresql/disk', 0, 100, true), '^([0-9]{1,18}) ([0-9]{1,18}) ([0-9]{1,12})') as part
          where part[3]::bigint > extract(epoch from clock_timestamp()) - 120 $$;
      revoke all on function pgstack.disk() from public;
      create or replace function pgstack.file_errors(out line text) returns setof text
        language sql volatile security definer set search_path = pg_catalog, pg_temp as $$

        select format('%s line %s: %s%s', regexp_replace(sourcefile, '.*/', ''), sourceline, error, coalesce(' (' || name || ')', '')) as line
          from pg_file_settings f where error is not null
          and not (error = 'setting could not be applied'
                   and exists (select from pg_settings s where lower(s.name) = lower(f.name) and s.context = 'postmaster' and s.pending_restart))
          and error not like 'parameter % cannot be changed without restarting the server'
        union all
        select format('pg_hba.conf line %s: %s', line_number, error) from pg_hba_file_rules where error is not null $$;
      revoke all on function pgstack.file_errors() from public;
      do $$ declare setting record; begin
        for setting in select * from (values ('default_transaction_isolation', 'read committed'), ('default_transaction_deferrable', 'off'), ('statement_timeout', '0'), ('lock_timeout', '0'), ('idle_in_transaction_session_timeout', '0'), ('idle_session_timeout', '0'), ('search_path', '"$user",public'), ('session_preload_libraries', ''), ('local_preload_libraries', ''), ('standard_conforming_strings', 'on'), ('datestyle', 'ISO,MDY'), ('intervalstyle', 'postgres'), ('transaction_timeout', '0')) as pairs (name, value)
          where current_setting(name, true) is not null loop
          perform set_config(setting.name, setting.value, true);
          execute format('alter role monitoring set %I from current', setting.name);
        end loop;
      end $$;
      grant usage on schema pgstack to monitoring;
      grant select on pgstack.beat to monitoring;
      grant execute on function pgstack.disk() to monitoring;
      grant execute on function pgstack.file_errors() to monitoring;"
    `);
  });

  it("commits without waiting for a replica in every session: there is none yet", () => {
    const lines = rolesSql(aSpec()).split("\n");
    expect(lines[0]).toBe("set synchronous_commit = local;");
    const connects = lines.flatMap((line, index) => (line.startsWith("\\connect") ? [lines[index + 1]] : []));
    expect(connects).toEqual(["set synchronous_commit = local;", "set synchronous_commit = local;"]);
  });

  it("drops nothing and takes no rows away", () => {
    expect(rolesSql(aSpec())).not.toMatch(/\b(drop|truncate|delete from|reassign)\b/i);
  });

  it("keeps a name with quotes a name, also where it is text inside text", () => {
    const sql = rolesSql(aSpec({ database: `a"b'c`, owner: `o"p'q` }));
    expect(sql).toContain(`select 'create role "o""p''q"' where not exists (select from pg_roles where rolname = 'o"p''q') \\gexec`);
    expect(sql).toContain(`select 'create database "a""b''c" owner "o""p''q"'`);
    expect(sql).toContain(`\\connect "a""b'c"`);
  });
});

describe("drift", () => {
  it("looks at each role, its rights and its verifier, the database and its owner", () => {
    const sql = rolesDriftSql(aSpec());
    for (const role of ["clerk", "replicator", "monitoring"]) {
      expect(sql).toContain(`when r.rolname is null then 'role ' || '${role}' || ' is missing'`);
      expect(sql).toContain(`r.rolpassword is distinct from 'SCRAM-${role}'`);
    }
    expect(sql).toContain("when r.rolreplication <> true then 'role ' || 'replicator'");
    expect(sql).toContain("when r.rolconnlimit <> 10 then 'role ' || 'monitoring'");
    expect(sql).toContain("where datname = 'shop' and pg_get_userbyid(datdba) <> 'clerk'");
  });

  it("never puts a verifier into what it reports", () => {
    // What is reported stands behind `then`, `select` or `||`.
    const reported = rolesDriftSql(aSpec()).match(/(?:then|select|\|\|) '[^']*'/g) ?? [];
    expect(reported.length).toBeGreaterThan(20);
    expect(reported.filter((text) => text.includes("SCRAM"))).toEqual([]);
  });

  it("names missing extensions and the check's own table", () => {
    expect(extensionDriftSql(aSpec())).toContain("unnest(array['pg_stat_statements', 'uuid-ossp']::text[])");
    expect(extensionDriftSql(aSpec())).toContain("to_regclass('pgstack.heartbeat') is null");
  });
});
