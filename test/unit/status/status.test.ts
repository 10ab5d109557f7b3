import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { failed, seen } from "../../../src/check/observation.ts";
import { parseLastCheck } from "../../../src/status/last-check.ts";
import type { SeenNode, SeenProcess, SeenSending, StatusObservation } from "../../../src/status/observation.ts";
import { clusterStatus } from "../../../src/status/status.ts";
import { aTarget } from "../check/fixtures.ts";
import { aLook, aLookWithoutPg3, aNode, aProcess, aRoute, aStatus, noProcesses, processesOf, refused, target } from "./fixtures.ts";

const pg2 = target.nodes[1];
if (pg2 === undefined) throw new Error("the fixture has too few nodes");

function withNode(name: string, over: Partial<SeenNode>): StatusObservation {
  const look = aLook(target);
  const node = target.nodes.find((one) => one.name === name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return { ...look, nodes: { ...look.nodes, [name]: seen(aNode(node, over)) } };
}

function withLeader(change: (sending: SeenSending) => SeenSending): StatusObservation {
  const look = aLook(target);
  const leader = look.nodes["pg1"];
  if (leader?.ok !== true) throw new Error("no leader");
  return { ...look, nodes: { ...look.nodes, pg1: seen({ ...leader.value, sending: change(leader.value.sending) }) } };
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
    ["pg1", { inRecovery: true }, "read-only", "led last and is in recovery: no node takes writes"],
    ["pg2", { inRecovery: false }, "second primary", "takes writes, and pg1 takes writes too"],
    ["pg2", { replayPaused: true }, "paused", "receives changes but does not apply them: replay is paused; 1.2 kB and 0.4 s behind"],
    ["pg2", { clusterName: "other" }, "another server", "another server answers in its place"],
  ] as const)("names what is wrong with %s %j", (name, over, state, text) => {
    const look = aLook(target);
    const sending = look.nodes["pg1"]?.ok === true ? look.nodes["pg1"].value.sending : undefined;
    const changed = withNode(name, name === "pg1" && sending !== undefined ? { ...over, sending } : over);
    expect(node(changed, name)?.state).toBe(state);
    expect(aStatus(changed).problems).toEqual([{ kind: "replication", where: name, text }]);
  });

  it("shows who leads now, and explains a node that led before and does not answer", () => {
    const look = aLook(target);
    const leads = { inRecovery: false, receiver: null, timeline: 2, leadsSince: "2026-11-28 20:10:03 UTC" };
    const moved = { ...look, nodes: { ...look.nodes, pg1: failed(refused), pg2: seen(aNode(pg2, leads)) } };
    const status = aStatus(moved);
    expect(status).toMatchObject({ leader: "pg2", ledLast: null });
    expect(status.nodes.map(({ name, role, state }) => `${name} ${role} ${state}`)).toEqual([
      "pg1 null no answer",
      "pg2 leader writable",
      "pg3 replica disconnected",
    ]);
    expect(status.problems[0]?.text).toContain(
      "; it led before: pg2 leads since 2026-11-28 20:10:03 UTC, timeline 2. Before it is started: docs/operations.md#another-node-leads",
    );
    expect(status.slots.map(({ name }) => name)).toEqual(["pg1", "pg3"]);
  });

  it("says of the leader that does not answer that it led last, and what is not known of any node", () => {
    const look = aLook(target);
    const down = aStatus({ ...look, nodes: { ...look.nodes, pg1: failed(refused) } });
    expect(down).toMatchObject({ leader: null, ledLast: "pg1" });
    expect(down.problems[0]?.text).toMatch(/^does not answer: .*; it led last: no node takes writes$/);
    const stray = (name: string) => {
      const node = target.nodes.find((one) => one.name === name) ?? pg2;
      return seen(aNode(node, { inRecovery: true, follows: null, sending: { slots: [], senders: [], slotCapBytes: null } }));
    };
    const processes = processesOf(target, { routes: [] });
    const lost = aStatus({ ...look, processes, nodes: { pg1: stray("pg1"), pg2: stray("pg2"), pg3: stray("pg3") } });
    expect(lost.problems[0]).toEqual({
      kind: "replication",
      where: "cluster",
      text: "no node takes writes, and it is not known which led last",
    });
  });

  it("distinguishes a server that starts from one that is silent", () => {
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
    const states = (over: Partial<SeenProcess>): readonly string[] => {
      const status = aStatus({ ...look, processes: processesOf(target, over) });
      return status.problems.map(({ kind, where, text }) => `${kind} ${where}: ${text}`);
    };
    expect(states({ routes })).toEqual([
      "routing route app: paused: 6 clients wait",
      "routing route app_ro: disabled: new clients are refused",
    ]);
    expect(states({ isHeld: true })).toHaveLength(2);
    const down = aStatus({ ...look, processes: noProcesses(target) });
    expect(down.problems).toEqual([
      { kind: "unreachable", where: "pooler", text: "does not answer: connect ECONNREFUSED 127.0.0.1:5433 (ECONNREFUSED)" },
    ]);
    expect(down.pooler).toMatchObject({ answers: false, version: null, clients: null, routes: [] });
  });
});

describe("the processes of the pooler", () => {
  const pooler = (processes: StatusObservation["processes"]) => aStatus({ ...aLook(target), processes }).pooler;

  it("are shown each, and their figures together", () => {
    expect(aStatus().pooler).toEqual({
      answers: true,
      failure: null,
      version: "1.24.1",
      clients: { used: 10, max: 1000 },
      processes: [
        {
          name: "pgbouncer-1",
          container: "pgstack-test-pgbouncer-1",
          answers: true,
          failure: null,
          clients: { used: 6, max: 500 },
          leadsTo: { app: "pg1", app_ro: "pg2" },
        },
        {
          name: "pgbouncer-2",
          container: "pgstack-test-pgbouncer-2",
          answers: true,
          failure: null,
          clients: { used: 4, max: 500 },
          leadsTo: { app: "pg1", app_ro: "pg3" },
        },
      ],
      routes: [
        { name: "app", hosts: ["pg1"], state: "open", active: 7, waiting: 0, maxWaitSeconds: 0, serversUsed: 7, serversMax: 25 },
        { name: "app_ro", hosts: ["pg2", "pg3"], state: "open", active: 3, waiting: 0, maxWaitSeconds: 0, serversUsed: 3, serversMax: 50 },
      ],
    });
  });

  it("have a sum of any figures, the longest wait of any, and every node once, in order", () => {
    const figure = fc.nat({ max: 10_000 });
    const part = fc.record({
      host: fc.integer({ min: 1, max: 16 }).map((number) => `pg${number}`),
      clientsActive: figure,
      clientsWaiting: figure,
      maxWaitSeconds: figure,
      serversUsed: figure,
      serversMax: figure,
    });
    const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
    const many = aTarget({ replicas: 15 });
    fc.assert(
      fc.property(fc.array(part, { minLength: 15, maxLength: 15 }), (parts) => {
        const seenOf = (number: number) => seen(aProcess(number, { routes: [aRoute(parts[number - 1])] }));
        const processes = Object.fromEntries(many.processes.map(({ number }) => [number, seenOf(number)]));
        const [route] = clusterStatus(many, { ...aLook(many), processes }, null).pooler.routes;
        expect(route).toMatchObject({
          active: sum(parts.map(({ clientsActive }) => clientsActive)),
          waiting: sum(parts.map(({ clientsWaiting }) => clientsWaiting)),
          maxWaitSeconds: Math.max(...parts.map(({ maxWaitSeconds }) => maxWaitSeconds)),
          serversUsed: sum(parts.map(({ serversUsed }) => serversUsed)),
          serversMax: sum(parts.map(({ serversMax }) => serversMax)),
        });
        expect(route?.hosts).toEqual(many.nodes.map(({ name }) => name).filter((name) => parts.some(({ host }) => host === name)));
      }),
    );
  });

  it("are named when one does not answer, beside what the others have", () => {
    const status = aStatus({ ...aLook(target), processes: { ...processesOf(target), 2: failed(refused) } });
    expect(status.problems).toEqual([
      { kind: "unreachable", where: "pgbouncer-2", text: "does not answer: connect ECONNREFUSED 127.0.0.1:5433 (ECONNREFUSED)" },
    ]);
    expect(status.pooler).toMatchObject({
      answers: true,
      failure: null,
      clients: { used: 6, max: 500 },
      routes: [
        { name: "app", hosts: ["pg1"], active: 4 },
        { name: "app_ro", hosts: ["pg2"], active: 2 },
      ],
      processes: [{ answers: true }, { name: "pgbouncer-2", answers: false, clients: null, leadsTo: {} }],
    });
  });

  it("have a route open that is open in all of them", () => {
    const state = (over: Partial<SeenProcess>) =>
      pooler({ ...processesOf(target), 2: seen(aProcess(2, over)) }).routes.map((route) => route.state);
    expect(state({ routes: [aRoute({ paused: true }), aRoute({ name: "app_ro", host: "pg3" })] })).toEqual(["paused", "open"]);
    expect(state({ routes: [aRoute({ paused: true, disabled: true }), aRoute({ name: "app_ro" })] })).toEqual(["disabled", "open"]);
    expect(state({ isHeld: true })).toEqual(["paused", "paused"]);
  });

  it("have no limit of clients where none is known, and lead nowhere by a route without a server", () => {
    expect(pooler(processesOf(target, { clientsMax: null })).clients).toEqual({ used: 10, max: null });
    const [route] = pooler(processesOf(target, { routes: [aRoute({ host: null })] })).routes;
    expect(route?.hosts).toEqual([]);
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
