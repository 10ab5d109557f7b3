import { describe, expect, it } from "vitest";

import { evaluate } from "../../../src/check/evaluate.ts";
import type { FindingCode } from "../../../src/check/findings.ts";
import { findingKinds } from "../../../src/check/finding-kinds.ts";
import { exitCode, exitCodes, findingsText, reportJson, reportText } from "../../../src/check/report.ts";
import { reportOf } from "../../../src/check/result.ts";
import type { CheckReport } from "../../../src/check/result.ts";
import { faults } from "./faults.ts";
import { all, anObservation, aTarget, facts, noFacts, silence } from "./fixtures.ts";
import type { Change } from "./fixtures.ts";

const target = aTarget({ replicas: 2 });

function aReport(change: Change = all(), attempts = 1): CheckReport {
  const observation = change(anObservation(target));
  return reportOf(target, observation, { findings: evaluate(target, observation), attempts, durationMs: 1234.5 });
}

function fault(name: string, node: string): Change {
  return faults.find((candidate) => candidate.name === name)?.change(target, node) ?? all();
}

describe("reportText", () => {
  it("shows a healthy cluster as a table", () => {
    expect(reportText(aReport())).toMatchInlineSnapshot(`
      "test: healthy, after 1.2 s
      system identifier 7710492325569105940, PgBouncer 1.24.1

      node  role     version  timeline  lag    heartbeat
      pg1   leader   17.6     1         -      -
      pg2   replica  17.6     1         328 B  3.1 ms
      pg3   replica  17.6     1         328 B  3.1 ms
      "
    `);
  });

  it("says what is wrong, what was expected and what to do", () => {
    const broken = all(
      fault("replica stopped", "pg3"),
      fault("replay paused", "pg2"),
      facts("pg1", { pendingRestart: ["max_connections", "shared_buffers"] }),
    );
    expect(reportText(aReport(broken, 7))).toMatchInlineSnapshot(`
      "test: not healthy, 2 errors, 1 warning, after 1.2 s and 7 attempts
      system identifier 7710492325569105940, PgBouncer 1.24.1

      node  role     version  timeline  lag    heartbeat
      pg1   leader   17.6     1         -      -
      pg2   replica  17.6     1         328 B  -
      pg3   -        -        -         -      -

      error node-unreachable: pg3: node does not answer
        observed: connect ECONNREFUSED (ECONNREFUSED)
        expected: answers queries
        fix: Find the reason: docker logs --tail 50 pgstack-test-pg3. To start it, after a check of which node leads: pulumi up --refresh --stack test

      error replay-paused: pg2: replica receives changes but does not apply them
        observed: replay is paused
        expected: replay is not paused
        fix: As a superuser on pg2: select pg_wal_replay_resume(). If it was not paused by hand, a setting is lower than the leader's: docker logs --tail 50 pgstack-test-pg2

      warning restart-pending: pg1: settings wait for a restart
        observed: max_connections, shared_buffers
        expected: no setting waits for a restart
        fix: Deploy again to restart servers one at a time, in the right order: pulumi up --refresh --stack test
      "
    `);
  });

  it("uses colours only on request", () => {
    const broken = aReport(fault("replay paused", "pg2"));
    expect(reportText(broken)).not.toContain("\u001B");
    expect(reportText(broken, { colour: true })).toContain("\u001B[31mnot healthy\u001B[0m");
  });

  it.each([
    ["0/3000148", "0/3000148", "0 B"],
    ["0/3000148", "0/3000000", "328 B"],
    ["1/0", "0/FFFFFC00", "1 kB"],
    ["2/80000000", "0/0", "10 GB"],
    ["0/3000000", "0/3000600", "0 B"],
    ["0/3000600", "0/3000000", "1.5 kB"],
  ])("gives the lag from %s to %s as %s", (written, replayed, text) => {
    const lagging = all(facts("pg1", { lsn: written }), facts("pg2", { lsn: replayed }));
    const row = reportText(aReport(lagging))
      .split("\n")
      .find((line) => line.startsWith("pg2"));
    expect(row).toContain(`  ${text}  `);
  });
});

describe("findingsText", () => {
  it("gives each finding four lines", () => {
    expect(findingsText(aReport(fault("replica stopped", "pg3")).findings)).toMatchInlineSnapshot(`
      "error node-unreachable: pg3: node does not answer
        observed: connect ECONNREFUSED (ECONNREFUSED)
        expected: answers queries
        fix: Find the reason: docker logs --tail 50 pgstack-test-pg3. To start it, after a check of which node leads: pulumi up --refresh --stack test"
    `);
  });
});

describe("reportJson", () => {
  it("keeps its keys when nothing was seen", () => {
    const dark = aReport(all(...target.nodes.map(({ name }) => noFacts(name, silence))));
    const parsed: unknown = JSON.parse(reportJson(dark));
    expect(parsed).toMatchObject({
      ok: false,
      systemIdentifier: null,
      attempts: 1,
      durationMs: 1235,
      nodes: [
        { name: "pg1", role: "leader", version: null, timeline: null, lagBytes: null, heartbeatMs: null },
        { name: "pg2" },
        { name: "pg3" },
      ],
    });
  });

  it("gives what was seen", () => {
    expect(JSON.parse(reportJson(aReport()))).toMatchObject({
      stack: "test",
      ok: true,
      findings: [],
      systemIdentifier: "7710492325569105940",
      poolerVersion: "1.24.1",
      nodes: [
        { name: "pg1", role: "leader", version: "17.6", timeline: 1, lagBytes: null, heartbeatMs: null },
        { name: "pg2", role: "replica", version: "17.6", timeline: 1, lagBytes: 328, heartbeatMs: 3.1 },
        { name: "pg3", role: "replica" },
      ],
    });
  });
});

describe("exitCode", () => {
  const withCodes = (...codes: readonly FindingCode[]): Pick<CheckReport, "findings"> => ({
    findings: codes.map((code) => ({
      code,
      severity: findingKinds[code].severity,
      node: undefined,
      observed: "",
      expected: "",
      action: "",
    })),
  });

  it.each([
    [[], 0],
    [["restart-pending", "slot-undeclared"], 0],
    [["node-unreachable"], 10],
    [["replica-behind"], 11],
    [["read-route-stray"], 12],
    [["login-accepted"], 13],
    [["exporter-target-down"], 14],
    [["version-differs"], 15],
    [["restart-pending", "exporter-unreachable"], 14],
    [["exporter-unreachable", "login-refused", "slot-missing"], 11],
  ] as const)("for %j is %i", (codes, expected) => {
    expect(exitCode(withCodes(...codes))).toBe(expected);
  });

  it("is another one for each class and none that has another meaning", () => {
    const codes = Object.values(exitCodes);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toBeGreaterThan(2);
  });
});
