import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { contentDriftSql, databasesDriftSql, declaredDatabases, declaredSql } from "../../../src/postgres/declared.ts";
import type { DeclaredWithFirst } from "../../../src/postgres/declared.ts";
import {
  disownSql,
  dropDatabaseSql,
  dropRoleSql,
  endSessionsSql,
  involvedSql,
  ownedSql,
  presentSql,
} from "../../../src/postgres/leftovers.ts";
import { rolesDriftSql, rolesSql } from "../../../src/postgres/roles.ts";

function aSpec(over: Partial<DeclaredWithFirst> = {}): DeclaredWithFirst {
  return {
    database: "app",
    owner: "app",
    databases: [{ name: "shop", owner: "shop", extensions: ["pg_trgm"], schemas: ["sales"], connectionLimit: 40 }],
    users: [
      { name: "shop", connectionLimit: -1, access: [] },
      { name: "reporter", connectionLimit: 3, access: [{ database: "shop", level: "read" }] },
      { name: "clerk", connectionLimit: -1, access: [{ database: "shop", level: "write" }] },
    ],
    ...over,
  };
}

const lines = (spec: DeclaredWithFirst): string => declaredSql(spec).join("\n");

describe("declaredSql", () => {
  it("is nothing when nothing is declared, so that such a stack is what it always was", () => {
    expect(declaredSql({ database: "app", owner: "app" })).toEqual([]);
    const spec = { database: "app", owner: "app", extensions: [], monitoringConnections: 10, verifiers: {} };
    expect(rolesSql({ ...spec, databases: [], users: [] })).toBe(rolesSql(spec));
    expect(declaredDatabases({ database: "app", owner: "app" })).toEqual([]);
  });

  it("makes a database once and alters it every time", () => {
    const sql = lines(aSpec());
    expect(sql).toContain(
      `select 'create database "shop" owner "shop"' where not exists (select from pg_database where datname = 'shop') \\gexec`,
    );
    expect(sql).toContain('alter database "shop" connection limit 40;');
    expect(sql).toContain('revoke connect, temporary on database "shop" from public;');
    expect(sql).toContain('create extension if not exists "pg_trgm" cascade;');
    expect(sql).toContain('alter schema "sales" owner to "shop";');
  });

  it("drops and truncates nothing", () => {
    expect(lines(aSpec())).not.toMatch(/\b(drop|truncate|delete from)\b/i);
  });

  it("gives a reader nothing that changes rows, and a writer nothing that changes tables", () => {
    const grantsOf = (user: string): string[] =>
      [...lines(aSpec()).matchAll(new RegExp(`grant ([a-z, ]+) on [^;]*? to "${user}"`, "g"))].map(([, list = ""]) => list);
    expect(new Set(grantsOf("reporter"))).toEqual(new Set(["connect", "usage", "select"]));
    expect(new Set(grantsOf("clerk"))).toEqual(
      new Set(["connect, temporary", "usage", "select, insert, update, delete", "usage, select, update"]),
    );
    expect(grantsOf("shop")).toEqual([]);
  });

  it("takes every right from a user in a database where it has no business", () => {
    const [app = ""] = lines(aSpec()).split('\\connect "app"').slice(1);
    expect(app).toContain('revoke all on database "app" from "reporter";');
    expect(app.split("\\connect")[0]).not.toMatch(/grant .* to "reporter"/);
  });

  it("commits without waiting for a replica in every session, and rights all at once", () => {
    const all = lines(aSpec()).split("\n");
    const after = all.flatMap((line, index) => (line.startsWith("\\connect") && index < all.length - 1 ? [all[index + 1]] : []));
    expect(new Set(after)).toEqual(new Set(["set synchronous_commit = local;"]));
    expect(all.filter((line) => line === "begin;").length).toBe(all.filter((line) => line === "commit;").length);
  });

  it("gives the earlier owner's other databases back, and leaves the superuser's things alone", () => {
    const [hand = ""] = declaredSql(aSpec()).filter((line) => line.startsWith("do "));
    expect(hand).toContain("datdba <> 10");
    expect(hand).toContain("alter database %I owner to %I");
  });
});

/** What PostgreSQL reads of a text: literals and names taken out, as its own scanner does. */
function withoutQuoted(sql: string): string {
  return sql.replaceAll(/E'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|"(?:[^"]|"")*"/gs, "?");
}

describe("names that no schema would let through", () => {
  const mean = fc.constantFrom(`x'; drop database app; --`, `x"; drop role app; --`, `a\\'; select 1; --`, "$pgstack$; drop", "%I%s", `'"`);

  it("stay names in every statement", () => {
    fc.assert(
      fc.property(mean, mean, mean, (name, owner, user) => {
        const spec = aSpec({
          databases: [{ name, owner, extensions: [user], schemas: [name], connectionLimit: -1 }],
          users: [{ name: user, connectionLimit: -1, access: [{ database: name, level: "read" }] }],
        });
        const full = { ...spec, extensions: [], monitoringConnections: 10, verifiers: { [user]: `v'"` } };
        const statements = [
          rolesSql(full),
          rolesDriftSql(full),
          databasesDriftSql(spec),
          contentDriftSql(spec, name) ?? "",
          presentSql({ databases: [name], users: [user] }),
          ownedSql(user),
          involvedSql(user),
          endSessionsSql({ user, database: name, all: false }),
          disownSql(user, owner),
          dropDatabaseSql(name),
          dropRoleSql(user),
        ];
        for (const sql of statements) {
          const bare = withoutQuoted(sql);
          expect(bare).not.toMatch(/'|"/);
          expect(bare).not.toContain("drop database app");
          expect(bare).not.toContain("--");
        }
      }),
    );
  });
});

describe("drift of declared things", () => {
  it("compares no password without verifiers, and asks what everybody may read", () => {
    const spec = { ...aSpec(), extensions: [], monitoringConnections: 10 };
    expect(rolesDriftSql(spec)).not.toMatch(/rolpassword|pg_authid/);
    expect(rolesDriftSql({ ...spec, verifiers: {} })).toContain("pg_authid");
  });

  it("is asked in the first database only for users", () => {
    expect(contentDriftSql(aSpec({ users: [] }), "app")).toBeUndefined();
    expect(contentDriftSql(aSpec(), "app")).toContain("which is not declared");
  });
});
