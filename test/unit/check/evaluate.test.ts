import { describe, expect, it } from "vitest";

import { evaluate } from "../../../src/check/evaluate.ts";
import { findingKinds } from "../../../src/check/finding-kinds.ts";
import { failed, seen } from "../../../src/check/observation.ts";
import { faults } from "./faults.ts";
import type { Fault } from "./faults.ts";
import {
  aTarget,
  all,
  anObservation,
  exporterAt,
  facts,
  isThrough,
  lateness,
  logins,
  sending,
  monitoring,
  noConsole,
  noFacts,
  noRead,
  readRoute,
  silence,
} from "./fixtures.ts";
import type { Change } from "./fixtures.ts";

const target = aTarget({ replicas: 3 });

function findings(change: Change, of = target): readonly string[] {
  return evaluate(of, change(anObservation(of))).map(({ code, node }) => (node === undefined ? code : `${code} ${node}`));
}

function fault(name: string): Fault {
  const known = faults.find((candidate) => candidate.name === name);
  if (known === undefined) throw new Error(`no fault "${name}"`);
  return known;
}

describe("evaluate", () => {
  it.each([0, 1, 3])("finds nothing wrong with a healthy cluster of %i replicas", (replicas) => {
    const healthy = aTarget({ replicas });
    expect(evaluate(healthy, anObservation(healthy))).toEqual([]);
  });

  it.each(faults)("names one fault once: $name", ({ code, at, named = at !== "cluster", change, wish }) => {
    const node = at === "replica" ? "pg3" : target.leader;
    const [finding, ...others] = evaluate({ ...target, wish }, change(target, node)(anObservation(target)));
    expect(others).toEqual([]);
    expect(finding?.code).toBe(code);
    if (at !== "cluster") expect(finding?.node).toBe(named ? node : undefined);
  });

  it("has a fault for every code", () => {
    expect([...new Set(faults.map(({ code }) => code))].toSorted()).toEqual(Object.keys(findingKinds).toSorted());
  });

  it.each(faults)("leaves no placeholder in what it says: $name", ({ at, change, wish }) => {
    const [finding] = evaluate({ ...target, wish }, change(target, at === "replica" ? "pg3" : target.leader)(anObservation(target)));
    expect(JSON.stringify(finding)).not.toMatch(/\{\w+\}|undefined/);
  });

  it("names two faults at two nodes", () => {
    const both = all(fault("replay paused").change(target, "pg2"), fault("replica stopped").change(target, "pg4"));
    expect(findings(both)).toEqual(["node-unreachable pg4", "replay-paused pg2"]);
  });

  it("names a fault at another node while the leader is stopped", () => {
    const both = all(fault("leader stopped").change(target, "pg1"), fault("another major version").change(target, "pg2"));
    expect(findings(both)).toEqual(["node-unreachable pg1", "version-differs pg2"]);
  });

  it("names all nodes that the read route misses in one finding", () => {
    const [finding] = evaluate(target, readRoute(() => seen({ node: "pg2", inRecovery: true }))(anObservation(target)));
    expect(finding).toMatchObject({
      code: "read-route-incomplete",
      node: undefined,
      observed: "no process reaches pg3, pg4: pgbouncer-1 reaches pg2, pgbouncer-2 reaches pg2, pgbouncer-3 reaches pg2",
    });
  });

  it("takes the leader on the read route as a stray, and as right without replicas", () => {
    const leads = readRoute(() => seen({ node: "pg1", inRecovery: false }), [2]);
    expect(findings(leads)).toEqual(["read-route-stray pg1"]);
    const single = aTarget({ replicas: 0 });
    expect(
      findings(
        readRoute(() => seen({ node: "pg1", inRecovery: false })),
        single,
      ),
    ).toEqual([]);
  });

  it("names the processes of the pooler that do not answer, and still what is wrong at the others", () => {
    const stopped = fault("one process of the pooler stopped").change(target, "");
    expect(evaluate(target, stopped(anObservation(target)))).toMatchObject([
      { code: "pooler-unreachable", observed: "pgbouncer-1: connect ECONNREFUSED (ECONNREFUSED)" },
    ]);
    const both = all(stopped, noConsole(silence, [3]));
    expect(evaluate(target, both(anObservation(target)))).toMatchObject([
      { code: "pooler-unreachable", observed: "pgbouncer-1, pgbouncer-3: connect ECONNREFUSED (ECONNREFUSED)" },
    ]);
    for (const [name, code] of [
      ["one process of the pooler paused", "pooler-paused"],
      ["wrong password in one process of the pooler", "login-refused"],
      ["exporter of one process of the pooler stopped", "exporter-unreachable"],
    ] as const)
      expect(findings(all(stopped, fault(name).change(target, ""))).toSorted()).toEqual([code, "pooler-unreachable"].toSorted());
    const mute = all(noRead(lateness, [2]), logins(isThrough("read", [2]), failed(lateness)));
    expect(findings(all(stopped, mute))).toEqual(["read-route-failed", "pooler-unreachable"]);
  });

  it.each([
    ["read route of one process broken", "read-route-failed", "pgbouncer-1"],
    ["one process of the pooler stopped", "pooler-unreachable", "pgbouncer-1"],
    ["one process of the pooler paused", "pooler-paused", "pgbouncer-2"],
    ["wrong password in one process of the pooler", "login-refused", "pgbouncer-2"],
    ["exporter of a process that Prometheus does not reach", "prometheus-target-down", "pgbouncer-2"],
  ])("says at which process of the pooler it is, and at which it is not: %s", (name, code, process) => {
    const found = evaluate(target, fault(name).change(target, "")(anObservation(target))).find((finding) => finding.code === code);
    expect(found?.observed.match(/pgbouncer-\d/g)).toContain(process);
    expect(new Set(JSON.stringify(found).match(/pgbouncer-\d/g))).toEqual(new Set([process]));
  });

  it("does not take a base backup for a replica", () => {
    const backup = sending(target, ({ slots, senders }) => ({
      slots,
      senders: [...senders, { applicationName: "pg_basebackup", state: "streaming" }],
    }));
    expect(findings(backup)).toEqual([]);
    const instead = sending(target, ({ slots, senders }) => ({
      slots,
      senders: senders.map((sender) => (sender.applicationName === "pg2" ? { ...sender, applicationName: "pg_basebackup" } : sender)),
    }));
    expect(findings(instead)).toEqual(["replica-not-streaming pg2"]);
  });

  it("accepts a logical slot of a replica's name as no slot for it", () => {
    const logical = sending(target, ({ slots, senders }) => ({
      senders,
      slots: slots.map((slot) => (slot.name === "pg2" ? { ...slot, type: "logical" } : slot)),
    }));
    expect(findings(logical)).toEqual(["slot-missing pg2"]);
  });

  it("calls differing minor versions a warning and another major version an error", () => {
    const severities = (change: Change): readonly string[] =>
      evaluate(target, change(anObservation(target))).map(({ severity }) => severity);
    expect(severities(facts("pg2", { version: "17.5" }))).toEqual(["warning"]);
    expect(severities(facts("pg2", { version: "16.1", major: 16 }))).toEqual(["error"]);
  });

  it("says which node leads, which one did before, and the way", () => {
    const [finding] = evaluate(target, fault("leader stopped and replica promoted").change(target, "pg1")(anObservation(target)));
    expect(finding).toMatchObject({
      node: "pg1",
      observed: "pg2 leads since 2026-11-28 20:10:03 UTC, timeline 2; pg1 was the leader and does not answer: its data is a leader's",
      expected: "pg1 follows pg2",
    });
    expect(finding?.action).toContain("Do not start pg1. To continue with pg2:");
  });

  it("follows a replica that leads and whose routes lead to it", () => {
    const led = aTarget({ replicas: 2, leader: "pg2" });
    const { leader: _leader, readers: _readers, ...plain } = led;
    expect(evaluate(plain, anObservation(led))).toEqual([]);
    expect(evaluate({ ...plain, wish: "pg1" }, anObservation(led))).toMatchObject([
      { code: "leader-differs-from-config", severity: "warning", node: "pg2", expected: "pg1 leads, as stack config asks" },
    ]);
    expect(evaluate({ ...plain, wish: "pg2" }, anObservation(led))).toEqual([]);
  });

  it("names a route that leads to the node that led before", () => {
    const led = aTarget({ replicas: 2, leader: "pg2" });
    const { leader: _leader, readers: _readers, ...plain } = led;
    const stale: Change = (observation) => ({ ...observation, heartbeat: { write: seen({ reached: "pg1" }), replicas: {} } });
    expect(evaluate(plain, stale(anObservation(led)))).toMatchObject([
      { code: "write-route-failed", observed: "a write reaches pg1", expected: "a write reaches pg2" },
    ]);
  });

  it("lists what each node does when no node takes writes and none is known to have led", () => {
    const both = all(fault("every node in recovery, and none knows of another").change(target, ""), noFacts("pg4", silence));
    const [, finding] = evaluate(target, both(anObservation(target)));
    expect(finding).toMatchObject({
      code: "no-leader",
      observed:
        "pg1 is in recovery, at WAL position 0/3000000, pg2 is in recovery, at WAL position 0/3000000, pg3 is in recovery, at WAL position 0/3000000, pg4 does not answer",
    });
  });

  it("lists errors before warnings", () => {
    const both = all(facts("pg1", { pendingRestart: ["max_connections"] }), fault("exporter stopped").change(target, "pg2"));
    expect(findings(both)).toEqual(["exporter-unreachable pg2", "restart-pending pg1"]);
  });

  it("still says what does not answer when only the engine's other containers do", () => {
    const nodesGone = all(...target.nodes.map(({ name }) => noFacts(name, silence)));
    expect(findings(nodesGone)).toEqual(target.nodes.map(({ name }) => `node-unreachable ${name}`));
  });

  it.each([
    ["twice since it started", 1000, ["prometheus-target-down pg2"]],
    ["before it started again", 1100, []],
  ])("takes a target that Prometheus could not read %s for what it is now", (_, startedAt, expected) => {
    const downTargets = [{ job: "postgres", node: "pg2", error: "connection refused", since: 1030.5 }];
    const change = all(
      exporterAt("pg2", seen({ up: true, startedAt })),
      monitoring((rest) => ({ ...rest, prometheus: seen({ downTargets, brokenRules: [] }) })),
    );
    expect(findings(change)).toEqual(expected);
  });

  it("judges a probe, which neither writes nor tries wrong passwords", () => {
    const healthy = anObservation(target);
    const probe = { ...healthy, inserts: undefined, heartbeat: { write: seen({ reached: "pg1" }), replicas: {} } };
    const logins = healthy.logins.filter((login) => login.probe.expect === "accepted");
    expect(evaluate(target, { ...probe, logins })).toEqual([]);
    const elsewhere = { ...probe, logins, heartbeat: { write: seen({ reached: "pg2" }), replicas: {} } };
    expect(evaluate(target, elsewhere).map(({ code }) => code)).toEqual(["write-route-failed"]);
  });
});
