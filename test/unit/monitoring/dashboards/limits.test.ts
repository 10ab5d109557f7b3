import { describe, expect, it } from "vitest";

import type { DashboardLimits, LimitName } from "../../../../src/monitoring/dashboards/limits.ts";
import { below, upTo } from "../../../../src/monitoring/dashboards/limits.ts";
import type { Panel } from "../../../../src/monitoring/dashboards/schema.ts";
import { panelNamed, panelsOf, readDashboards, someLimits } from "../../../../testing/dashboards.ts";
import { aPlan } from "../../../../testing/stacks.ts";

function valuesOf(panel: Panel): readonly (number | null)[] {
  return (panel.fieldConfig.defaults.thresholds?.steps ?? []).map(({ value }) => value);
}

describe("thresholds of panels", () => {
  const cases: readonly (readonly [LimitName, string, string])[] = [
    ["ReplicaLagSeconds", "Cluster", "Lag"],
    ["ReplicaLagSeconds", "Cluster", "Lag of replicas"],
    ["ReplicaLagSeconds", "Replication", "Lag"],
    ["ReplicaLagBytes", "Replication", "Not yet replayed"],
    ["HeartbeatStale", "Replication", "Heartbeat age"],
    ["SlotRetainedWal", "Cluster", "Slot cap used"],
    ["SlotRetainedWal", "Replication", "Share of the cap"],
    ["XminAge", "Replication", "Age of xmin"],
    ["ConnectionsUsed", "Cluster", "Connections used"],
    ["ConnectionsUsed", "Cluster", "Connections"],
    ["PoolerClientsUsed", "Pooler", "Client limit used"],
    ["PoolerClientsUsed", "Pooler", "Client limit"],
    ["IdleInTransaction", "Node", "Oldest idle transaction"],
    ["Deadlocks", "Node", "Deadlocks"],
    ["PreparedTransactions", "Node", "Oldest prepared transaction"],
    ["ArchiveFailing", "Node", "Oldest WAL to be archived"],
    ["TransactionIdAge", "Node", "Transaction ids used"],
    ["DiskFull", "Node", "Disk used"],
  ];

  it.each(cases)("%s: %s, %s has those of the alert", (name, dashboard, title) => {
    const { warning, critical } = someLimits[name] ?? {};
    const wanted = [warning?.limit, critical?.limit].filter((limit) => limit !== undefined);
    expect(wanted.length).toBeGreaterThan(0);
    expect(valuesOf(panelNamed(dashboard, title))).toEqual([null, ...wanted]);
  });

  it("warn of clients that wait beyond the alert's number, and are critical at its time", () => {
    expect(valuesOf(panelNamed("Pooler", "Clients waiting"))).toEqual([null, 1]);
    expect(valuesOf(panelNamed("Pooler", "Longest wait"))).toEqual([null, 6]);
    expect(valuesOf(panelNamed("Cluster", "Longest wait"))).toEqual([null, 6]);
  });

  it("are drawn as lines where they are, and nowhere else", () => {
    const curves = (limits: typeof someLimits): readonly string[] =>
      readDashboards(limits).flatMap((dashboard) =>
        panelsOf(dashboard).flatMap((panel) => {
          const custom = panel.fieldConfig.defaults.custom as { readonly thresholdsStyle?: { readonly mode: string } } | undefined;
          return custom?.thresholdsStyle?.mode === "dashed" ? [`${dashboard.title}: ${panel.title}`] : [];
        }),
      );
    expect(curves(someLimits)).toContain("Node: Disk used");
    expect(curves(someLimits)).not.toContain("Node: Disk free");
    expect(curves({})).toEqual([]);
  });

  it("are numbers of alerts that a stack has by default", () => {
    const { alerts } = aPlan({ monitoring: { prometheus: true } }).monitoring?.alerts ?? { alerts: {} };
    const shape = (limits: DashboardLimits): unknown =>
      Object.fromEntries(
        (Object.keys(someLimits) as LimitName[]).map((name) => [
          name,
          [typeof limits[name]?.warning?.limit, typeof limits[name]?.critical?.limit],
        ]),
      );
    expect(shape(alerts)).toEqual(shape(someLimits));
    expect(readDashboards(alerts)).toHaveLength(4);
  });

  it("go when the alert is off, and nothing else changes", () => {
    const without = { ...someLimits };
    delete (without as Partial<Record<LimitName, unknown>>).DiskFull;
    expect(valuesOf(panelNamed("Node", "Disk used", without))).toEqual([null]);
    expect(panelNamed("Node", "Disk used", without).targets).toEqual(panelNamed("Node", "Disk used").targets);
    expect(panelNamed("Node", "Disk free", without)).toEqual(panelNamed("Node", "Disk free"));
  });
});

describe("below", () => {
  it.each([
    [undefined, undefined],
    [{}, undefined],
    [{ warning: { limit: undefined } }, undefined],
    [{ warning: { limit: 1 } }, ["green", "orange 1"]],
    [{ critical: { limit: 2 } }, ["green", "red 2"]],
    [{ warning: { limit: 1 }, critical: { limit: 2 } }, ["green", "orange 1", "red 2"]],
  ])("makes of %j the steps %j", (limit, steps) => {
    expect(below(limit)?.map(({ color, from }) => (from === null ? color : `${color} ${from}`))).toEqual(steps);
  });
});

describe("upTo", () => {
  it("is bad at the next whole number", () => {
    expect(upTo({ limit: 3 }, "orange")).toEqual([
      { color: "green", from: null },
      { color: "orange", from: 4 },
    ]);
    expect(upTo(undefined, "orange")).toBeUndefined();
  });
});
