import { describe, expect, it } from "vitest";

import { goneBetween, staleEntries } from "../../../provider/leftovers/gone.ts";
import type { Declaration } from "../../../resources/declaration.ts";

function aDeclaration(over: Partial<Declaration> = {}): Declaration {
  return {
    databases: { shop: "shop", blog: "app" },
    users: ["shop", "reporter"],
    entries: { app: { app: "owner", blog: "owner" }, shop: { shop: "owner" }, reporter: { shop: "read", blog: "write" } },
    first: { database: "app", owner: "app" },
    remove: { databases: [], users: {} },
    ...over,
  };
}

describe("what goes", () => {
  it("is what was declared before and no longer is, and nothing at the first deployment", () => {
    const now = aDeclaration({ databases: { blog: "app" }, users: ["reporter"] });
    expect(goneBetween(aDeclaration(), now)).toEqual({ databases: ["shop"], users: ["shop"] });
    expect(goneBetween(undefined, now)).toEqual({ databases: [], users: [] });
    expect(goneBetween(aDeclaration(), aDeclaration())).toEqual({ databases: [], users: [] });
  });

  it("is never what became the first database or its owner", () => {
    const now = aDeclaration({ databases: {}, users: [], first: { database: "shop", owner: "reporter" } });
    expect(goneBetween(aDeclaration(), now)).toEqual({ databases: ["blog"], users: ["shop"] });
  });

  it("is never what PostgreSQL or pgstack owns, whatever the record says", () => {
    const odd = aDeclaration({ databases: { postgres: "x", template1: "x" }, users: ["postgres", "monitoring", "replicator"] });
    expect(goneBetween(odd, aDeclaration({ databases: {}, users: [] }))).toEqual({ databases: [], users: [] });
  });
});

describe("sessions that end", () => {
  it("are those of lost and of changed rights, the latter only while they idle", () => {
    const now = aDeclaration({ entries: { app: { app: "owner", blog: "owner" }, reporter: { shop: "write" } } });
    expect(staleEntries(aDeclaration(), now)).toEqual([
      { user: "shop", database: "shop", isLost: true },
      { user: "reporter", database: "shop", isLost: false },
      { user: "reporter", database: "blog", isLost: true },
    ]);
    expect(staleEntries(aDeclaration(), aDeclaration())).toEqual([]);
    expect(staleEntries(undefined, now)).toEqual([]);
  });
});
