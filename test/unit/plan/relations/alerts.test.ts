import { describe, expect, it } from "vitest";

import { parseConfig } from "../../../../src/config/parse.ts";
import { alertProblems } from "../../../../src/plan/relations/alerts.ts";
import { planAlerts } from "../../../../src/plan/alerts.ts";
import { aConfig, aPlan } from "../../../../testing/stacks.ts";

const problemsOf = (monitoring: object, more: object = {}): readonly string[] =>
  alertProblems(aConfig({ monitoring, ...more })).map(({ key, problem, fix }) => `${key}: ${problem}; ${fix}`);
const rule = (over: object = {}): object => ({ alert: "Mine", expr: "pg_up == 0", summary: "down", ...over });
const refusal = (monitoring: object): string => {
  try {
    parseConfig({ monitoring: JSON.stringify(monitoring) }, "Pulumi.x.yaml");
    return "none";
  } catch (error) {
    return (error as Error).message;
  }
};

describe("alertProblems", () => {
  it("finds none in the defaults", () => {
    expect(problemsOf({})).toEqual([]);
  });

  it.each([
    [{ ReplicaLagSeconds: { warning: "1min" } }, 'ReplicaLagSeconds.warning: "1min" is not below critical, which is "30s"'],
    [{ ReplicaLagBytes: { critical: "50MB" } }, 'ReplicaLagBytes.warning: "50MB" is not below critical, which is "50MB"'],
    [{ DiskFull: { warning: "95%" } }, 'DiskFull.warning: "95%" is not below critical, which is "90%"'],
    [{ XminAge: { critical: 100 } }, 'XminAge.warning: "10000000" is not below critical, which is "100"'],
    [{ SlotInactive: { warning: "1h" } }, 'SlotInactive.warning: "1h" is not below critical, which is "30m"'],
  ])("wants warning below critical: %j", (alerts, problem) => {
    expect(problemsOf({ alerts })).toEqual([
      `monitoring.alerts.${problem}; lower warning or raise critical; \`off\` leaves one of them out`,
    ]);
  });

  it.each([
    [{ ReplicaLagSeconds: { warning: "1min", critical: "off" } }],
    [{ ReplicaLagSeconds: "off" }],
    // Two different things: clients that wait, and how long one has waited.
    [{ PoolerClientsWaiting: { warning: 100, critical: "5s" } }],
    [{ ReplicasMissing: { warning: "10m", critical: "1m" } }],
  ])("compares only what can be compared: %j", (alerts) => {
    expect(problemsOf({ alerts })).toEqual([]);
  });

  it("refuses names that are taken", () => {
    expect(problemsOf({ rules: [rule(), rule({ alert: "DiskFull" }), rule()] })).toEqual([
      'monitoring.rules.1.alert: "DiskFull" is the name of an alert of pgstack; give it another name; thresholds of pgstack\'s are set in monitoring.alerts.DiskFull',
      'monitoring.rules.2.alert: "Mine" is the name of rule 0 too; give each rule a name of its own',
    ]);
  });

  it("refuses metrics that nothing emits, with the one that was meant", () => {
    expect(problemsOf({ rules: [rule({ expr: "pg_upp == 0 or pg_up == 0 or something_else > 1" })] })).toEqual([
      'monitoring.rules.0.expr: nothing in this stack emits "pg_upp": the alert would never fire; did you mean `pg_up`?',
      'monitoring.rules.0.expr: nothing in this stack emits "something_else": the alert would never fire; use a metric that docs/monitoring.md lists',
    ]);
  });

  it.each([
    ["pg_replication_lag > 5", "did you mean `pg_replication_lag_seconds`?"],
    ["pg_stat_bgwriter_checkpoints_req_total > 1", undefined],
    ["pgbouncer_errors_count > 1", undefined],
  ])("refuses what public rule sets ask for and PostgreSQL 17's exporters do not give: %s", (expr, fix) => {
    const [problem, ...more] = problemsOf({ rules: [rule({ expr })] });
    expect(problem).toContain("the alert would never fire");
    if (fix !== undefined) expect(problem).toContain(fix);
    expect(more).toEqual([]);
  });

  it("knows Alertmanager's metrics only with one", () => {
    const rules = [rule({ expr: "alertmanager_notifications_failed_total > 0" })];
    expect(problemsOf({ prometheus: true, rules })).toHaveLength(1);
    expect(problemsOf({ prometheus: true, alertmanager: {}, rules })).toEqual([]);
  });

  it("cannot know what an exporter of the stack's own choice emits", () => {
    const rules = [rule({ expr: "pg_new_metric > 0" }), rule({ alert: "Other", expr: "pgbouncer_new_metric > 0" })];
    expect(problemsOf({ rules })).toHaveLength(2);
    const images = { postgresExporter: "registry.example/exporter:1", poolerExporter: "registry.example/exporter:2" };
    expect(problemsOf({ rules }, { images })).toEqual([]);
  });

  it("refuses expressions and texts that Prometheus would refuse, and the whole file with them", () => {
    expect(problemsOf({ rules: [rule({ expr: "rate(pg_up) > 0", summary: "{{ .Foo }}" })] })).toEqual([
      'monitoring.rules.0.expr: "rate(pg_up) > 0" cannot be used: `rate` needs a range such as [5m] after the metric; correct the expression',
      'monitoring.rules.0.summary: "{{ .Foo }}" is not allowed; use {{ $value }} and {{ $labels.<name> }}, each with | humanize, humanize1024, humanizeDuration or humanizePercentage',
    ]);
  });

  it("is part of what a preview refuses", () => {
    expect(() => aPlan({ monitoring: { prometheus: true, rules: [rule({ expr: "nothing > 0" })] } })).toThrow(
      'Pulumi.test.yaml: pgstack:monitoring.rules.0.expr: nothing in this stack emits "nothing"',
    );
  });
});

describe("monitoring.alerts", () => {
  it.each([
    [{ alerts: { SlotLst: {} } }, "monitoring.alerts.SlotLst: unknown key in monitoring.alerts\n  fix: did you mean `SlotLost`?"],
    [
      { alerts: { DiskFull: { warnin: "1%" } } },
      "monitoring.alerts.DiskFull.warnin: unknown key in monitoring.alerts.DiskFull\n  fix: did you mean `warning`?",
    ],
    [{ alerts: { DiskFull: { warning: "0%" } } }, 'DiskFull.warning: "0%" is not allowed\n  fix: use a percentage such as 75%, or off'],
    [{ alerts: { DiskFull: { warning: 75 } } }, "DiskFull.warning: 75 is not allowed\n  fix: use a percentage such as 75%, or off"],
    [{ alerts: { ReplicaLagSeconds: { warning: "5" } } }, '"5" is not allowed\n  fix: use a time such as 5s, 2min or 1h, or off'],
    [{ alerts: { XminAge: { warning: -1 } } }, "XminAge.warning: -1 is not allowed\n  fix: use at least 0"],
    [{ alerts: { PostgresDown: false } }, "PostgresDown: false is not allowed\n  fix: use a mapping of its thresholds, or off"],
    [
      { rules: [{ ...rule(), severty: "critical" }] },
      "rules.0.severty: unknown key in monitoring.rules.0\n  fix: did you mean `severity`?",
    ],
    [{ rules: [rule({ alert: "my alert" })] }, "use a name such as OrdersStuck: letters and digits, first one a capital"],
    [{ runbooks: "https://example.org/" }, "use a URL or a path, without a / at its end"],
  ])("refuses %j", (monitoring, message) => {
    expect(refusal(monitoring)).toContain(message);
  });

  it("reports all of them at once", () => {
    const message = refusal({ alerts: { DiskFull: { warning: "x", critical: "y" }, Nothing: {}, PostgresDown: 3 } });
    for (const key of ["DiskFull.warning", "DiskFull.critical", "Nothing", "PostgresDown"])
      expect(message).toContain(`monitoring.alerts.${key}`);
  });
});

describe("planAlerts", () => {
  it("gives thresholds as numbers of the smallest unit", () => {
    const { alerts } = planAlerts(aConfig().monitoring);
    expect(alerts.ReplicaLagSeconds).toEqual({ warning: { limit: 5, forS: 60 }, critical: { limit: 30, forS: 120 } });
    expect(alerts.ReplicaLagBytes.warning).toEqual({ limit: 50 * 1024 ** 2, forS: 120 });
    expect(alerts.PostgresDown).toEqual({ critical: { limit: undefined, forS: 60 } });
    expect(alerts.DiskFull.critical).toEqual({ limit: 0.9, forS: 120 });
    expect(alerts.DiskFilling.warning).toEqual({ limit: 86_400, forS: 1800 });
    expect(alerts.XminAge.critical).toEqual({ limit: 50_000_000, forS: 900 });
  });
});
