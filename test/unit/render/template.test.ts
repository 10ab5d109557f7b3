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
    role: "replica",
    major: 17,
    leader: "pg1",
    slot: "pg2",
    standbyLimits: "max_connections=100",
    peers: "",
    dataVolume: "pgstack-staging-pg2-data",
    localeOptions: "--locale=C.UTF-8 --locale-provider=builtin",
  },
  "compose/setup.env": {
    stack: "staging",
    major: 17,
    leader: "pg1",
    replicas: "pg2 pg3",
    pooler: "pooler",
    poolerPort: 6432,
    routes: "app|pg1 app_ro|pg2,pg3",
    patience: 120,
    sessionOptions: "-c lock_timeout=0",
  },
  "pgbouncer/pgbouncer.ini": {
    stack: "staging",
    databases: [
      {
        name: "app",
        params: [
          { key: "host", value: "acme-pg1" },
          { key: "port", value: 5432 },
        ],
      },
      {
        name: "app_ro",
        params: [
          { key: "host", value: "acme-pg2,acme-pg3" },
          { key: "connect_query", value: "select 'x'" },
        ],
      },
    ],
    settings: [
      { name: "pool_mode", value: "transaction", comment: "released at commit" },
      { name: "unix_socket_dir", value: "" },
    ],
    users: [{ name: "reporter", params: [{ key: "max_user_connections", value: 5 }] }],
  },
  "exporters/queries.yaml": { stack: "staging", replicas: ["pg2", "pg3"] },
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
[databases]
app = host=acme-pg1 port=5432
app_ro = host=acme-pg2,acme-pg3 connect_query='select ''x'''

[pgbouncer]
; released at commit
pool_mode = transaction
unix_socket_dir = 

[users]
; server connections of a role, all routes together: from stack config
reporter = max_user_connections=5
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
      /^NODE='pg2'\nROLE='replica'\nMAJOR='17'\n[^]*^LOCALE_OPTIONS='--locale=C\.UTF-8 --locale-provider=builtin'\n$/m,
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

    const ini = readIni(renderTemplate("pgbouncer/pgbouncer.ini", samples["pgbouncer/pgbouncer.ini"]));
    expect(ini.get("pgbouncer")?.get("unix_socket_dir")).toBe("");
    expect(readPgbouncerConnstr(ini.get("databases")?.get("app_ro") ?? "")).toEqual([
      ["host", "acme-pg2,acme-pg3"],
      ["connect_query", "select 'x'"],
    ]);

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
      "a second key in a pooler database",
      () =>
        renderTemplate("pgbouncer/pgbouncer.ini", {
          stack: "x",
          databases: [{ name: "app", params: [{ key: "host=x user", value: "y" }] }],
          settings: [],
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
