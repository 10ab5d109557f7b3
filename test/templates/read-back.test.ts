import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { paths } from "../../src/layout.ts";
import type { ClusterPlan } from "../../src/plan/types.ts";
import { verifyScram } from "../../src/postgres/scram.ts";
import { declaredRoutes, readRoutes } from "../../src/pgbouncer/routes.ts";
import { share } from "../../src/plan/share.ts";
import { renderFiles } from "../../src/render/files.ts";
import { legalKeys } from "../../testing/config-arbitrary.ts";
import { allFiles, aPlan, fakeSecrets, stackPlan, stacks, textOfFile } from "../../testing/stacks.ts";
import { readHbaLine, readIni, readPgbouncerConnstr, readPgpass, readPostgresConf, readUserlist } from "../unit/render/escape-readers.ts";

/** The text of `<node or service>/<path>`. */
function fileOf(plan: ClusterPlan, name: string): string {
  const found = allFiles(renderFiles(plan)).find((file) => file.name === name);
  if (found === undefined) throw new Error(`no file ${name}`);
  return textOfFile(found.file);
}

/** postgresql.conf as PostgreSQL reads it: a name, an equals sign, a quoted value; `#` begins a comment. */
function readConf(text: string): (readonly [string, string])[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, name = "", value = ""] = /^([A-Za-z_][A-Za-z0-9_.]*) = ('.*')$/.exec(line) ?? [];
      return [name, readPostgresConf(value)];
    });
}

function expectConfToBePlan(plan: ClusterPlan): void {
  const { nodes } = renderFiles(plan);
  for (const { name, settings } of plan.nodes) {
    const conf = nodes.get(name)?.find(({ path }) => path === "postgresql.conf");
    const planned = settings.map((setting) => [setting.name, setting.value]);
    expect(readConf(conf === undefined ? "" : textOfFile(conf)), name).toEqual([
      ...planned,
      ["include_if_exists", `${paths.dataVolume}/upstream.conf`],
    ]);
  }
}

describe.each(stacks)("a reader of the files of %s finds the plan", (stack) => {
  const plan = stackPlan(stack);

  it("in postgresql.conf", () => {
    expectConfToBePlan(plan);
  });

  it("in pg_hba.conf, the same on every node", () => {
    const from = plan.network.subnet;
    const files = plan.nodes.map(({ name }) => fileOf(plan, `${name}/pg_hba.conf`));
    expect(new Set(files).size).toBe(1);
    const rules = (files[0] ?? "").split("\n").map(readHbaLine);
    expect(rules.filter((fields) => fields.length > 0)).toEqual([
      ["local", "all", "postgres", "peer"],
      ["host", "replication", "replicator", from, "scram-sha-256"],
      ["host", "app", "app", from, "scram-sha-256"],
      ["host", "all", "monitoring", from, "scram-sha-256"],
      ["local", "all", "all", "reject"],
      ["host", "all", "all", "all", "reject"],
      ["host", "replication", "all", "all", "reject"],
    ]);
  });

  it("in pg_ident.conf: no mapping", () => {
    const lines = fileOf(plan, "pg1/pg_ident.conf").split("\n");
    expect(lines.filter((line) => line !== "" && !line.startsWith("#"))).toEqual([]);
  });

  it.each(plan.pooler.processes)("in process-$number.ini and what it includes", ({ number, settings, userLimits }) => {
    const own = fileOf(plan, `pooler/process-${number}.ini`);
    const include = (path: string): string => `%include /etc/pgstack/${path}\n`;
    expect(own.match(/^%include .*\n/gm)).toEqual([include("pgbouncer.ini"), include(`routes-${number}.ini`)]);
    // In its one section [pgbouncer]: where that began a second time, PgBouncer would forget what it has read of it.
    const common = fileOf(plan, "pooler/pgbouncer.ini");
    expect(common).not.toMatch(/^\[/m);
    const ini = readIni(own.replace(include("pgbouncer.ini"), () => common));
    expect([...ini.keys()]).toEqual(["pgbouncer", "peers", ...(userLimits.length === 0 ? [] : ["users"])]);
    const planned = [...settings, ...plan.pooler.settings];
    expect(ini.get("pgbouncer")).toEqual(new Map(planned.map(({ name, value }) => [name, value])));
    expect(new Set(planned.map(({ name }) => name)).size).toBe(planned.length);
    expect([...(ini.get("peers") ?? [])].map(([peer, line]) => [peer, readPgbouncerConnstr(line)])).toEqual(
      plan.pooler.processes.map((peer) => [
        String(peer.number),
        [
          ["host", `pgbouncer-${peer.number}`],
          ["port", "6432"],
        ],
      ]),
    );
  });

  it("in routes.json and the file of each process", () => {
    const declared = declaredRoutes(plan);
    expect(readRoutes(fileOf(plan, "pooler/routes.json"))).toEqual(declared);
    const replicas = plan.nodes.map(({ name }) => name).filter((name) => name !== plan.firstNode);
    for (const [index, { number }] of plan.pooler.processes.entries()) {
      const ini = readIni(fileOf(plan, `pooler/routes-${number}.ini`));
      expect([...ini.keys()]).toEqual(["databases"]);
      const routes = [plan.pooler.write, plan.pooler.read].map(({ name, reads, poolSize, most, parameters }) => [
        name,
        [
          ["host", reads ? replicas[index % replicas.length] : plan.firstNode],
          ["port", "5432"],
          ["dbname", plan.database.name],
          ["pool_size", String(share(poolSize, declared.processes, number))],
          ["max_db_connections", String(share(most, declared.processes, number))],
          ...Object.entries(parameters).map(([key, value]) => [key, String(value)]),
        ],
      ]);
      expect([...(ini.get("databases") ?? [])].map(([name, line]) => [name, readPgbouncerConnstr(line)])).toEqual(routes);
    }
  });

  it("in userlist.txt: verifiers that the roles' passwords log in with", () => {
    const entries = readUserlist(fileOf(plan, "pooler/userlist.txt"));
    expect(entries.map(([role]) => role)).toEqual(["app", "monitoring", "pgbouncer"]);
    const { passwords } = fakeSecrets;
    for (const [role, verifier] of entries) {
      expect(verifyScram(verifier, passwords[role as keyof typeof passwords]), role).toBe(true);
      expect(verifyScram(verifier, `${passwords[role as keyof typeof passwords]}x`), role).toBe(false);
    }
  });

  it("in the password files", () => {
    for (const { name } of plan.nodes) {
      const { fields, wildcards } = readPgpass(fileOf(plan, `${name}/replicator.pgpass`).trimEnd());
      expect(fields).toEqual(["*", "5432", "*", "replicator", fakeSecrets.passwords.replicator]);
      expect(wildcards).toEqual([true, false, true, false, false]);
    }
    const { fields } = readPgpass(fileOf(plan, "exporters/monitoring.pgpass").trimEnd());
    expect(fields).toEqual(["*", "*", "*", "monitoring", fakeSecrets.passwords.monitoring]);
    expect(fileOf(plan, "exporters/monitoring.password")).toBe(fakeSecrets.passwords.monitoring);
  });
});

describe("node.env, read by a shell", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pgstack-node-env-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const names = ["NODE", "MAJOR", "FIRST_NODE", "PEERS", "CONNINFO", "REPLICATOR", "DATA_VOLUME", "LOCALE_OPTIONS"] as const;

  function readEnv(plan: ClusterPlan, node: string): Record<string, string> {
    const file = join(folder, `${node}.env`);
    writeFileSync(file, fileOf(plan, `${node}/node.env`));
    const print = names.map((name) => `"$${name}"`).join(" ");
    // Without any variable of ours, and stopping at one that is not set.
    const out = execFileSync("bash", ["--norc", "-euc", `. "${file}"; printf '%s\\0' ${print}`], { env: {}, encoding: "utf8" });
    const values = out.split("\0");
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? "missing"]));
  }

  const builtin = "--locale=C.UTF-8 --locale-provider=builtin --builtin-locale=C.UTF-8";

  it("makes a node that knows every name that another node can have, and not who leads", () => {
    expect(readEnv(aPlan({ replicas: 2 }), "pg3")).toEqual({
      NODE: "pg3",
      MAJOR: "17",
      FIRST_NODE: "pg1",
      PEERS: "pg1 pg2 pg4 pg5 pg6 pg7 pg8 pg9 pg10 pg11 pg12 pg13 pg14 pg15 pg16",
      CONNINFO:
        "port=5432 user=replicator passfile=/etc/pgstack/replicator.pgpass application_name=pg3 connect_timeout=5 tcp_user_timeout=5000 keepalives_idle=10 keepalives_interval=5 keepalives_count=3",
      REPLICATOR: "port=5432 user=replicator",
      DATA_VOLUME: "pgstack-test-pg3-data",
      LOCALE_OPTIONS: builtin,
    });
  });

  it.each([
    ["C.UTF-8 of PostgreSQL itself from 17 on", {}, builtin],
    [
      "C.UTF-8 of the operating system before",
      { postgresVersion: 16, images: { postgres: "registry.example/postgres:16.10" } },
      "--locale=C.UTF-8",
    ],
    ["ICU for a language", { locale: "en-US" }, "--locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US"],
  ])("gives initdb %s", (_what, keys, options) => {
    expect(readEnv(aPlan(keys), "pg1")["LOCALE_OPTIONS"]).toBe(options);
  });
});

describe("whatever stack config says", () => {
  it("postgresql.conf reads back as the plan", () => {
    fc.assert(
      fc.property(legalKeys, (keys) => expectConfToBePlan(aPlan(keys))),
      { numRuns: 50 },
    );
  });

  it("pg_hba.conf admits further networks by name, and nobody else", () => {
    const plan = aPlan({ clientNetworks: ["192.168.10.0/24", "10.1.0.0/16"] });
    const rules = fileOf(plan, "pg1/pg_hba.conf").split("\n").map(readHbaLine);
    const networks = ["172.29.10.0/24", "192.168.10.0/24", "10.1.0.0/16"];
    const admit = (database: string, user: string): string[][] => networks.map((from) => ["host", database, user, from, "scram-sha-256"]);
    expect(rules.filter((fields) => fields.length > 0)).toEqual([
      ["local", "all", "postgres", "peer"],
      ...admit("replication", "replicator"),
      ...admit("app", "app"),
      ...admit("all", "monitoring"),
      ["local", "all", "all", "reject"],
      ["host", "all", "all", "all", "reject"],
      ["host", "replication", "all", "all", "reject"],
    ]);
  });

  it("quotes, backslashes and comment signs in a setting stay in it", () => {
    const value = String.raw`'\\' # "no" \n $x ;`;
    const conf = readConf(fileOf(aPlan({ settings: { log_line_prefix: value } }), "pg1/postgresql.conf"));
    expect(conf.filter(([name]) => name === "log_line_prefix")).toEqual([["log_line_prefix", value]]);
  });

  it("database and role with the longest names reach pg_hba.conf and the routes whole", () => {
    const database = `d${"_".repeat(59)}`;
    const appUser = `u${"9".repeat(62)}`;
    const plan = aPlan({ database, appUser });
    const rules = fileOf(plan, "pg1/pg_hba.conf").split("\n").map(readHbaLine);
    expect(rules.filter((fields) => fields[1] === database)).toEqual([["host", database, appUser, "172.29.10.0/24", "scram-sha-256"]]);
    expect([...(readIni(fileOf(plan, "pooler/routes-2.ini")).get("databases")?.keys() ?? [])]).toEqual([database, `${database}_ro`]);
    expect(readUserlist(fileOf(plan, "pooler/userlist.txt")).map(([role]) => role)).toEqual([appUser, "monitoring", "pgbouncer"]);
  });
});
