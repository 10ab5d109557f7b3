import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, describe, expect, it } from "vitest";

import type { Chart } from "../../../src/status/history.ts";
import { chartSpecs, parseAlerts, parseRange, windowFor } from "../../../src/status/history.ts";
import { observeHistory } from "../../../src/status/observe/history.ts";
import { target } from "./fixtures.ts";

const answer = (result: unknown): string => JSON.stringify({ status: "success", data: { resultType: "matrix", result } });
const query = { expression: "x", label: "node" };

describe("series of Prometheus", () => {
  it("are in order of their names, without values that are none", () => {
    const text = answer([
      { metric: { node: "pg10" }, values: [[1, "1"]] },
      { metric: { node: "pg2" }, values: [[1, "0.5"], [16, "NaN"], [31, "+Inf"], [46, "2"]] }, // prettier-ignore
    ]);
    expect(parseRange(text, query).map(({ name, points }) => [name, points])).toEqual([
      [
        "pg2",
        [
          [1, 0.5],
          [46, 2],
        ],
      ],
      ["pg10", [[1, 1]]],
    ]);
  });

  it("keep a node's colour in every chart; a ninth line of a colour, and those of a second query, are dashed", () => {
    const names = Array.from({ length: 10 }, (_, index) => `pg${index + 1}`);
    const of = (...nodes: readonly string[]) =>
      parseRange(answer(nodes.map((node) => ({ metric: { node }, values: [] }))), query, { names });
    expect(of("pg1", "pg2", "pg9").map(({ colour, dashed }) => [colour, dashed])).toEqual([
      [0, false],
      [1, false],
      [0, true],
    ]);
    expect(of("pg2")[0]?.colour).toBe(1);
    expect(parseRange(answer([{ metric: {}, values: [] }]), { ...query, suffix: " waiting" }, { isSecond: true })).toEqual([
      { name: "? waiting", colour: 0, dashed: true, points: [] },
    ]);
  });

  it.each(["", "{}", '{"status":"error","error":"x"}', answer([{ metric: {}, values: [["x"]] }])])("are not read from %j", (text) =>
    expect(() => parseRange(text, query)).toThrow(),
  );

  it("are asked for with the stack's name as a string of PromQL", () => {
    const expressions = chartSpecs('a"b\\c').flatMap(({ queries }) => queries.map(({ expression }) => expression));
    expect(expressions).toHaveLength(5);
    for (const expression of expressions) expect(expression).toContain('stack="a\\"b\\\\c"');
  });

  it("choose the shortest window that shows them all", () => {
    const chart = (first: number): Chart => ({
      ...(chartSpecs("x")[0] as Chart),
      series: [{ name: "a", colour: 0, dashed: false, points: [[first, 1]] }],
    });
    expect([-60, -600, -900, -901, -7200, -99_999].map((first) => windowFor([chart(first)], 0))).toEqual([
      600, 600, 900, 1800, 7200, 10_800,
    ]);
    expect(windowFor([], 0)).toBe(600);
  });
});

describe("alerts of Prometheus", () => {
  const alert = (alertname: string, state: string, labels: object = {}, annotations: object = {}): unknown => ({
    labels: { alertname, ...labels },
    annotations,
    state,
    activeAt: "2026-11-25T11:58:00Z",
    value: "1e+00",
  });

  it("fire first, the worst first, and tell what they are about", () => {
    const alerts = [
      alert("Pending", "pending", { severity: "critical" }),
      alert("Warns", "firing", { severity: "warning", node: "pg2" }),
      alert("Quiet", "inactive"),
      alert("Burns", "firing", { severity: "critical", slot: "pg3", node: "pg1" }, { summary: "it burns" }),
    ];
    expect(parseAlerts(JSON.stringify({ status: "success", data: { alerts } }))).toEqual([
      { name: "Burns", severity: "critical", state: "firing", since: "2026-11-25T11:58:00Z", subject: "pg3", summary: "it burns" },
      { name: "Warns", severity: "warning", state: "firing", since: "2026-11-25T11:58:00Z", subject: "pg2", summary: null },
      { name: "Pending", severity: "critical", state: "pending", since: "2026-11-25T11:58:00Z", subject: null, summary: null },
    ]);
  });
});

describe("a look at Prometheus", () => {
  const open: (() => void)[] = [];
  afterEach(() => {
    for (const close of open.splice(0)) close();
  });
  const { signal } = new AbortController();

  async function withPrometheus(body: string, status = 200): Promise<Parameters<typeof observeHistory>[0]> {
    const server = createServer((request, response) => {
      const isAlerts = request.url === "/api/v1/alerts";
      response.writeHead(status).end(isAlerts ? '{"status":"success","data":{"alerts":[]}}' : body);
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    open.push(() => server.close());
    return { ...target, monitoring: { prometheus: { host: "127.0.0.1", port: (server.address() as AddressInfo).port, container: "x" } } };
  }

  it("gives every chart and its window", async () => {
    const seen = await observeHistory(
      await withPrometheus(answer([{ metric: { node: "pg1" }, values: [[Date.now() / 1000, "1"]] }])),
      signal,
    );
    expect(seen).toMatchObject({
      state: "read",
      alerts: [],
      charts: [{ key: "lag" }, { key: "retained" }, { key: "clients" }, { key: "sessions" }],
    });
    if (seen.state === "read") expect(seen.to - seen.from).toBe(600);
  });

  it("says plainly that there is none, that it does not answer, or not in its language", async () => {
    expect(await observeHistory({ ...target, monitoring: undefined }, signal)).toEqual({ state: "none" });
    expect(await observeHistory(await withPrometheus("", 503), signal)).toEqual({
      state: "silent",
      reason: "HTTP status 503 instead of 200",
    });
    expect(await observeHistory(await withPrometheus("<html>"), signal)).toMatchObject({ state: "silent" });
    const nobody = { ...target, monitoring: { prometheus: { host: "127.0.0.1", port: 1, container: "x" } } };
    expect(await observeHistory(nobody, signal)).toMatchObject({
      state: "silent",
      reason: expect.stringContaining("ECONNREFUSED") as unknown,
    });
  });
});
