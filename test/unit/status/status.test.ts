import { describe, expect, it } from "vitest";

import { failed, seen } from "../../../src/check/observation.ts";
import { parseLastCheck } from "../../../src/status/last-check.ts";
import type { SeenLeader, SeenNode, StatusObservation } from "../../../src/status/observation.ts";
import { clusterStatus } from "../../../src/status/status.ts";
import { aLook, aLookWithoutPg3, aNode, aPooler, aRoute, aStatus, refused, target } from "./fixtures.ts";

const pg2 = target.nodes[1];
if (pg2 === undefined) throw new Error("the fixture has too few nodes");

function withNode(name: string, over: Partial<SeenNode>): StatusObservation {
  const look = aLook(target);
  const node = target.nodes.find((one) => one.name === name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return { ...look, nodes: { ...look.nodes, [name]: seen(aNode(node, over)) } };
}

function withLeader(change: (leader: SeenLeader) => SeenLeader): StatusObservation {
  const look = aLook(target);
  const leader = look.nodes["pg1"];
  if (leader?.ok !== true || leader.value.leader === undefined) throw new Error("no leader");
  return { ...look, nodes: { ...look.nodes, pg1: seen({ ...leader.value, leader: change(leader.value.leader) }) } };
}

const node = (look: StatusObservation, name: string) => aStatus(look).nodes.find((one) => one.name === name);

describe("the state of a cluster", () => {
  it("is fine when everything answers, streams and serves", () => {
    const status = aStatus();
    expect(status).toMatchObject({ ok: true, problems: [], at: "2026-11-25T12:00:00.123Z" });
    expect(status.nodes.map(({ name, state, lag }) => [name, state, lag])).toEqual([
      ["pg1", "writable", { bytes: null, from: null, seconds: null }],
      ["pg2", "streaming", { bytes: 1200, from: "stream", seconds: 0.4 }],
      ["pg3", "streaming", { bytes: 1200, from: "stream", seconds: 0.4 }],
    ]);
  });

  it("counts what a stopped replica is behind by its slot", () => {
    const status = aStatus(aLookWithoutPg3(target));
    expect(status.nodes[2]).toMatchObject({
      state: "no answer",
      failure: "connect ECONNREFUSED 127.0.0.1:5433 (ECONNREFUSED)",
      lag: { bytes: 300 * 1024 ** 2, from: "slot", seconds: null },
      connections: null,
      uptimeSeconds: null,
    });
    expect(status.slots[1]).toMatchObject({ name: "pg3", state: "inactive", retainedBytes: 300 * 1024 ** 2 });
    expect(status.problems).toEqual([
      { kind: "unreachable", where: "pg3", text: "does not answer: connect ECONNREFUSED 127.0.0.1:5433 (ECONNREFUSED)" },
    ]);
  });

  it("shows a disconnected replica that answers with its slot and its rising heartbeat, and never a lag of 0", () => {
    const look = withLeader((leader) => ({
      ...leader,
      senders: leader.senders.filter(({ applicationName }) => applicationName !== "pg2"),
      slots: leader.slots.map((slot) => (slot.name === "pg2" ? { ...slot, active: false, behindBytes: 0 } : slot)),
    }));
    const cut = { ...look, nodes: { ...look.nodes, pg2: seen(aNode(pg2, { receiver: null, heartbeatSeconds: 42 })) } };
    expect(node(cut, "pg2")).toMatchObject({ state: "disconnected", lag: { bytes: null, from: null, seconds: 42 } });
    expect(aStatus(cut).problems).toEqual([{ kind: "replication", where: "pg2", text: "receives nothing from the leader; 42 s behind" }]);
  });

  it("does not believe a receiver whose leader knows nothing of it", () => {
    const look = withLeader((leader) => ({ ...leader, senders: [] }));
    expect(node(look, "pg2")).toMatchObject({ state: "disconnected", lag: { bytes: 1200, from: "slot" } });
  });

  it("does not take a base backup in a replica's name for the replica", () => {
    expect(node(withNode("pg2", { receiver: null }), "pg2")).toMatchObject({ state: "disconnected", lag: { from: "slot" } });
  });

  it("does not know how far replicas are behind when the leader does not answer", () => {
    const look = aLook(target);
    const status = aStatus({ ...look, nodes: { ...look.nodes, pg1: failed(refused) } });
    expect(status.nodes[1]?.lag).toEqual({ bytes: null, from: null, seconds: 0.4 });
    expect(status.slots.map(({ state, retainedBytes, capBytes }) => [state, retainedBytes, capBytes])).toEqual([
      ["unknown", null, null],
      ["unknown", null, null],
    ]);
  });

  it.each([
    ["pg1", { inRecovery: true }, "read-only", "is declared leader but is in recovery: it takes no writes"],
    ["pg2", { inRecovery: false }, "second primary", "takes writes, but is not the leader"],
    ["pg2", { replayPaused: true }, "paused", "receives changes but does not apply them: replay is paused; 1.2 kB and 0.4 s behind"],
    ["pg2", { clusterName: "other" }, "another server", "another server answers in its place"],
  ] as const)("names what is wrong with %s %j", (name, over, state, text) => {
    const look = aLook(target);
    const leader = look.nodes["pg1"]?.ok === true ? look.nodes["pg1"].value.leader : undefined;
    const changed = withNode(name, name === "pg1" ? { ...over, leader } : over);
    expect(node(changed, name)?.state).toBe(state);
    expect(aStatus(changed).problems).toEqual([{ kind: "replication", where: name, text }]);
  });

  it("tells a server that starts from one that is silent", () => {
    const look = aLook(target);
    const starting = failed({ kind: "starting", code: "57P03", message: "the database system is starting up" });
    expect(node({ ...look, nodes: { ...look.nodes, pg2: starting } }, "pg2")?.state).toBe("starting");
  });

  it("names slots that are missing, at risk, lost, or nobody's", () => {
    const look = withLeader((leader) => ({
      ...leader,
      slots: [
        { name: "pg2", active: false, walStatus: "lost", behindBytes: null },
        { name: "old", active: false, walStatus: "unreserved", behindBytes: 5 },
        { name: "byhand", active: false, walStatus: "reserved", behindBytes: 5 },
      ],
    }));
    expect(aStatus(look).slots.map(({ name, state, declared }) => `${name} ${state} ${declared}`)).toEqual([
      "pg2 lost true",
      "pg3 missing true",
      "old at risk false",
      "byhand inactive false",
    ]);
    expect(aStatus(look).problems.map(({ where }) => where)).toEqual(["slot pg2", "slot pg3", "slot old", "slot byhand"]);
  });

  it("names routes that are paused or disabled, also when the whole pooler is held", () => {
    const look = aLook(target);
    const routes = [aRoute({ paused: true, clientsWaiting: 3 }), aRoute({ name: "app_ro", disabled: true })];
    const states = (pooler: ReturnType<typeof aPooler>): readonly string[] => {
      const status = aStatus({ ...look, pooler: seen(pooler) });
      return status.problems.map(({ kind, where, text }) => `${kind} ${where}: ${text}`);
    };
    expect(states(aPooler({ routes }))).toEqual([
      "routing route app: paused: 3 clients wait",
      "routing route app_ro: disabled: new clients are refused",
    ]);
    expect(states(aPooler({ isHeld: true }))).toHaveLength(2);
    expect(aStatus({ ...look, pooler: failed(refused) }).problems).toMatchObject([{ kind: "unreachable", where: "pooler" }]);
  });
});

describe("the last check", () => {
  it("is read from the stack's output, also from one of an older version", () => {
    const report = { ok: true, durationMs: 5, findings: [{ code: "restart-pending", severity: "warning", observed: "work_mem" }] };
    expect(parseLastCheck(report)).toEqual({
      ok: true,
      at: null,
      durationMs: 5,
      findings: [{ code: "restart-pending", severity: "warning", node: null, observed: "work_mem" }],
    });
  });

  it.each([undefined, null, "x", { ok: "yes" }])("is not known from %j", (output) => {
    expect(parseLastCheck(output)).toBeNull();
    expect(clusterStatus(target, aLook(target), parseLastCheck(output)).lastCheck).toBeNull();
  });
});
