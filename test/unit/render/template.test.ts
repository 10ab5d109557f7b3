import { describe, expect, it } from "vitest";
import { engineFor, renderTemplate } from "../../../src/render/template.ts";
import { type TemplateData, type TemplateName, templates } from "../../../src/render/templates.ts";
import { readHbaLine, readIni, readPgbouncerConnstr, readPostgresConf, readUserlist } from "./escape-readers.ts";
import { templateCoverage } from "./template-coverage.ts";

/** Data for every template, with every optional field at least once. */
const samples: TemplateData = {
  "postgres/postgresql.conf": {
    stack: "staging",
    node: "pg1",
    sections: [
      {
        title: "Memory",
        settings: [
          { name: "shared_buffers", value: "256MB", comment: "a quarter of the limit" },
          { name: "work_mem", value: "4MB" },
        ],
      },
      {
        title: "Logging",
        settings: [
          { name: "log_line_prefix", value: "%m it's %u@%d " },
          { name: "pg_stat_statements.max", value: 5000 },
        ],
      },
    ],
  },
  "postgres/pg_hba.conf": {
    stack: "staging",
    rules: [
      { type: "local", database: "all", user: "postgres", method: "peer", comment: "the start script" },
      { type: "host", database: "my app", user: "app", address: "172.29.10.0/24", method: "scram-sha-256" },
    ],
  },
  "postgres/pg_ident.conf": { stack: "staging" },
  "postgres/node.env": {
    stack: "staging",
    node: "pg2",
    major: 17,
    firstNode: "pg1",
    conninfo: "port=5432 user=replicator application_name=pg2",
    standbyLimits: "max_connections=100",
    peers: "",
    replicator: "port=5432 user=replicator",
    dataVolume: "pgstack-staging-pg2-data",
    localeOptions: "--locale=C.UTF-8 --locale-provider=builtin",
  },
  "pgbouncer/pgbouncer.ini": {
    stack: "staging",
    settings: [
      { name: "pool_mode", value: "transaction", comment: "released at commit" },
      { name: "unix_socket_dir", value: "" },
    ],
  },
  "pgbouncer/process.ini": {
    stack: "staging",
    common: "/etc/pgstack/pgbouncer.ini",
    settings: [
      { name: "peer_id", value: "2", comment: "its number" },
      { name: "reserve_pool_size", value: "3" },
    ],
    peers: [1, 2].map((number) => ({
      number,
      params: [
        { key: "host", value: `pgbouncer-${number}` },
        { key: "port", value: 6432 },
      ],
    })),
    users: [{ name: "reporter", params: [{ key: "max_user_connections", value: 5 }] }],
    routes: "/etc/pgstack/routes-2.ini",
  },
  "exporters/queries.yaml": { stack: "staging", nodes: ["pg2", "pg3"] },
  "pgbouncer/userlist.txt": {
    stack: "staging",
    entries: [
      { role: "app", verifier: "SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5" },
      { role: 'o"dd', verifier: "x" },
    ],
  },
};
const names = Object.keys(templates) as TemplateName[];

describe("renderTemplate", () => {
  it("writes postgresql.conf", () => {
    expect(renderTemplate("postgres/postgresql.conf", samples["postgres/postgresql.conf"])).toBe(
      `# Rendered for stack staging, node pg1, from templates/postgres/postgresql.conf.liquid. Do not edit: changes are overwritten.

# Memory
# a quarter of the limit
shared_buffers = '256MB'
work_mem = '4MB'

# Logging
log_line_prefix = '%m it''s %u@%d '
pg_stat_statements.max = '5000'

# whom this node follows while it is a replica: written by its start script, with its data
include_if_exists = '/var/lib/postgresql/data/upstream.conf'
`,
    );
  });

  it("writes pg_hba.conf", () => {
    expect(renderTemplate("postgres/pg_hba.conf", samples["postgres/pg_hba.conf"])).toBe(
      `# Rendered for stack staging from templates/postgres/pg_hba.conf.liquid. Do not edit: changes are overwritten.
# The first rule that matches a connection decides; what matches none is refused.
# TYPE DATABASE USER ADDRESS METHOD
# the start script
local all postgres peer
host "my app" app 172.29.10.0/24 scram-sha-256
`,
    );
  });

  it("writes pgbouncer.ini", () => {
    expect(renderTemplate("pgbouncer/pgbouncer.ini", samples["pgbouncer/pgbouncer.ini"])).toBe(
      `; Rendered for stack staging from templates/pgbouncer/pgbouncer.ini.liquid. Do not edit: changes are overwritten.
; What all processes of the pooler have in common. Each includes it in the section [pgbouncer] of a file of its own: where that section
; began a second time, PgBouncer would forget what it has read of it.
; released at commit
pool_mode = transaction
unix_socket_dir = 
`,
    );
  });

  it("writes process.ini", () => {
    expect(renderTemplate("pgbouncer/process.ini", samples["pgbouncer/process.ini"])).toBe(
      `; Rendered for stack staging from templates/pgbouncer/process.ini.liquid. Do not edit: changes are overwritten.
[pgbouncer]
; its number
peer_id = 2
reserve_pool_size = 3
%include /etc/pgstack/pgbouncer.ini

[peers]
; all processes: a cancel request that comes to one of them goes on to the one that has its statement
1 = host=pgbouncer-1 port=6432
2 = host=pgbouncer-2 port=6432

[users]
; server connections of a role, all routes together: this process's part of the limit in stack config
reporter = max_user_connections=5

; its own section [databases]: where the routes lead, which changes while the pooler runs
%include /etc/pgstack/routes-2.ini
`,
    );
  });

  it("writes userlist.txt", () => {
    expect(renderTemplate("pgbouncer/userlist.txt", samples["pgbouncer/userlist.txt"])).toBe(
      `; Rendered for stack staging from templates/pgbouncer/userlist.txt.liquid. Do not edit: changes are overwritten.
"app" "SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5"
"o""dd" "x"
`,
    );
  });

  it("writes node.env as words of a shell", () => {
    expect(renderTemplate("postgres/node.env", samples["postgres/node.env"])).toMatch(
      /^NODE='pg2'\nMAJOR='17'\nFIRST_NODE='pg1'\n[^]*^LOCALE_OPTIONS='--locale=C\.UTF-8 --locale-provider=builtin'\n$/m,
    );
  });

  it("is read back by readers of the formats", () => {
    const conf = renderTemplate("postgres/postgresql.conf", samples["postgres/postgresql.conf"]);
    const prefix = /^log_line_prefix = (.*)$/m.exec(conf)?.[1] ?? "";
    expect(readPostgresConf(prefix)).toBe("%m it's %u@%d ");

    const hba = renderTemplate("postgres/pg_hba.conf", samples["postgres/pg_hba.conf"]);
    expect(
      hba
        .split("\n")
        .map(readHbaLine)
        .filter((fields) => fields.length > 0),
    ).toEqual([
      ["local", "all", "postgres", "peer"],
      ["host", "my app", "app", "172.29.10.0/24", "scram-sha-256"],
    ]);

    const common = renderTemplate("pgbouncer/pgbouncer.ini", samples["pgbouncer/pgbouncer.ini"]);
    const process = renderTemplate("pgbouncer/process.ini", samples["pgbouncer/process.ini"]);
    const ini = readIni(process.replace("%include /etc/pgstack/pgbouncer.ini\n", () => common));
    expect(Object.fromEntries(ini.get("pgbouncer") ?? [])).toEqual({
      peer_id: "2",
      reserve_pool_size: "3",
      pool_mode: "transaction",
      unix_socket_dir: "",
    });
    expect(readPgbouncerConnstr(ini.get("peers")?.get("1") ?? "")).toEqual([
      ["host", "pgbouncer-1"],
      ["port", "6432"],
    ]);
    expect(readPgbouncerConnstr(ini.get("users")?.get("reporter") ?? "")).toEqual([["max_user_connections", "5"]]);

    const list = renderTemplate("pgbouncer/userlist.txt", samples["pgbouncer/userlist.txt"]);
    expect(readUserlist(list)).toEqual([
      ["app", "SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5"],
      ['o"dd', "x"],
    ]);
  });

  it("does not change its data", () => {
    const before = structuredClone(samples);
    for (const name of names) renderTemplate(name, samples[name]);
    expect(samples).toEqual(before);
  });

  it("names file, line and column of a missing field", () => {
    const data = { rules: [] } as unknown as TemplateData["postgres/pg_hba.conf"];
    const attempt = (): string => renderTemplate("postgres/pg_hba.conf", data);
    expect(attempt).toThrow("templates/postgres/pg_hba.conf.liquid, line 1, column 25: undefined variable: stack");
    expect(attempt).toThrow(expect.objectContaining({ name: "Error", cause: expect.any(Error) as Error }));
  });

  it("refuses a missing field inside a list, optional ones excepted", () => {
    const rule = { type: "local", database: "all", user: "postgres" };
    const data = { stack: "staging", rules: [rule] } as unknown as TemplateData["postgres/pg_hba.conf"];
    expect(() => renderTemplate("postgres/pg_hba.conf", data)).toThrow("undefined variable: rule.method");
  });

  it.each<[string, () => string, string]>([
    [
      "a newline in a setting",
      () => conf({ name: "search_path", value: "x'\nssl = off" }),
      "line 9, column 30: control character in a postgresql.conf value",
    ],
    [
      "a second setting in a name",
      () => conf({ name: "a = 1\nb", value: "x" }),
      "line 9, column 1: something else than letters, digits, dot, dash and underscore in a bare name",
    ],
    [
      "a newline in a comment",
      () => conf({ name: "a", value: "x", comment: "x\nssl = off" }),
      "line 7, column 3: control character in a comment",
    ],
    [
      "a newline in a stack's name",
      () => renderTemplate("pgbouncer/userlist.txt", { stack: 'x\n"postgres" ""', entries: [] }),
      "line 1, column 22: control character",
    ],
    [
      "a newline in a role",
      () => renderTemplate("pgbouncer/userlist.txt", { stack: "x", entries: [{ role: 'a"\n"b', verifier: "" }] }),
      "line 3, column 1: control character in a userlist.txt value",
    ],
    ["a line joined in pg_hba.conf", () => hba({ database: "all", comment: "x\\" }), "backslash at the end in a comment"],
    ["a regular expression in pg_hba.conf", () => hba({ database: "/.*" }), "a leading slash in a pg_hba.conf field"],
    ["a missing value", () => conf({ name: "a", value: null as unknown as string }), "null instead of text in a postgresql.conf value"],
    [
      "a second key of a pooler's user",
      () =>
        renderTemplate("pgbouncer/process.ini", {
          stack: "x",
          common: "/etc/pgstack/pgbouncer.ini",
          users: [{ name: "app", params: [{ key: "pool_mode=session max_user_connections", value: "y" }] }],
          peers: [],
          settings: [],
          routes: "/etc/pgstack/routes-1.ini",
        }),
      "in a bare name",
    ],
  ])("refuses %s", (_what, attempt, message) => {
    expect(attempt).toThrow(message);
  });

  it("keeps a quote inside its value", () => {
    expect(hba({ database: 'all" all 0.0.0.0/0 trust #' })).toContain(`local "all"" all 0.0.0.0/0 trust #" postgres peer\n`);
  });
});

describe("engines", () => {
  it("refuse the raw filter", () => {
    const engine = engineFor("postgresql.conf");
    expect(() => engine.parseAndRenderSync("{{ x | raw }}", { x: "y" })).toThrow("the filter `raw` is not allowed");
  });

  it.each([
    ["an unknown filter", "{{ x | upcse }}", "undefined filter: upcse"],
    ["a missing field in a condition", "{% if y %}z{% endif %}", "undefined variable: y"],
    ["an inherited property", "{{ x.constructor }}", "undefined variable: x.constructor"],
  ])("refuse %s", (_what, source, message) => {
    expect(() => engineFor("pg_hba.conf").parseAndRenderSync(source, { x: {} })).toThrow(message);
  });

  it("write env files that every reader understands", () => {
    expect(engineFor("env").parseAndRenderSync("X={{ x }}", { x: "it's" })).toBe(`X="it's"`);
  });

  it("write text into queries.yaml as SQL literals", () => {
    const source = "query: |\n  select {{ x }}";
    expect(engineFor("queries.yaml").parseAndRenderSync(source, { x: "it's" })).toBe("query: |\n  select 'it''s'");
    expect(() => engineFor("queries.yaml").parseAndRenderSync(source, { x: "a\nb: |" })).toThrow("control character in an SQL literal");
  });

  it("escape what the tags echo and cycle print", () => {
    const engine = engineFor("postgresql.conf");
    expect(engine.parseAndRenderSync("{% echo x %} {% cycle x, x %}", { x: "it's" })).toBe("'it''s''it''s'");
  });
});

describe.each(names)("template %s", (name) => {
  it("reads every field of its data and no other", () => {
    expect(templateCoverage(name, samples[name])).toEqual({ unknown: [], unused: [] });
  });

  it("is the same for the same data and ends with one newline", () => {
    const render = (): string => renderTemplate(name, samples[name]);
    expect(render()).toBe(render());
    expect(render()).toMatch(/[^\n]\n$/);
  });
});

it("the coverage helper finds unknown and unused fields", () => {
  const sample = { stack: "x", entries: [{ role: "x", password: "y" }], extra: 1 };
  expect(templateCoverage("pgbouncer/userlist.txt", sample)).toEqual({
    unknown: ["entries.verifier"],
    unused: ["entries.password", "extra"],
  });
});

function conf(setting: { name: string; value: string; comment?: string }): string {
  return renderTemplate("postgres/postgresql.conf", {
    stack: "staging",
    node: "pg1",
    sections: [{ title: "x", settings: [setting] }],
  });
}

function hba(rule: { database: string; comment?: string }): string {
  const rules = [{ type: "local", user: "postgres", method: "peer", ...rule }] as const;
  return renderTemplate("postgres/pg_hba.conf", { stack: "staging", rules });
}
