import { describe, expect, it } from "vitest";

import { checkSecretsOf, checkTargetOf } from "../../../src/target/target.ts";
import type { CheckNode, CheckTarget } from "../../../src/target/target.ts";
import { databasesCommand, usersCommand } from "../../../src/cli/inventory.ts";
import type { InventoryWorld } from "../../../src/cli/inventory.ts";
import { runProgram } from "../../../src/cli/program.ts";
import { UserError } from "../../../src/errors.ts";
import type { SeenDatabase, SeenUser } from "../../../src/inventory/inventory.ts";
import { databaseRows, userRows } from "../../../src/inventory/inventory.ts";
import { databasesText, usersText } from "../../../src/inventory/text.ts";
import { aPlan, fakeSecretsOf } from "../../../testing/stacks.ts";

const plan = aPlan({
  databases: { shop: { owner: "shop" }, lost: {} },
  users: { shop: {}, reporter: { access: { shop: "read", app: "write" } } },
});
const target = checkTargetOf(plan);

const databases: readonly SeenDatabase[] = [
  { name: "app", owner: "app", bytes: 8 * 1024 ** 2, connectionLimit: -1, connections: 3, schemas: [{ name: "public", owner: "app" }] },
  { name: "byhand", owner: "postgres", bytes: 3 * 1024 ** 3, connectionLimit: -1, connections: 0, schemas: null },
  { name: "shop", owner: "shop", bytes: 8 * 1024 ** 2, connectionLimit: 60, connections: 2, schemas: [{ name: "public", owner: "shop" }] },
];
const users: readonly SeenUser[] = [
  { name: "app", mayLogIn: true, connectionLimit: -1, connections: 3, owns: ["app"], connectedSince: "2026-01-01T00:00:00Z" },
  { name: "reporter", mayLogIn: true, connectionLimit: 5, connections: 1, owns: [], connectedSince: null },
  { name: "stranger", mayLogIn: false, connectionLimit: -1, connections: 0, owns: ["byhand"], connectedSince: null },
];

describe("the lists of databases and users", () => {
  it("have declared ones first, name what is missing, and mark what was made by hand", () => {
    expect(databaseRows(target, databases).map(({ name, declared }) => `${name} ${declared}`)).toEqual([
      "app first",
      "lost missing",
      "shop declared",
      "byhand undeclared",
    ]);
    expect(userRows(target, users).map(({ name, declared }) => `${name} ${declared}`)).toEqual([
      "app first",
      "reporter declared",
      "shop missing",
      "stranger undeclared",
    ]);
  });

  it("are tables for people", () => {
    expect(databasesText(databaseRows(target, databases))).toMatchInlineSnapshot(`
      "database  declared          owner     size  connections  schemas
      app       yes (first)       app       8 MB  3            public
      lost      yes, but missing  -         -     -            -
      shop      yes               shop      8 MB  2 of 60      public
      byhand    NO                postgres  3 GB  0            -
      "
    `);
    expect(usersText(userRows(target, users))).toMatchInlineSnapshot(`
      "user      declared          login  access                       owns    connections  connected since
      app       yes (first)       yes    -                            app     3            2026-01-01T00:00:00Z
      reporter  yes               yes    app: write, shop: read only  -       1 of 5       -
      shop      yes, but missing  -      -                            -       -            -
      stranger  NO                no     -                            byhand  0            -
      "
    `);
  });
});

describe("pgstack users and pgstack databases", () => {
  const secrets = checkSecretsOf(fakeSecretsOf(plan));
  async function call(args: readonly string[], over: Partial<InventoryWorld> = {}): Promise<{ code: number; out: string; err: string }> {
    let out = "";
    let err = "";
    const world: InventoryWorld = {
      load: () => Promise.resolve({ target, secrets }),
      loadBundle: () => ({ target, secrets }),
      readDatabases: () => Promise.resolve(databases),
      readUsers: () => Promise.resolve(users),
      findLeader: (of) => Promise.resolve(nodeOf(of, "pg1")),
      ...over,
    };
    const io = {
      out: (text: string) => void (out += text),
      err: (text: string) => void (err += text),
      isTerminal: false,
      signal: new AbortController().signal,
    };
    return { code: await runProgram(args, io, [databasesCommand(world), usersCommand(world)]), out, err };
  }

  it.each(["users", "databases"])("%s prints a table, or JSON, for a stack or a bundle, and no password", async (command) => {
    for (const args of [
      [command, "--stack", "x"],
      [command, "--bundle", "y", "--json"],
    ]) {
      const { code, out } = await call(args);
      expect(code).toBe(0);
      expect(Object.values(secrets).filter((secret) => out.includes(secret))).toEqual([]);
      if (args.includes("--json")) expect(Object.keys(JSON.parse(out) as object)).toEqual([command]);
      else expect(out).toContain("declared");
    }
  });

  it("want a stack or a bundle, and not both", async () => {
    expect(await call(["users"])).toMatchObject({
      code: 2,
      err: "error: option --stack or --bundle is missing\n  fix: see pgstack users --help\n",
    });
    expect((await call(["users", "--stack", "x", "--bundle", "y"])).code).toBe(2);
  });

  it("ask the node that leads now", async () => {
    const asked: string[] = [];
    const over: Partial<InventoryWorld> = {
      findLeader: (of) => Promise.resolve(nodeOf(of, "pg2")),
      readUsers: ({ leader }) => {
        asked.push(leader.name);
        return Promise.resolve(users);
      },
    };
    expect((await call(["users", "--stack", "x"], over)).code).toBe(0);
    expect(asked).toEqual(["pg2"]);
  });

  it("say why the leader cannot be asked", async () => {
    const readUsers = (): Promise<never> =>
      Promise.reject(new UserError([{ where: "stack x", problem: "the leader pg1 cannot be asked", fix: "look" }]));
    expect(await call(["users", "--stack", "x"], { readUsers })).toMatchObject({
      code: 2,
      err: "error: stack x: the leader pg1 cannot be asked\n  fix: look\n",
    });
  });
});

function nodeOf({ nodes }: CheckTarget, name: string): CheckNode {
  const found = nodes.find((node) => node.name === name);
  if (found === undefined) throw new Error(`no node ${name}`);
  return found;
}
