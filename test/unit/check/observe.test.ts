import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

import { DatabaseError } from "pg";
import { afterEach, describe, expect, it } from "vitest";

import { loginProbes } from "../../../src/check/logins.ts";
import { failed, seen } from "../../../src/check/observation.ts";
import type { Failure } from "../../../src/check/observation.ts";
import { withConnection } from "../../../src/check/observe/connection.ts";
import { startPass } from "../../../src/check/observe/context.ts";
import { isUp, observeExporters } from "../../../src/check/observe/exporters.ts";
import { failureOf } from "../../../src/check/observe/failure.ts";
import { observeMonitoring } from "../../../src/check/observe/monitoring.ts";
import { isSettled } from "../../../src/check/observe/logins.ts";
import { observeCluster } from "../../../src/check/observe/cluster.ts";
import type { CheckService } from "../../../src/target/target.ts";
import { aTarget, noEntry, silence, someSecrets } from "./fixtures.ts";

const target = aTarget({ replicas: 1 });
const open: (() => void)[] = [];

afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  open.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A server that accepts connections and does this with them. */
async function aServer(serve: (socket: Socket) => void): Promise<number> {
  return listen(
    createServer((socket) => {
      socket.on("error", () => undefined);
      open.push(() => socket.destroy());
      serve(socket);
    }),
  );
}

/** A port at which nothing listens. */
async function aFreePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function pass(budgetMs: number, signal = new AbortController().signal): ReturnType<typeof startPass> {
  return startPass(target, someSecrets, { budgetMs, signal });
}

const login = { host: target.accessHost, database: "app", user: "app", password: someSecrets.app };

function databaseError(code: string, message: string): DatabaseError {
  const error = new DatabaseError(message, message.length, "error");
  error.code = code;
  return error;
}

describe("withConnection", () => {
  it("says that nothing listens", async () => {
    const result = await withConnection(pass(2000), { ...login, port: await aFreePort() }, async () => true);
    expect(result).toMatchObject(failed({ kind: "silent", code: "ECONNREFUSED", message: expect.any(String) as string }));
  });

  it("does not wait longer than the pass for a server that says nothing", async () => {
    const port = await aServer(() => undefined);
    const started = performance.now();
    const result = await withConnection(pass(150), { ...login, port }, async () => true);
    expect(result).toMatchObject({ ok: false, failure: { kind: "silent", code: "TIMEOUT" } });
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("says that the server hung up", async () => {
    const port = await aServer((socket) => socket.destroy());
    const result = await withConnection(pass(2000), { ...login, port }, async () => true);
    expect(result).toMatchObject({ ok: false, failure: { kind: "silent" } });
  });

  it("ends at once when aborted", async () => {
    const interruption = new AbortController();
    const port = await aServer(() => interruption.abort());
    const started = performance.now();
    const result = await withConnection(pass(10_000, interruption.signal), { ...login, port }, async () => true);
    expect(result).toMatchObject({ ok: false, failure: { kind: "silent" } });
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("does not connect when the pass is over", async () => {
    let connections = 0;
    const port = await aServer(() => (connections += 1));
    expect(await withConnection(pass(0), { ...login, port }, async () => true)).toMatchObject({ ok: false, failure: { code: "TIMEOUT" } });
    expect(connections).toBe(0);
  });

  it("sends the pooler nothing that it refuses, whatever the shell says", async () => {
    process.env["PGOPTIONS"] = "-c work_mem=1MB";
    open.push(() => delete process.env["PGOPTIONS"]);
    const sent = Promise.withResolvers<string>();
    const port = await aServer((socket) => socket.once("data", (data) => sent.resolve(data.toString("latin1"))));
    const done = withConnection(pass(200), { ...login, port, pooled: true }, async () => true);
    const words = (await sent.promise).slice(8).split("\0");
    expect(words.filter((word) => word !== "")).toEqual([
      "user",
      "app",
      "database",
      "app",
      "application_name",
      "pgstack-check",
      "client_encoding",
      "UTF8",
    ]);
    await done;
  });
});

describe("observeCluster", () => {
  it("ends with the pass and throws nothing when nobody answers", async () => {
    const mute = await aServer(() => undefined);
    const nodes = target.nodes.map((node) => ({ ...node, port: mute }));
    const processes = target.processes.map((process) => ({ ...process, port: mute }));
    const exporters = { nodes: [{ node: "pg1", port: mute, container: "" }], processes };
    const dark = { ...target, nodes, poolerPort: mute, processes, exporters };
    const started = performance.now();
    const signal = new AbortController().signal;
    const observation = await observeCluster(startPass(dark, someSecrets, { budgetMs: 300, signal }), { traces: true, earlier: [] });
    expect(performance.now() - started).toBeLessThan(2000);
    const late = { ok: false, failure: { kind: "silent", code: "TIMEOUT" } };
    expect(observation).toMatchObject({
      nodes: { pg1: late, pg2: late },
      processes: { 1: late, 2: late },
      readRoutes: { 1: late, 2: late },
      heartbeat: { write: late, replicas: {} },
      exporters: { processes: { 1: late, 2: late }, nodes: { pg1: late } },
    });
    expect(observation.logins).toHaveLength(loginProbes(dark).length);
  });
});

describe("failureOf", () => {
  it.each([
    ["28P01", 'password authentication failed for user "app"', "refused"],
    ["28000", "pg_hba.conf rejects connection for host", "refused"],
    ["42501", 'permission denied for database "app"', "refused"],
    ["08P01", "SASL authentication failed", "refused"],
    ["08P01", "not allowed", "refused"],
    ["08P01", "no such user", "refused"],
    ["08P01", "admin access needed", "refused"],
    ["08P01", "server login failed: wrong password type", "refused"],
    ["08P01", "server login has been failing, cached error: password authentication failed for user (server_login_retry)", "refused"],
    ["08P01", "query_wait_timeout", "error"],
    ["08P01", "no such database: app_ro", "error"],
    ["57P03", "the database system is starting up", "starting"],
    ["57P01", "terminating connection due to administrator command", "starting"],
    ["53300", "too many connections for role", "error"],
    ["25006", "cannot execute INSERT in a read-only transaction", "error"],
  ])("takes %s %s as %s", (code, message, kind) => {
    expect(failureOf(databaseError(code, message), someSecrets)).toEqual({ kind, code, message });
  });

  it("takes a broken connection as silence and anything else as an error", () => {
    expect(failureOf(Object.assign(new Error("reset"), { code: "ECONNRESET" }), someSecrets).kind).toBe("silent");
    expect(failureOf(new Error("Query read timeout"), someSecrets)).toMatchObject({ kind: "silent", code: "TIMEOUT" });
    expect(failureOf(new Error("Connection terminated unexpectedly"), someSecrets)).toMatchObject({ kind: "silent", code: "CLOSED" });
    expect(failureOf(new TypeError("undefined is not a function"), someSecrets).kind).toBe("error");
  });

  it("names all addresses that were tried", () => {
    const tried = Object.assign(new AggregateError([new Error("::1 refused"), new Error("127.0.0.1 refused")]), { code: "ECONNREFUSED" });
    expect(failureOf(tried, someSecrets)).toEqual({ kind: "silent", code: "ECONNREFUSED", message: "::1 refused; 127.0.0.1 refused" });
  });

  it("holds no password", () => {
    const { message } = failureOf(new Error(`could not use ${someSecrets.app} or ${someSecrets.pgbouncer}`), someSecrets);
    expect(message).toBe("could not use *** or ***");
  });
});

describe("loginProbes", () => {
  it("tries every role where it must get in and where it must not", () => {
    const of = (expected: string): readonly string[] =>
      loginProbes(target)
        .filter(
          ({ expect: expectation, place }) =>
            expectation === expected && (place.kind === "node" ? place.node !== "pg2" : place.process !== 2),
        )
        .map(({ key }) => key);
    expect(of("accepted")).toMatchInlineSnapshot(`
      [
        "app at pg1",
        "monitoring at pg1",
        "monitoring at pg1 (database postgres)",
        "replicator at pg1 (for replication)",
        "app at write route app (pgbouncer-1)",
        "app at read route app_ro (pgbouncer-1)",
        "pgbouncer at the console of pgbouncer-1",
        "monitoring at the console of pgbouncer-1",
      ]
    `);
    expect(of("refused")).toMatchInlineSnapshot(`
      [
        "postgres at pg1 (over TCP)",
        "replicator at pg1 (database app)",
        "app at pg1 (database postgres)",
        "app at pg1 (with a wrong password)",
        "monitoring at pg1 (with a wrong password)",
        "replicator at pg1 (with a wrong password)",
        "app at write route app (pgbouncer-1, with a wrong password)",
        "app at the console of pgbouncer-1",
        "pgbouncer at the console of pgbouncer-1 (with a wrong password)",
        "monitoring at the console of pgbouncer-1 (with a wrong password)",
        "monitoring at the console of pgbouncer-1 (for an admin command)",
      ]
    `);
  });

  it("tries the same at every process of the pooler, each at its own port", () => {
    const three = aTarget({ replicas: 3 });
    const at = (number: number) => loginProbes(three).filter(({ place }) => place.kind !== "node" && place.process === number);
    for (const { number, port } of three.processes) {
      expect(at(number).map(({ key }) => key.replaceAll(`pgbouncer-${number}`, "pgbouncer-1"))).toEqual(at(1).map(({ key }) => key));
      for (const probe of at(number)) expect(probe.port).toBe(port);
    }
    expect(three.processes.reduce((sum, { number }) => sum + at(number).length, 0)).toBe(
      loginProbes(three).filter(({ place }) => place.kind !== "node").length,
    );
  });

  it("has unique keys", () => {
    const keys = loginProbes(aTarget({ replicas: 5 })).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("is settled by a proof alone", () => {
    const [accepted, refused] = ["accepted", "refused"].map((expected) => loginProbes(target).find((probe) => probe.expect === expected));
    if (accepted === undefined || refused === undefined) throw new Error("no probes");
    expect(isSettled({ probe: accepted, result: seen(true) })).toBe(true);
    expect(isSettled({ probe: accepted, result: failed(noEntry) })).toBe(false);
    expect(isSettled({ probe: refused, result: failed(noEntry) })).toBe(true);
    expect(isSettled({ probe: refused, result: seen(true) })).toBe(true);
    expect(isSettled({ probe: refused, result: failed(silence) })).toBe(false);
  });
});

describe("observeExporters", () => {
  it.each([
    ["pg_up 1", true],
    ["# HELP pg_up Whether it is up.\n# TYPE pg_up gauge\npg_up 0\n", false],
    ['pg_up{server="a b"} 1', true],
    ["pg_up_total 1", undefined],
    ["", undefined],
  ])("reads %j as %s", (text, expected) => {
    expect(isUp(text, "pg_up")).toBe(expected);
  });

  it("reads metrics, and says what is not one", async () => {
    const good = await listen(createHttpServer((_, response) => response.end("pg_up 1\nprocess_start_time_seconds 1.7e+09\n")));
    const bad = await listen(createHttpServer((_, response) => response.writeHead(500).end()));
    const exporters = {
      nodes: [
        { node: "pg1", port: good, container: "" },
        { node: "pg2", port: bad, container: "" },
      ],
      processes: [
        { number: 1, port: await listen(createHttpServer((_, response) => response.end("pgbouncer_up 0\n"))), container: "" },
        { number: 2, port: await aFreePort(), container: "" },
      ],
    };
    expect(await observeExporters(pass(2000), exporters)).toMatchObject({
      nodes: {
        pg1: seen({ up: true, startedAt: 1.7e9 }),
        pg2: { ok: false, failure: { kind: "error", message: "HTTP status 500 instead of 200" } },
      },
      processes: { 1: seen({ up: false }), 2: { ok: false, failure: { kind: "silent", code: "ECONNREFUSED" } } },
    });
  });
});

describe("observeMonitoring", () => {
  /** An HTTP server that gives these answers by path, and 503 otherwise. */
  async function aService(answers: Readonly<Record<string, unknown>>): Promise<CheckService> {
    const server = createHttpServer((request, response) => {
      const answer = answers[(request.url ?? "").replace(/\?.*/, "")];
      response.writeHead(answer === undefined ? 503 : 200).end(answer === undefined ? "" : JSON.stringify(answer));
    });
    return { host: "127.0.0.1", port: await listen(server), container: "pgstack-test-prometheus" };
  }
  const labels = { job: "postgres", node: "pg2", instance: "pg2-exporter:9187" };
  const targets = (health: string, lastError: string): unknown => ({
    data: { activeTargets: [{ labels, health, lastError, scrapeInterval: "15s" }] },
  });
  const vector = (...result: unknown[]): unknown => ({ data: { result } });
  const rules = (health: string): unknown => ({ data: { groups: [{ rules: [{ name: "Lag", health, lastError: "bad" }] }] } });

  it("names targets that are down and rules that fail", async () => {
    const prometheus = await aService({
      "/api/v1/targets": targets("down", "connection refused"),
      "/api/v1/rules": rules("err"),
      "/api/v1/query": vector({ metric: labels, value: [1700000020.5, "1700000000.25"] }),
    });
    expect(await observeMonitoring(pass(1000), { prometheus })).toEqual({
      prometheus: seen({
        downTargets: [{ job: "postgres", node: "pg2", error: "connection refused", since: 1700000000.25 }],
        brokenRules: [{ name: "Lag", error: "bad" }],
      }),
    });
  });

  it("knows the process of the pooler that a target is about", async () => {
    const of = { job: "pooler", process: "pgbouncer-2", instance: "pgbouncer-2-exporter:9127" };
    const prometheus = await aService({
      "/api/v1/targets": { data: { activeTargets: [{ labels: of, health: "down", lastError: "refused", scrapeInterval: "15s" }] } },
      "/api/v1/rules": rules("ok"),
      "/api/v1/query": vector({ metric: of, value: [1700000020.5, "1700000000.25"] }),
    });
    expect(await observeMonitoring(pass(1000), { prometheus })).toEqual({
      prometheus: seen({ downTargets: [{ job: "pooler", process: 2, error: "refused", since: 1700000000.25 }], brokenRules: [] }),
    });
  });

  it("does not report a target that could be read the time before", async () => {
    const prometheus = await aService({
      "/api/v1/targets": targets("down", "connection refused"),
      "/api/v1/rules": rules("ok"),
      "/api/v1/query": vector(),
    });
    expect(await observeMonitoring(pass(1000), { prometheus })).toEqual({ prometheus: seen({ downTargets: [], brokenRules: [] }) });
  });

  it("takes what was not read or evaluated yet for right", async () => {
    const prometheus = await aService({ "/api/v1/targets": targets("unknown", ""), "/api/v1/rules": rules("unknown") });
    expect(await observeMonitoring(pass(1000), { prometheus })).toEqual({ prometheus: seen({ downTargets: [], brokenRules: [] }) });
  });

  it("asks Alertmanager and Grafana whether they serve, and says why one does not", async () => {
    const prometheus = { host: "127.0.0.1", port: await aFreePort(), container: "x" };
    const alertmanager = await aService({ "/-/ready": "OK" });
    const grafana = await aService({});
    expect(await observeMonitoring(pass(1000), { prometheus, alertmanager, grafana })).toEqual({
      prometheus: failed(expect.objectContaining({ kind: "silent", code: "ECONNREFUSED" }) as Failure),
      alertmanager: seen(true),
      grafana: failed(expect.objectContaining({ message: "HTTP status 503 instead of 200" }) as Failure),
    });
  });

  it("says so when something else answers there", async () => {
    const prometheus = await aService({ "/api/v1/targets": { hello: "world" }, "/api/v1/rules": rules("ok") });
    expect((await observeMonitoring(pass(1000), { prometheus })).prometheus.ok).toBe(false);
  });
});
