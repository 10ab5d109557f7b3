import { describe, expect, it } from "vitest";

import { evaluate } from "../../../src/check/evaluate.ts";
import { findingKinds } from "../../../src/check/finding-kinds.ts";
import { seen } from "../../../src/check/observation.ts";
import { faults } from "./faults.ts";
import type { Fault } from "./faults.ts";
import { aTarget, all, anObservation, exporterAt, facts, leaderFacts, monitoring, noFacts, readRoute, silence } from "./fixtures.ts";
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

  it.each(faults)("names one fault once: $name", ({ code, at, named = at !== "cluster", change }) => {
    const node = at === "replica" ? "pg3" : target.leader;
    const [finding, ...others] = evaluate(target, change(target, node)(anObservation(target)));
    expect(others).toEqual([]);
    expect(finding?.code).toBe(code);
    if (at !== "cluster") expect(finding?.node).toBe(named ? node : undefined);
  });

  it("has a fault for every code", () => {
    expect([...new Set(faults.map(({ code }) => code))].toSorted()).toEqual(Object.keys(findingKinds).toSorted());
  });

  it.each(faults)("leaves no placeholder in what it says: $name", ({ at, change }) => {
    const [finding] = evaluate(target, change(target, at === "replica" ? "pg3" : target.leader)(anObservation(target)));
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
    const [finding] = evaluate(target, readRoute({ reached: [{ node: "pg2", inRecovery: true }] })(anObservation(target)));
    expect(finding).toMatchObject({
      code: "read-route-incomplete",
      node: undefined,
      observed: "never reaches pg3, pg4: 1 connections reach pg2; the pooler lists pg2,pg3,pg4",
    });
  });

  it("takes the leader on the read route as a stray, and as right without replicas", () => {
    const stray = all(readRoute({ reached: ["pg1", "pg2", "pg3", "pg4"].map((node) => ({ node, inRecovery: node !== "pg1" })) }));
    expect(findings(stray)).toEqual(["read-route-stray pg1"]);
    const single = aTarget({ replicas: 0 });
    expect(findings(readRoute({ reached: [{ node: "pg1", inRecovery: false }] }), single)).toEqual([]);
  });

  it("takes a drained replica on the read route as a stray", () => {
    const drained = aTarget({ replicas: 3, drained: ["pg4"] });
    const reached = ["pg2", "pg3", "pg4"].map((node) => ({ node, inRecovery: true }));
    expect(findings(readRoute({ reached }), drained)).toEqual(["read-route-stray pg4"]);
  });

  it("does not take a base backup for a replica", () => {
    const backup = leaderFacts(target, ({ slots, senders }) => ({
      slots,
      senders: [...senders, { applicationName: "pg_basebackup", state: "streaming" }],
    }));
    expect(findings(backup)).toEqual([]);
    const instead = leaderFacts(target, ({ slots, senders }) => ({
      slots,
      senders: senders.map((sender) => (sender.applicationName === "pg2" ? { ...sender, applicationName: "pg_basebackup" } : sender)),
    }));
    expect(findings(instead)).toEqual(["replica-not-streaming pg2"]);
  });

  it("accepts a logical slot of a replica's name as no slot for it", () => {
    const logical = leaderFacts(target, ({ slots, senders }) => ({
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
