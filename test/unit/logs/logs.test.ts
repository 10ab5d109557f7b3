import { describe, expect, it } from "vitest";

import { logsCommand } from "../../../src/cli/logs.ts";
import { parseSince } from "../../../src/cli/logs-options.ts";
import { runProgram } from "../../../src/cli/program.ts";
import type { Engine } from "../../../src/engine/connect.ts";
import { lineFilter } from "../../../src/logs/filter.ts";
import type { LogLine } from "../../../src/logs/line.ts";
import { LineReader } from "../../../src/logs/line.ts";
import { loggedServices } from "../../../src/logs/service.ts";
import { severityOf } from "../../../src/logs/severity.ts";
import { lineWriter } from "../../../src/logs/text.ts";
import { aTarget, someSecrets } from "../check/fixtures.ts";

const at = (second: number): string => `2026-11-25T12:00:0${second}.000000000Z`;

/** A frame as the engine sends it. */
function frame(message: string, stream = 2): Buffer {
  const text = Buffer.from(message);
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(text.length, 4);
  return Buffer.concat([header, text]);
}

describe("lines of a log", () => {
  const sent = Buffer.concat([
    frame(`${at(1)} first größe\n`),
    frame(`${at(2)} begin of a long line, `),
    frame(`${at(3)} of the other stream\r\n`, 1),
    frame(`${at(4)} its end\n`),
    frame(`${at(5)} \n`),
  ]);
  const expected: readonly LogLine[] = [
    { service: "pg1", at: at(1), text: "first größe" },
    { service: "pg1", at: at(3), text: "of the other stream" },
    { service: "pg1", at: at(2), text: "begin of a long line, its end" },
    { service: "pg1", at: at(5), text: "" },
  ];

  it.each([1, 3, 7, 4096])("are put together from pieces of %i bytes", (size) => {
    const reader = new LineReader("pg1");
    const lines: LogLine[] = [];
    for (let from = 0; from < sent.length; from += size) lines.push(...reader.read(sent.subarray(from, from + size)));
    expect(lines).toEqual(expected);
  });
});

describe("severity", () => {
  it.each([
    ["2026-11-25 22:32:54.823 UTC [1] LOG:  received fast shutdown request", "info"],
    ['2026-11-25 22:25:20.204 UTC [53] app@app/psql FATAL:  password authentication failed for user "app"', "error"],
    ["2026-11-25 22:25:20.204 UTC [53] app@app/psql DETAIL:  Connection matched", "more"],
    ["\tinsert into t values ($1)", "more"],
    ["2026-11-25 22:25:20.204 UTC [53] app@app/psql WARNING:  there is no transaction in progress", "warning"],
    ["2026-11-25 22:31:15.890 UTC [1] LOG stats: 0 xacts/s", "info"],
    ["2026-11-25 22:32:54.826 UTC [1] WARNING S-0x55: got packet 'E' from server when not linked", "warning"],
    ["2026-11-25 22:32:54.826 UTC [1] ERROR S-0x55: S: login failed", "error"],
    ["time=2026-11-25T22:25:16.673Z level=INFO source=tls_config.go:353", "info"],
    ["ts=2026-11-25T22:25:16.673Z caller=x level=warn msg=y", "warning"],
    ['{"level":"error","msg":"x"}', "error"],
    ["pgstack: cloning from pg1", "info"],
  ])("of %j is %s", (text, severity) => expect(severityOf(text)).toBe(severity));
});

describe("the choice of lines", () => {
  const lines = (["LOG:  a", "ERROR:  b", "STATEMENT:  c", "\td", "LOG:  e", "DETAIL:  f"] as const).map((text, index) => ({
    service: "pg1",
    at: at(index),
    text,
  }));
  const chosen = (filter: Parameters<typeof lineFilter>[0], of: readonly LogLine[] = lines): readonly string[] => {
    const shown = lineFilter(filter);
    return of.flatMap((line) => shown(line)?.text ?? []);
  };

  it("keeps what belongs to a line with it", () => {
    expect(chosen({ grep: undefined, least: "error" })).toEqual(["ERROR:  b", "STATEMENT:  c", "\td"]);
    expect(chosen({ grep: undefined, least: undefined })).toHaveLength(6);
  });

  it("does not take the lines of another service for its own", () => {
    const other = { service: "pg2", at: at(2), text: "DETAIL:  of pg2" };
    expect(chosen({ grep: undefined, least: "error" }, [...lines.slice(0, 2), other])).toEqual(["ERROR:  b"]);
  });

  it("is by pattern as well", () => {
    expect(chosen({ grep: /[bc]$/, least: undefined })).toEqual(["ERROR:  b", "STATEMENT:  c"]);
  });
});

describe("printed lines", () => {
  const line = { service: "pg1", at: at(1), text: "hello \u001B[2J", severity: "error" } as const;

  it("begin with a name when there are several services, and cannot clear the screen", () => {
    expect(lineWriter(["pg1", "pooler"], { colour: false })(line)).toBe("pg1    | hello \\x1b[2J\n");
    expect(lineWriter(["pg1"], { colour: false })(line)).toBe("hello \\x1b[2J\n");
    expect(lineWriter(["pg1", "pooler"], { colour: true })(line)).toBe("\u001B[36mpg1   \u001B[0m | \u001B[31mhello \\x1b[2J\u001B[0m\n");
  });
});

describe("what can be requested", () => {
  const now = new Date("2026-11-25T12:00:00Z");

  /** Runs `pgstack logs`; the engine has one line of each severity for each container. */
  async function logs(
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string; readonly requested: Readonly<Record<string, unknown>> }> {
    const requested: Record<string, unknown> = {};
    const written = { out: "", err: "" };
    const getContainer = (name: string) => ({
      logs: ({ tail, since }: { readonly tail?: number; readonly since?: number }) => {
        requested[name] = { tail, since };
        return Promise.resolve(
          Buffer.concat(["LOG:  a", "WARNING:  b", "ERROR:  c"].map((text, second) => frame(`${at(second)} ${text}\n`))),
        );
      },
    });
    const described = { target: aTarget({ replicas: 1, exporters: false }), secrets: someSecrets };
    const command = logsCommand({
      load: () => Promise.resolve(described),
      loadBundle: () => described,
      connect: () => Promise.resolve({ info: () => Promise.resolve({}), getContainer } as unknown as Engine),
      environment: {},
    });
    const io = {
      out: (text: string) => void (written.out += text),
      err: (text: string) => void (written.err += text),
      isTerminal: false,
      signal: new AbortController().signal,
    };
    return { code: await runProgram(["logs", ...args, "--stack", "x"], io, [command]), ...written, requested };
  }

  it("are services, by default all", async () => {
    expect((await logs("pg1", "pgbouncer-2")).requested).toEqual({
      "pgstack-test-pg1": { tail: 100, since: undefined },
      "pgstack-test-pgbouncer-2": { tail: 100, since: undefined },
    });
    expect(Object.keys((await logs()).requested)).toEqual([
      "pgstack-test-pg1",
      "pgstack-test-pg2",
      "pgstack-test-pgbouncer-1",
      "pgstack-test-pgbouncer-2",
    ]);
    expect((await logs("pg9")).err).toBe(
      "error: there is no service pg9 (did you mean pg1?); services: pg1, pg2, pgbouncer-1, pgbouncer-2\n  fix: see pgstack logs --help\n",
    );
  });

  it("are a number of lines, or all lines since a time", async () => {
    expect((await logs("pg1", "--tail", "5")).requested).toEqual({ "pgstack-test-pg1": { tail: 5, since: undefined } });
    expect((await logs("pg1", "--tail", "all")).requested).toEqual({ "pgstack-test-pg1": { tail: undefined, since: undefined } });
    const since = now.getTime() / 1000;
    expect((await logs("pg1", "--since", now.toISOString())).requested).toEqual({ "pgstack-test-pg1": { tail: undefined, since } });
    expect((await logs("pg1", "--since", now.toISOString(), "--tail", "1")).requested).toEqual({ "pgstack-test-pg1": { tail: 1, since } });
    expect(parseSince("10m", now)).toBe(since - 600);
  });

  it("are lines of a severity, and lines that match", async () => {
    expect((await logs("pg1", "--severity", "warning")).out).toBe("WARNING:  b\nERROR:  c\n");
    expect((await logs("pg1", "--grep", "[ab]$", "--tail", "1")).out).toBe("WARNING:  b\n");
  });

  it.each([
    [["--since", "yesterday"], `'--since <time>' argument 'yesterday' is invalid. "yesterday" is not a time`],
    [["--since", "2026-99-99"], `'--since <time>' argument '2026-99-99' is invalid. "2026-99-99" is not a time`],
    [["--tail", "-1"], `'--tail <n>' argument '-1' is invalid. "-1" is neither a number nor all`],
    [["--severity", "eror"], "'--severity <word>' argument 'eror' is invalid. Allowed choices are warning, error."],
    [["--grep", "("], "'--grep <regex>' argument '(' is invalid. Invalid regular expression"],
  ])("are not %j", async (args, message) => {
    const { code, err, requested } = await logs(...args);
    expect({ code, requested }).toEqual({ code: 2, requested: {} });
    expect(err).toContain(`error: option ${message}`);
  });

  it("are all containers that the cluster has", () => {
    const target = aTarget({ replicas: 1 });
    const monitoring = { prometheus: { host: "127.0.0.1", port: 9090, container: "pgstack-test-prometheus" }, alertmanager: undefined };
    expect(loggedServices({ ...target, monitoring }).map(({ name, container }) => `${name} ${container}`)).toEqual([
      "pg1 pgstack-test-pg1",
      "pg2 pgstack-test-pg2",
      "pgbouncer-1 pgstack-test-pgbouncer-1",
      "pgbouncer-2 pgstack-test-pgbouncer-2",
      "pg1-exporter pgstack-test-pg1-exporter",
      "pg2-exporter pgstack-test-pg2-exporter",
      "pgbouncer-1-exporter pgstack-test-pgbouncer-1-exporter",
      "pgbouncer-2-exporter pgstack-test-pgbouncer-2-exporter",
      "prometheus pgstack-test-prometheus",
    ]);
    expect(loggedServices({ ...target, exporters: undefined, monitoring: undefined })).toHaveLength(4);
  });
});
