import { describe, expect, it } from "vitest";

import type { AlertName, Severity } from "../../../src/config/alerts.ts";
import { alertKeys, alertNames, severities } from "../../../src/config/alerts.ts";
import { alertInhibitions } from "../../../src/monitoring/inhibitions.ts";
import type { AlertCase } from "../../../testing/alerts/case.ts";
import { alertCases } from "../../../testing/alerts/cases.ts";
import { notified } from "../../../testing/alerts/inhibit.ts";

const variants = alertNames.flatMap((alert) =>
  severities.filter((severity) => alertKeys(alert)[severity] !== undefined).map((severity) => ({ alert, severity })),
);

const hasFired = ({ fires }: AlertCase, alert: AlertName, severity: Severity): boolean =>
  fires.some((one) => one.alert === alert && one.severity === severity);

describe("the cases that promtool tries", () => {
  it.each(variants)("have one in which $alert, $severity, fires and one in which it does not", ({ alert, severity }) => {
    const about = alertCases.filter((one) => one.about.some(([name, level]) => name === alert && level === severity));
    expect(about.filter((one) => hasFired(one, alert, severity)).length).toBeGreaterThan(0);
    expect(about.filter((one) => !hasFired(one, alert, severity)).length).toBeGreaterThan(0);
  });

  it("have names of their own", () => {
    expect(new Set(alertCases.map(({ what }) => what)).size).toBe(alertCases.length);
  });
});

/** What is notified in a case, with the inhibitions of two replicas. */
function notifiedIn(what: string, replicas = 2): readonly string[] {
  const found = alertCases.find((one) => one.what === what);
  if (found === undefined) throw new Error(`no case "${what}"`);
  return notified(found.fires, alertInhibitions(replicas));
}

describe("alertInhibitions", () => {
  it.each([
    ["a replica stops", ["PostgresDown critical node=pg2 role=replica"]],
    ["a replica hangs", ["PostgresDown critical node=pg2 role=replica"]],
    ["the leader stops", ["PostgresDown critical node=pg1 role=leader"]],
    ["the leader hangs", ["PostgresDown critical node=pg1 role=leader"]],
    ["the exporter of the leader stops: nobody calls the leader gone", ["ExporterDown critical node=pg1 job=postgres"]],
    ["a replica loses its stream", ["ReplicaDisconnected critical node=pg2"]],
    ["replay is paused", ["ReplayPaused warning node=pg2"]],
    ["replay is paused for half an hour", ["ReplayPaused critical node=pg2"]],
    ["the pooler stops", ["PoolerDown critical"]],
    ["the pooler comes and goes", ["PoolerDown critical"]],
    ["a process of the pooler stops", ["PoolerProcessDown warning process=pgbouncer-2"]],
    ["97% of the clients", ["PoolerClientsUsed critical process=pgbouncer-1"]],
    ["a route is paused and forgotten", ["PoolerPaused critical route=app name=app"]],
    ["no replica streams", ["ReplicasMissing critical"]],
    ["a replica lags by a minute", ["ReplicaLagSeconds critical node=pg2"]],
    ["a replica is promoted next to the leader", ["LeaderCount critical"]],
    ["the leader stops, another node is promoted and followed", ["PostgresDown critical node=pg1 role=replica"]],
    [
      "the leader stops, another node is promoted, the third one does not follow",
      ["PostgresDown critical node=pg1 role=replica", "TimelineSplit critical node=pg3", "ReplicasMissing critical"],
    ],
    ["a leader that is not the first node stops", ["PostgresDown critical node=pg2 role=leader"]],
    ["Prometheus starts while a node is down and none leads", ["PostgresDown critical node=pg1 role=unknown"]],
  ])("leave of all that fires when %s what names the fault", (what, left) => {
    expect(notifiedIn(what)).toEqual(left);
  });

  it("take the only replica for one: its loss is reported once", () => {
    const fires = [
      { alert: "PostgresDown", severity: "critical", labels: { node: "pg2", role: "replica" } },
      { alert: "ReplicasMissing", severity: "warning", labels: {} },
      { alert: "ReplicasMissing", severity: "critical", labels: {} },
    ] as const;
    expect(notified(fires, alertInhibitions(1))).toEqual(["PostgresDown critical node=pg2 role=replica"]);
    expect(notified(fires, alertInhibitions(2))).toEqual(["PostgresDown critical node=pg2 role=replica", "ReplicasMissing critical"]);
  });

  it("keep no critical alert quiet for a warning", () => {
    const fires = [
      { alert: "ReplayPaused", severity: "warning", labels: { node: "pg2" } },
      { alert: "ReplicaLagSeconds", severity: "critical", labels: { node: "pg2" } },
    ] as const;
    expect(notified(fires, alertInhibitions(2))).toHaveLength(2);
  });

  it("keep no warning of one process of the pooler quiet for another one", () => {
    const fires = [
      { alert: "PoolerClientsUsed", severity: "critical", labels: { process: "pgbouncer-1" } },
      { alert: "PoolerClientsUsed", severity: "warning", labels: { process: "pgbouncer-2" } },
    ] as const;
    expect(notified(fires, alertInhibitions(2))).toHaveLength(2);
  });

  it("concern the same node, slot or route alone", () => {
    const fires = [
      { alert: "ReplicaDisconnected", severity: "critical", labels: { node: "pg2" } },
      { alert: "SlotInactive", severity: "critical", labels: { node: "pg3", slot: "pg3" } },
      { alert: "SlotRetainedWal", severity: "critical", labels: { node: "pg2", slot: "pg2" } },
    ] as const;
    expect(notified(fires, alertInhibitions(2))).toHaveLength(3);
  });

  it("name alerts that exist", () => {
    const matchers = alertInhibitions(2).flatMap(({ sourceMatchers, targetMatchers }) => [...sourceMatchers, ...targetMatchers]);
    const named = matchers.flatMap((matcher) => /^alertname=~?"(.*)"$/.exec(matcher)?.[1]?.split("|") ?? []);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !(alertNames as readonly string[]).includes(name))).toEqual([]);
  });
});
