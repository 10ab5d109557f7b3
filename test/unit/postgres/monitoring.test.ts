import { describe, expect, it } from "vitest";

import { monitoringDriftSql, monitoringRevision, monitoringSql } from "../../../src/postgres/monitoring.ts";

describe("what monitoring reads", () => {
  const sql = monitoringSql.join("\n");

  it("is made again without harm, and nothing is taken away", () => {
    for (const statement of sql.match(/^(create|insert).*$/gm) ?? [])
      expect(statement).toMatch(/^create (schema|table) if not exists |^create or replace function |on conflict do nothing;$/);
    expect(sql).not.toMatch(/\b(drop|truncate|delete from|reassign)\b/i);
  });

  it("is one row of which there is never a second", () => {
    expect(sql).toContain("single boolean primary key default true check (single)");
  });

  it("lets monitoring alone read the disk's file, by a function that no other schema can deceive", () => {
    expect(sql).toContain("security definer set search_path = pg_catalog, pg_temp");
    const revoked = sql.indexOf("revoke all on function pgstack.disk() from public;");
    expect(revoked).toBeGreaterThan(sql.indexOf("create or replace function pgstack.disk"));
    expect(sql.indexOf("grant execute on function pgstack.disk() to monitoring;")).toBeGreaterThan(revoked);
    expect(sql).not.toMatch(/grant [^;]*(all|update|insert|public)/i);
  });

  it("has a version that follows from its text", () => {
    expect(monitoringRevision).toMatch(/^[0-9a-f]{12}$/);
  });

  it("is missed where it is not there", () => {
    expect(monitoringDriftSql).toContain("'table pgstack.beat is missing' where to_regclass('pgstack.beat') is null");
    expect(monitoringDriftSql).toContain("'function pgstack.disk() is missing' where to_regprocedure('pgstack.disk()') is null");
  });
});
