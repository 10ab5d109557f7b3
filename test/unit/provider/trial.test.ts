import { PassThrough, Readable } from "node:stream";

import { extract } from "tar-stream";
import { describe, expect, it } from "vitest";

import type { Context } from "../../../provider/kind.ts";
import { trialOf } from "../../../provider/reload/trial-servers.ts";
import { hasOtherFiles, reasonsIn, tryFiles } from "../../../provider/reload/trial.ts";
import type { TriedServer } from "../../../provider/reload/trial-servers.ts";
import type { Trial } from "../../../provider/reload/trial.ts";
import type { Engine } from "../../../src/engine/connect.ts";

const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };

/** An engine whose containers print this and end; what was made and what is still there. */
function anEngine(output: string): {
  readonly engine: Engine;
  readonly made: { readonly name: string }[];
  readonly present: Set<string>;
  /** Names of files that were given to them. */
  readonly sent: string[];
} {
  const sent: string[] = [];
  const made: { readonly name: string }[] = [];
  const present = new Set<string>();
  const engine = {
    listContainers: async () => [],
    createContainer: async (spec: { readonly name: string }) => {
      made.push(spec);
      present.add(spec.name);
      const stream = new PassThrough();
      return {
        putArchive: async (body: Buffer) => {
          const reader = extract();
          Readable.from([body]).pipe(reader);
          for await (const entry of reader) {
            if (entry.header.type === "file") sent.push(entry.header.name);
            entry.resume();
          }
        },
        attach: async () => stream,
        start: async () => stream.end(output),
        remove: async () => present.delete(spec.name),
      };
    },
    modem: { demuxStream: (from: PassThrough, to: PassThrough) => from.on("data", (data) => to.write(data)) },
  } as unknown as Engine;
  return { engine, made, present, sent };
}

type Texts = Readonly<Record<string, string>>;

function aTrialOf(server: TriedServer, plain: Texts, secret: Texts = {}, container = `pgstack-test-${server}`): Trial {
  const files = [plain, secret].flatMap((texts, index) =>
    Object.entries(texts).map(([path, content]) => ({ path, content, mode: 0o644, isSecret: index === 1 })),
  );
  return { server, container, image: `${server}:1`, files };
}

const aTrial = (node: string, settings: string): Trial =>
  aTrialOf(
    "postgres",
    { "postgresql.conf": `# of a node\n${settings}\ncluster_name = '${node}'\n`, "node.env": "MAJOR=17\n" },
    { "replicator.pgpass": "secret" },
    `pgstack-test-${node}`,
  );

const holding = (texts: Texts): Parameters<typeof hasOtherFiles>[1] =>
  new Map(Object.entries(texts).map(([path, content]) => [path, { path, content, mode: 0o644 }]));

describe("a trial", () => {
  it("of settings is asked for when a server would get others, and not for comments or what names a node", () => {
    const now = holding({ "postgresql.conf": "# a\nwork_mem = '4MB'\ncluster_name = 'pg1'\n" });
    const wanted = (text: string): Trial => aTrialOf("postgres", { "postgresql.conf": text });
    expect(hasOtherFiles(wanted("# b\n\nwork_mem = '4MB'\ncluster_name = 'pg2'\n"), now)).toBe(false);
    expect(hasOtherFiles(wanted("work_mem = '5MB'\ncluster_name = 'pg1'\n"), now)).toBe(true);
  });

  it("of other servers is asked for when a file is another one that they read", () => {
    const now = holding({ "pgbouncer.ini": "a", "userlist.txt": "b", "left-over.pl": "c" });
    expect(hasOtherFiles(aTrialOf("pgbouncer", { "pgbouncer.ini": "a" }, { "userlist.txt": "b" }), now)).toBe(false);
    expect(hasOtherFiles(aTrialOf("pgbouncer", { "pgbouncer.ini": "a" }, { "userlist.txt": "c" }), now)).toBe(true);
    expect(hasOtherFiles(aTrialOf("pgbouncer", { "pgbouncer.ini": "A" }, { "userlist.txt": "b" }), now)).toBe(true);
    const alerts = holding({ "alertmanager.yml": "a", "alert-webhook.url": "b" });
    expect(hasOtherFiles(aTrialOf("alertmanager", { "alertmanager.yml": "a" }, { "alert-webhook.url": "c" }), alerts)).toBe(false);
    expect(hasOtherFiles(aTrialOf("prometheus", { "rules.yml": "c" }), holding({ "rules.yml": "b" }))).toBe(true);
  });

  it.each<[TriedServer, readonly string[]]>([
    ["postgres", ["plain", "trial.sh"]],
    ["pgbouncer", ["plain", "userlist.txt", "trial.pl"]],
    ["prometheus", ["plain", "trial.sh"]],
    ["alertmanager", ["plain", "trial.sh"]],
  ])("of %s is given no secret that it does not need", async (server, given) => {
    const { engine, sent } = anEngine("accepted\n");
    await tryFiles(context, engine, aTrialOf(server, { plain: `of ${server}` }, { "userlist.txt": "verifier", "a.password": "secret" }));
    expect(sent).toEqual(given.map((path) => `pgstack/${path}`));
  });

  it("of settings is one for all nodes with the same ones, in a container that bears a node's name and is gone afterwards", async () => {
    const { engine, made, present } = anEngine("LOG:  ready\naccepted\n");
    await Promise.all(["pg1", "pg2", "pg3"].map((node) => tryFiles(context, engine, aTrial(node, "work_mem = '5MB'"))));
    await tryFiles(context, engine, aTrial("pg4", "work_mem = '5MB'"));
    expect(made).toMatchObject([
      {
        Image: "postgres:1",
        User: "999:999",
        HostConfig: { AutoRemove: true, NetworkMode: "none", CapDrop: ["ALL"], SecurityOpt: ["no-new-privileges"] },
      },
    ]);
    expect(made[0]?.name).toMatch(/^pgstack-test-pg1-trial-[0-9a-f]{8}$/);
    expect(present).toEqual(new Set());
  });

  it("that fails says why in the server's own words, and is made again the next time", async () => {
    const { engine, made, present } = anEngine(
      'x LOG:  invalid value for parameter "lc_messages": "en_US.UTF-8"\nx FATAL:  configuration file "/etc/pgstack/postgresql.conf" contains errors\n',
    );
    const attempt = (): Promise<void> => tryFiles(context, engine, aTrial("pg1", "lc_messages = 'en_US.UTF-8'"));
    await expect(attempt()).rejects.toThrow(
      'pgstack-test-pg1: PostgreSQL does not start and serve with these settings: invalid value for parameter "lc_messages": "en_US.UTF-8"\n',
    );
    await expect(attempt()).rejects.toThrow("lc_messages");
    expect(made).toHaveLength(2);
    expect(present).toEqual(new Set());
  });

  it("that fails says so of each server", async () => {
    const { engine } = anEngine("x ERROR broken auth file\n");
    await expect(tryFiles(context, engine, aTrialOf("pgbouncer", { "pgbouncer.ini": "a" }))).rejects.toThrow(
      "pgstack-test-pgbouncer: PgBouncer does not start and serve with these files: broken auth file\n  fix: correct what the stack file gives to it, or its image; no server has been given it",
    );
  });
});

describe("the reasons in a server's log", () => {
  it.each([
    [
      '2026-01-02 03:04:05.678 GMT [20] FATAL:  could not access file "none_such": No such file or directory\n2026-01-02 03:04:05.678 GMT [20] LOG:  database system is shut down\n',
      'could not access file "none_such": No such file or directory',
    ],
    [
      'x postgres@postgres/psql FATAL:  could not access file "y"\npsql: error: connection to server on socket "/run/z" failed: FATAL:  could not access file "y"\n',
      'could not access file "y"',
    ],
    [
      'x LOG:  starting PostgreSQL 17.6\nx LOG:  invalid value for parameter "a": "b"\nx LOG:  invalid value for parameter "c": "d"\nx FATAL:  configuration file "f" contains errors\n',
      'invalid value for parameter "a": "b"; invalid value for parameter "c": "d"',
    ],
    ['x FATAL:  configuration file "f" contains errors\n', 'configuration file "f" contains errors'],
    ["trial.sh: line 14: initdb: command not found\n", "trial.sh: line 14: initdb: command not found"],
  ])("of %j are %j", (log, reasons) => {
    expect(reasonsIn(trialOf.postgres, log)).toBe(reasons);
  });
  it.each<[TriedServer, string, string]>([
    [
      "pgbouncer",
      '2026 UTC [11] ERROR unknown parameter: pgbouncer/no_such\n2026 UTC [11] ERROR invalid value "1" for parameter no_such in configuration (/etc/pgstack/pgbouncer.ini:12)\n2026 UTC [11] FATAL cannot load config file\n',
      'unknown parameter: pgbouncer/no_such; invalid value "1" for parameter no_such in configuration (/etc/pgstack/pgbouncer.ini:12)',
    ],
    ["pgbouncer", "2026 UTC [64] ERROR broken auth file\n2026 UTC [64] LOG process up: PgBouncer 1.24.1\n", "broken auth file"],
    [
      "prometheus",
      'level=error component="rule manager" msg="loading groups failed" err="/etc/pgstack/rules.yml: group \\"a\\": unclosed action"\nlevel=error msg="Failed to apply configuration" err="error loading rules, previous rule set restored"\nlevel=error err="error loading config from \\"/etc/pgstack/prometheus.yml\\": one or more errors occurred while applying the new configuration"\n',
      '/etc/pgstack/rules.yml: group "a": unclosed action',
    ],
    [
      "alertmanager",
      'level=ERROR source=coordinator.go:117 msg="Loading configuration file failed" err="undefined receiver \\"nope\\" used in route"\n',
      'undefined receiver "nope" used in route',
    ],
  ])("of %s are its own words: %j", (server, log, reasons) => {
    expect(reasonsIn(trialOf[server], log)).toBe(reasons);
  });
});
