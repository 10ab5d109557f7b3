import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { runProgram } from "../../src/cli/program.ts";
import { databasesCommand, usersCommand } from "../../src/cli/inventory.ts";
import type { DatabaseRow, UserRow } from "../../src/inventory/inventory.ts";
import { findLeader } from "../../src/check/observe/leader.ts";
import { readDatabases, readUsers } from "../../src/inventory/read.ts";
import type { UserUrls } from "../../src/outputs/urls.ts";
import { poll } from "../../src/deadline.ts";
import { Deployment, toFirstHost } from "../../testing/deployment.ts";
import { run } from "../../testing/run.ts";
import { Writer } from "../../testing/writer.ts";
import pg from "pg";

type Urls = Readonly<Record<string, Readonly<Record<string, UserUrls>>>>;

const users = {
  shop: { connectionLimit: 50 },
  reporter: { access: { app: "read", shop: "read" }, connectionLimit: 3 },
  clerk: { access: { shop: "write" } },
  batch: { access: { app: "write" }, pooled: false, connectionLimit: 5 },
};
const databases = { shop: { owner: "shop", schemas: ["sales"], extensions: ["earthdistance", "cube", "vector"], prismaShadow: true } };

/** What a reader can set itself; it is not what keeps it from writing. */
const readWrite = "set default_transaction_read_only = off; begin read write;";

/** Databases and users as config: what is declared is there, and nothing else is touched. */
describe("declared databases and users", () => {
  let deployment: Deployment;
  let urls: Urls;

  beforeAll(async () => {
    deployment = await Deployment.create("staging", { memory: "512MB", databases, users });
    await deployment.up();
    await refreshUrls();
  });
  afterAll(() => deployment?.remove());

  async function refreshUrls(): Promise<void> {
    urls = ((await deployment.outputs()) as unknown as { readonly userUrls: Urls }).userUrls;
  }

  const url = (user: string, database: string, way: keyof UserUrls): string => {
    const found = urls[user]?.[database]?.[way];
    if (found === undefined) throw new Error(`no url ${user} ${database} ${way}`);
    return toFirstHost(found);
  };

  async function query(user: string, database: string, way: keyof UserUrls, sql: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: url(user, database, way), connectionTimeoutMillis: 5000 });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  const failure = async (...args: Parameters<typeof query>): Promise<string> =>
    query(...args).then(
      () => "nothing failed",
      (error: Error) => error.message,
    );

  it("are there after one deployment, and a second one changes nothing", async () => {
    await deployment.up("--refresh", "--expect-no-changes");
    expect(
      await deployment.sql("pg1", "select datname, pg_get_userbyid(datdba) from pg_database where datname like 'shop%' order by 1;"),
    ).toBe("shop|shop\nshop_shadow|shop");
    expect(
      await deployment.sql("pg1", "select nspname, pg_get_userbyid(nspowner) from pg_namespace where nspname = 'sales';", "shop"),
    ).toBe("sales|shop");
    expect(await deployment.sql("pg1", "select string_agg(extname, ',' order by extname) from pg_extension;", "shop")).toBe(
      "cube,earthdistance,plpgsql,vector",
    );
    expect((await deployment.check(5000)).findings.filter(({ severity }) => severity === "error")).toEqual([]);
  });

  it("let a reader see tables made later, on leader and replica, and change none, whatever it sets", async () => {
    await query("shop", "shop", "direct", "create table public.orders (id int generated always as identity primary key, what text)");
    await query("shop", "shop", "write", "insert into orders (what) values ('tea'); ");
    await query(
      "shop",
      "shop",
      "direct",
      "create schema later; create table later.notes (id serial primary key); create table sales.sums (id int)",
    );
    expect(await query("reporter", "shop", "write", "select what from orders")).toEqual([{ what: "tea" }]);
    expect(await query("reporter", "shop", "write", "select count(*)::int as n from later.notes")).toEqual([{ n: 0 }]);
    const read = await poll(async () => (await query("reporter", "shop", "read", "select what from orders").catch(() => [])).at(0), {
      everyMs: 100,
      timeoutMs: 10_000,
    });
    expect(read).toEqual({ what: "tea" });
    expect(await failure("reporter", "shop", "direct", "insert into orders (what) values ('x')")).toContain("read-only transaction");
    for (const sql of [
      "insert into orders (what) values ('x')",
      "delete from orders",
      "truncate orders",
      "drop table orders",
      "create table mine (id int)",
      "create schema mine",
      "select nextval('orders_id_seq')",
      "create temporary table t (id int)",
    ]) {
      expect(await failure("reporter", "shop", "direct", `${readWrite} ${sql}`), sql).toMatch(/permission denied|must be owner/);
    }
  });

  it("let a writer change rows and no tables", async () => {
    await query("clerk", "shop", "write", "insert into orders (what) values ('cake'); insert into later.notes default values");
    await query("clerk", "shop", "write", "update orders set what = 'pie' where what = 'cake'");
    for (const sql of ["drop table orders", "alter table orders add more int", "create table mine (id int)", "truncate orders"]) {
      expect(await failure("clerk", "shop", "write", sql), sql).toMatch(/permission denied|must be owner/);
    }
    expect(await query("clerk", "shop", "write", "delete from orders where what = 'pie' returning what")).toEqual([{ what: "pie" }]);
  });

  it("keep users out of other databases, and one that is not pooled out of the pooler", async () => {
    const { pathname: _path, ...there } = new URL(url("clerk", "shop", "direct"));
    expect(there).toBeDefined();
    const elsewhere = url("clerk", "shop", "direct").replace(/\/shop$/, "/app");
    const client = new pg.Client({ connectionString: elsewhere });
    await expect(client.connect()).rejects.toThrow(/pg_hba/);
    expect(Object.keys(urls["batch"]?.["app"] ?? {})).toEqual(["direct"]);
    expect(await query("batch", "app", "direct", "select current_user as me")).toEqual([{ me: "batch" }]);
    const pooled = new URL(url("batch", "app", "direct"));
    pooled.port = new URL(url("shop", "shop", "write")).port;
    await expect(new pg.Client({ connectionString: pooled.href }).connect()).rejects.toThrow();
  });

  it("hold a user to its connection limit", async () => {
    const clients = Array.from({ length: 3 }, () => new pg.Client({ connectionString: url("reporter", "shop", "direct") }));
    // What the pooler keeps open counts on the server too.
    await run("docker", ["restart", ...["pgbouncer-1", "pgbouncer-2"].map((name) => deployment.container(name))]);
    await Promise.all(clients.map((client) => client.connect()));
    const fourth = new pg.Client({ connectionString: url("reporter", "shop", "direct") });
    await expect(fourth.connect()).rejects.toThrow(/too many connections for role/);
    await Promise.all(clients.map((client) => client.end()));
    expect(await deployment.sql("pg1", "select rolconnlimit from pg_roles where rolname = 'reporter';")).toBe("3");
  });

  it("give a migration tool a shadow database that its user may empty", async () => {
    await query("shop", "shop_shadow", "direct", "drop schema public cascade; create schema public; create table t (id int)");
    await query("shop", "shop_shadow", "direct", "drop schema public cascade; create schema public");
  });

  it("are listed, with what was made by hand marked", async () => {
    await deployment.sql("pg1", "create role byhand;");
    await deployment.sql("pg1", "create database byhand owner byhand;");
    const list = async <Row>(command: "users" | "databases"): Promise<readonly Row[]> => {
      let out = "";
      const world = {
        load: async () => (await deployment.outputs()).check,
        loadBundle: () => {
          throw new Error("not a bundle");
        },
        readDatabases,
        readUsers,
        findLeader,
      };
      const io = {
        out: (text: string) => void (out += text),
        err: () => undefined,
        isTerminal: false,
        signal: new AbortController().signal,
      };
      expect(await runProgram([command, "--stack", "x", "--json"], io, [databasesCommand(world), usersCommand(world)])).toBe(0);
      return (JSON.parse(out) as Record<string, readonly Row[]>)[command] ?? [];
    };
    const databaseList = await list<DatabaseRow>("databases");
    expect(databaseList.map(({ name, declared, owner }) => [name, declared, owner])).toEqual([
      ["app", "first", "app"],
      ["shop", "declared", "shop"],
      ["shop_shadow", "declared", "shop"],
      ["byhand", "undeclared", "byhand"],
    ]);
    expect(databaseList[1]?.schemas?.map(({ name }) => name)).toEqual(["later", "public", "sales"]);
    const userList = await list<UserRow>("users");
    expect(userList.map(({ name, declared, connectionLimit, access }) => [name, declared, connectionLimit, access])).toEqual([
      ["app", "first", null, { app: "owner" }],
      ["batch", "declared", 5, { app: "write" }],
      ["clerk", "declared", null, { shop: "write" }],
      ["reporter", "declared", 3, { app: "read", shop: "read" }],
      ["shop", "declared", 50, { shop: "owner", shop_shadow: "owner" }],
      ["byhand", "undeclared", null, {}],
    ]);
  });

  it("are repaired by a plain up when they were changed by hand, and shown by check and refresh before", async () => {
    await deployment.sql(
      "pg1",
      "alter role reporter createdb connection limit 9; alter database shop owner to postgres; drop role if exists nobody; grant connect on database app to clerk;",
    );
    await deployment.sql(
      "pg1",
      "revoke select on orders from reporter; grant delete on orders to reporter; revoke usage on schema sales from clerk;",
      "shop",
    );
    const { findings } = await deployment.check(3000);
    expect(findings.map(({ code }) => code)).toEqual(["role-differs", "database-differs"]);
    expect(findings.map(({ observed }) => observed).join("; ")).toContain("user reporter may change tables (1) of shop");
    const preview = await deployment.preview("--refresh", "--diff");
    for (const text of [
      "role reporter has more rights than declared",
      "database shop belongs to postgres",
      "user clerk may enter app, which is not declared",
      "user reporter may not read tables",
    ]) {
      expect(preview.output).toContain(text);
    }
    expect(preview.output).not.toContain("SCRAM-SHA-256$");
    await deployment.up();
    expect((await deployment.check(5000)).findings.filter(({ severity }) => severity === "error")).toEqual([]);
    await deployment.up("--refresh", "--expect-no-changes");
    expect(await deployment.sql("pg1", "select count(*) from pg_roles where rolname = 'byhand';")).toBe("1");
  });

  it("change: another owner gets what is in the database, a reader becomes a writer, and back", async () => {
    deployment.configure({
      databases: { shop: { ...databases.shop, owner: "clerk" } },
      users: { ...users, shop: { access: { shop: "read" } }, clerk: {}, reporter: { access: { shop: "write" }, connectionLimit: 4 } },
    });
    await deployment.up();
    await refreshUrls();
    await query("clerk", "shop", "direct", "alter table orders add column price int");
    expect(await failure("shop", "shop", "direct", `${readWrite} delete from orders`)).toContain("permission denied");
    await query("reporter", "shop", "write", "insert into orders (what) values ('bun')");
    await deployment.up("--refresh", "--expect-no-changes");
    deployment.configure({ databases, users });
    await deployment.up();
    await refreshUrls();
    expect(await failure("reporter", "shop", "direct", `${readWrite} delete from orders`)).toContain("permission denied");
    expect(await failure("clerk", "shop", "direct", "alter table orders drop column price")).toContain("must be owner");
  });

  it("are not removed with data until config says so, and meanwhile everything stays", async () => {
    const { shop: _shop, ...others } = users;
    const withoutShop = { ...others, reporter: { access: { app: "read" }, connectionLimit: 3 }, clerk: { access: { app: "read" } } };
    deployment.configure({ databases: undefined, users: withoutShop });
    const preview = await deployment.preview();
    expect(preview.code).not.toBe(0);
    expect(preview.output).toContain("pgstack:databases.shop: it is gone from stack config, but the database holds 3 tables");
    expect(preview.output).toContain("remove.databases.shop with-data");
    const refused = await deployment.tryUp();
    expect(refused.code).not.toBe(0);
    // Nothing was touched: the routes still serve.
    expect(await query("shop", "shop", "write", "select count(*)::int > 0 as there from orders")).toEqual([{ there: true }]);
    deployment.configure({ remove: { databases: { shop: "with-data" } } });
    const writer = await Writer.start((await deployment.outputs()).writeUrl);
    await deployment.up();
    // Clients of other databases see nothing of it.
    expect(await writer.stop()).toMatchObject({ failures: 0, lastFailure: "" });
    expect(await deployment.sql("pg1", "select datname from pg_database where datname like 'shop%' or datname = 'byhand';")).toBe("byhand");
    expect(await deployment.sql("pg1", "select rolname from pg_roles where rolname in ('shop', 'reporter', 'byhand') order by 1;")).toBe(
      "byhand\nreporter",
    );
    expect((await deployment.check(5000)).findings.filter(({ severity }) => severity === "error")).toEqual([]);
    await deployment.up("--expect-no-changes");
  });

  it("that own something go only as config says: their objects stay with the database's owner", async () => {
    await deployment.sql("pg1", "create table by_batch (id int); alter table by_batch owner to batch;", "app");
    deployment.configure({ users: undefined });
    const refused = await deployment.tryUp();
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain("pgstack:users.batch: it is gone from stack config, but it owns");
    expect(refused.output).toContain("in app");
    expect(await query("batch", "app", "direct", "select 1 as one")).toEqual([{ one: 1 }]);
    deployment.configure({ remove: { users: { batch: "keep-objects" } } });
    await deployment.up();
    expect(await deployment.sql("pg1", "select tableowner from pg_tables where tablename = 'by_batch';", "app")).toBe("app");
    expect(await deployment.sql("pg1", "select rolname from pg_roles where rolname !~ '^pg_' order by 1;")).toBe(
      "app\nbyhand\nmonitoring\npostgres\nreplicator",
    );
    await deployment.up("--refresh", "--expect-no-changes");
  });

  it("leave no password and no verifier in previews, logs, state and process lists", async () => {
    deployment.configure({ databases, users, remove: undefined });
    const writer = await Writer.start((await deployment.outputs()).writeUrl);
    const preview = await deployment.preview("--diff");
    const up = await deployment.tryUp("--diff", "-v=1");
    expect(up.code).toBe(0);
    expect(await writer.stop()).toMatchObject({ failures: 0, lastFailure: "" });
    await refreshUrls();
    const { check } = await deployment.outputs();
    const passwords = Object.entries(check.secrets).filter(([role]) => role.startsWith("user:"));
    expect(passwords.map(([role]) => role).toSorted()).toEqual(["user:batch", "user:clerk", "user:reporter", "user:shop"]);
    const state = await run("grep", ["-r", "", `${deployment.folder}/state`]);
    const logs = await Promise.all(
      ["pg1", "pg2", "pgbouncer-1", "pgbouncer-2"].map(
        async (service) => (await run("docker", ["logs", deployment.container(service)])).output,
      ),
    );
    const statements = await deployment.sql("pg1", "select coalesce(string_agg(query, ' '), '') from pg_stat_statements;");
    for (const text of [preview.output, up.output, state.stdout, ...logs, statements]) {
      expect(passwords.filter(([, password]) => text.includes(password)).map(([role]) => role)).toEqual([]);
      expect(text.includes("SCRAM-SHA-256$")).toBe(false);
    }
  });
});
