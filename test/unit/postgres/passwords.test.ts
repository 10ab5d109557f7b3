import { describe, expect, it } from "vitest";

import { otherVerifiersSql, parseOtherVerifiers, setVerifiersSql } from "../../../src/postgres/passwords.ts";

describe("what a leader answers about verifiers", () => {
  it("is whether it is in recovery, and who has another one", () => {
    expect(parseOtherVerifiers("f\napp|SCRAM-SHA-256$4096:a==$b=:c=\nmonitoring|")).toEqual({
      inRecovery: false,
      verifiers: new Map([
        ["app", "SCRAM-SHA-256$4096:a==$b=:c="],
        ["monitoring", ""],
      ]),
    });
    expect(parseOtherVerifiers("t")).toEqual({ inRecovery: true, verifiers: new Map() });
  });
});

describe("SQL of verifiers", () => {
  it("compares existing roles alone", () => {
    expect(otherVerifiersSql({ app: "it's" })).toContain("join (values ('app', 'it''s'))");
  });

  it("sets all or none, and waits for no standby", () => {
    const verifiers = new Map([
      ["app", "SCRAM-SHA-256$1"],
      ["old user", ""],
    ]);
    expect(setVerifiersSql(verifiers).split("\n")).toEqual([
      "begin;",
      "set local synchronous_commit = local;",
      `alter role "app" password 'SCRAM-SHA-256$1';`,
      `alter role "old user" password null;`,
      "commit;",
      "select pg_current_wal_flush_lsn();",
    ]);
  });
});
