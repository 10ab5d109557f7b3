import { PassThrough } from "node:stream";

import { describe, expect, it } from "vitest";

import type { Context } from "../../../provider/kind.ts";
import { hasOtherSettings, reasonsIn, trySettings } from "../../../provider/reload/trial.ts";
import type { Engine } from "../../../src/engine/connect.ts";

const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };

/** An engine whose containers print this and end; what was made and what is still there. */
function anEngine(output: string): { readonly engine: Engine; readonly made: { readonly name: string }[]; readonly present: Set<string> } {
  const made: { readonly name: string }[] = [];
  const present = new Set<string>();
  const engine = {
    listContainers: async () => [],
    createContainer: async (spec: { readonly name: string }) => {
      made.push(spec);
      present.add(spec.name);
      const stream = new PassThrough();
      return {
        putArchive: async () => undefined,
        attach: async () => stream,
        start: async () => stream.end(output),
        remove: async () => present.delete(spec.name),
      };
    },
    modem: { demuxStream: (from: PassThrough, to: PassThrough) => from.on("data", (data) => to.write(data)) },
  } as unknown as Engine;
  return { engine, made, present };
}

const files = (settings: string): Record<string, string> => ({ "postgresql.conf": `# of a node\n${settings}\n`, "node.env": "MAJOR=17\n" });

const aTrial = (node: string, settings: string): Parameters<typeof trySettings>[2] => ({
  container: `pgstack-test-${node}`,
  image: "postgres:17",
  files: files(`${settings}\ncluster_name = '${node}'`),
});

describe("a trial of settings", () => {
  it("is asked for when a server would get others, and not for comments or what names a node", () => {
    const now = "# a\nwork_mem = '4MB'\ncluster_name = 'pg1'\n";
    expect(hasOtherSettings(now, { "postgresql.conf": "# b\n\nwork_mem = '4MB'\ncluster_name = 'pg2'\n" })).toBe(false);
    expect(hasOtherSettings(now, { "postgresql.conf": "work_mem = '5MB'\ncluster_name = 'pg1'\n" })).toBe(true);
    // The first start proves itself, and nothing runs that it could harm.
    expect(hasOtherSettings(undefined, { "postgresql.conf": now })).toBe(false);
  });

  it("is one for all nodes with the same settings, in a container that bears a node's name and is gone afterwards", async () => {
    const { engine, made, present } = anEngine("LOG:  ready\naccepted\n");
    await Promise.all(["pg1", "pg2", "pg3"].map((node) => trySettings(context, engine, aTrial(node, "work_mem = '5MB'"))));
    await trySettings(context, engine, aTrial("pg4", "work_mem = '5MB'"));
    expect(made).toMatchObject([
      {
        Image: "postgres:17",
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
    const attempt = (): Promise<void> => trySettings(context, engine, aTrial("pg1", "lc_messages = 'en_US.UTF-8'"));
    await expect(attempt()).rejects.toThrow(
      'pgstack-test-pg1: PostgreSQL does not start and serve with these settings: invalid value for parameter "lc_messages": "en_US.UTF-8"\n',
    );
    await expect(attempt()).rejects.toThrow("lc_messages");
    expect(made).toHaveLength(2);
    expect(present).toEqual(new Set());
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
    expect(reasonsIn(log)).toBe(reasons);
  });
});
