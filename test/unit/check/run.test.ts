import { describe, expect, it } from "vitest";

import { failed } from "../../../src/check/observation.ts";
import { probe, runCheck } from "../../../src/check/run.ts";
import type { CheckWorld, Observe } from "../../../src/check/run.ts";
import { faults } from "./faults.ts";
import { anObservation, aTarget, someSecrets } from "./fixtures.ts";
import type { Change } from "./fixtures.ts";

const target = aTarget({ replicas: 2 });
const healthy: Change = (observation) => observation;

function fault(name: string): Change {
  const known = faults.find((candidate) => candidate.name === name);
  if (known === undefined) throw new Error(`no fault "${name}"`);
  return known.change(target, known.at === "replica" ? "pg3" : target.leader);
}

interface FakeWorld extends CheckWorld {
  readonly passes: Parameters<Observe>[2][];
}

/** Time passes only in passes (10 ms each) and pauses; the last state stays. */
function aWorld(...states: readonly Change[]): FakeWorld {
  let clock = 1000;
  const passes: FakeWorld["passes"] = [];
  return {
    passes,
    now: () => clock,
    sleep: async (ms) => {
      clock += ms;
    },
    observe: async (of, _secrets, pass) => {
      const state = states[Math.min(passes.length, states.length - 1)] ?? healthy;
      passes.push(pass);
      clock += 10;
      return state(anObservation(of));
    },
  };
}

describe("runCheck", () => {
  it("ends with the first pass when all is well", async () => {
    const world = aWorld(healthy);
    const report = await runCheck(target, someSecrets, {}, world);
    expect(report).toMatchObject({ ok: true, attempts: 1, durationMs: 10, findings: [] });
  });

  it("looks again until all is well", async () => {
    const world = aWorld(fault("replica stopped"), fault("replica catches up"), healthy);
    const messages: string[] = [];
    const report = await runCheck(target, someSecrets, { onProgress: (message) => void messages.push(message) }, world);
    expect(report).toMatchObject({ ok: true, attempts: 3 });
    expect(messages).toEqual(["waiting for 0.0 s: node-unreachable pg3", "waiting for 0.2 s: replica-not-streaming pg3"]);
  });

  it("pauses 100 to 250 ms between passes", async () => {
    const world = aWorld(fault("replica stopped"), healthy);
    const { durationMs } = await runCheck(target, someSecrets, {}, world);
    expect(durationMs - 20).toBeGreaterThanOrEqual(100);
    expect(durationMs - 20).toBeLessThanOrEqual(250);
  });

  it("gives up when time is up, with what it saw last", async () => {
    const world = aWorld(fault("replica stopped"), fault("replay paused"));
    const report = await runCheck(target, someSecrets, { timeoutMs: 3000 }, world);
    expect(report.ok).toBe(false);
    expect(report.findings.map(({ code }) => code)).toEqual(["replay-paused"]);
    expect(report.attempts).toBeGreaterThan(10);
    expect(report.durationMs).toBeLessThanOrEqual(3000);
  });

  it("looks once when there is no time to wait", async () => {
    const world = aWorld(fault("replica stopped"), healthy);
    expect(await runCheck(target, someSecrets, { timeoutMs: 0 }, world)).toMatchObject({ ok: false, attempts: 1 });
  });

  it("waits as long as the target says when nothing else is said", async () => {
    const world = aWorld(fault("replica stopped"));
    const { durationMs } = await runCheck(target, someSecrets, {}, world);
    expect(durationMs).toBeGreaterThan(target.timeoutMs - 300);
    expect(durationMs).toBeLessThanOrEqual(target.timeoutMs);
  });

  it.each(["replica promoted", "volume of another cluster", "pg_hba.conf lets superusers in", "slot lost WAL", "replica takes writes"])(
    "does not wait for what time does not fix: %s",
    async (name) => {
      expect(await runCheck(target, someSecrets, {}, aWorld(fault(name)))).toMatchObject({ ok: false, attempts: 1 });
    },
  );

  it("does not wait for warnings to go away", async () => {
    const report = await runCheck(target, someSecrets, {}, aWorld(fault("setting not applied")));
    expect(report).toMatchObject({ ok: true, attempts: 1 });
    expect(report.findings).toHaveLength(1);
  });

  it("gives a pass the time that is left, within bounds", async () => {
    const world = aWorld(fault("replica stopped"));
    await runCheck(target, someSecrets, { timeoutMs: 8000 }, world);
    const budgets = world.passes.map(({ budgetMs }) => budgetMs);
    expect(budgets[0]).toBe(5000);
    expect(budgets.at(-1)).toBe(1000);
    expect(budgets).toEqual(budgets.toSorted((a, b) => b - a));
  });

  it("hands the logins of a pass to the next one", async () => {
    const world = aWorld(fault("replica stopped"), healthy);
    await runCheck(target, someSecrets, {}, world);
    expect(world.passes.map(({ earlier }) => earlier.length)).toEqual([0, anObservation(target).logins.length]);
  });

  it("ends with the signal's reason", async () => {
    const interruption = new AbortController();
    const world = aWorld(fault("replica stopped"));
    const options = { signal: interruption.signal, onProgress: () => interruption.abort(new Error("stopped")) };
    await expect(runCheck(target, someSecrets, options, world)).rejects.toThrow("stopped");
    expect(world.passes).toHaveLength(1);
  });

  it("does not begin when it is aborted already", async () => {
    const world = aWorld(healthy);
    await expect(runCheck(target, someSecrets, { signal: AbortSignal.abort(new Error("stopped")) }, world)).rejects.toThrow("stopped");
    expect(world.passes).toEqual([]);
  });

  it("reports no password", async () => {
    const report = await runCheck(target, someSecrets, { timeoutMs: 0 }, aWorld(fault("password of app changed")));
    for (const secret of Object.values(someSecrets)) expect(JSON.stringify(report)).not.toContain(secret);
  });
});

describe("probe", () => {
  it("looks once, for at most 3 s, without a trace", async () => {
    const world = aWorld(healthy);
    expect(await probe(target, someSecrets, {}, world)).toEqual({ state: "healthy", findings: [] });
    expect(world.passes).toMatchObject([{ traces: false, budgetMs: 3000 }]);
  });

  it("calls a cluster with warnings healthy", async () => {
    const seen = await probe(target, someSecrets, {}, aWorld(fault("setting not applied")));
    expect(seen).toMatchObject({ state: "healthy", findings: [{ code: "restart-pending" }] });
  });

  it("distinguishes a broken cluster from one that does not answer at all", async () => {
    expect(await probe(target, someSecrets, {}, aWorld(fault("replica stopped")))).toMatchObject({
      state: "broken",
      findings: [{ code: "node-unreachable", node: "pg3" }],
    });
    expect(await probe(target, someSecrets, {}, aWorld(fault("engine off")))).toEqual({ state: "unreachable" });
  });

  it("takes a refusal as an answer", async () => {
    const refused = fault("password of monitoring changed");
    expect(await probe(target, someSecrets, {}, aWorld(refused))).toMatchObject({ state: "broken" });
    const starting = { kind: "starting", code: "57P03", message: "the database system is starting up" } as const;
    const booting: Change = (observation) => ({
      ...fault("engine off")(observation),
      nodes: Object.fromEntries(Object.keys(observation.nodes).map((name) => [name, failed(starting)])),
    });
    expect(await probe(target, someSecrets, {}, aWorld(booting))).toMatchObject({ state: "broken" });
  });

  it("ends with the signal's reason", async () => {
    const options = { signal: AbortSignal.abort(new Error("stopped")) };
    await expect(probe(target, someSecrets, options, aWorld(healthy))).rejects.toThrow("stopped");
  });
});
