import { describe, expect, it } from "vitest";

import { isOffered } from "../../../src/pgbouncer/accepts.ts";
import { changedUsers, sharedUsers, withVerifiers } from "../../../src/pgbouncer/userlist.ts";

const list = (...entries: readonly (readonly [user: string, verifier: string])[]): string =>
  ["; Rendered.", ...entries.map(([user, verifier]) => `"${user}" "${verifier}"`), ""].join("\n");

const running = list(["app", "SCRAM-SHA-256$4096:a$k:s"], ["gone", "g"], ["pgbouncer", "p"]);
const wanted = list(["app", "SCRAM-SHA-256$4096:a$k2:s2"], ["new", "n"], ["pgbouncer", "p"]);

describe("two lists of users", () => {
  it("share whom both let in", () => {
    expect(sharedUsers(running, wanted)).toEqual(["app", "pgbouncer"]);
  });

  it("differ in verifiers of shared users alone", () => {
    expect(changedUsers(running, wanted)).toEqual(["app"]);
    expect(changedUsers(running, running)).toEqual([]);
  });
});

describe("new verifiers", () => {
  it("replace those of the named users and nothing else", () => {
    expect(withVerifiers(running, wanted, ["app"])).toBe(list(["app", "SCRAM-SHA-256$4096:a$k2:s2"], ["gone", "g"], ["pgbouncer", "p"]));
    expect(withVerifiers(running, wanted, ["pgbouncer"])).toBe(running);
  });

  it("add and remove nobody", () => {
    expect(withVerifiers(running, wanted, ["new", "gone"])).toBe(running);
  });
});

describe("a server's first SCRAM message", () => {
  const verifier = "SCRAM-SHA-256$4096:c2FsdA==$stored:server";

  it("identifies a verifier by salt and iterations", () => {
    expect(isOffered("r=abc,s=c2FsdA==,i=4096", verifier)).toBe(true);
    expect(isOffered("r=abc,s=b3RoZXI=,i=4096", verifier)).toBe(false);
    expect(isOffered("r=abc,s=c2FsdA==,i=5000", verifier)).toBe(false);
    expect(isOffered("", verifier)).toBe(false);
  });
});
