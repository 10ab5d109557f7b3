import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { alertNames } from "../../../src/config/alerts.ts";
import { kebab } from "../../../src/monitoring/alert.ts";
import { alertDefinitions } from "../../../src/monitoring/catalogue.ts";
import { readExpression } from "../../../src/promql/expression.ts";
import { mayExist, ownMetrics, recordedMetrics } from "../../../src/promql/metrics.ts";
import type { Rule } from "../../../src/monitoring/rules.ts";
import { alertRules, ruleGroups } from "../../../src/monitoring/rules.ts";
import { renderMonitoringFiles } from "../../../src/render/monitoring-files.ts";
import { renderRules } from "../../../src/render/alert-rules.ts";
import { rulesInput } from "../../../testing/alerts/cases.ts";
import { aPlan } from "../../../testing/stacks.ts";

const sources = { alertmanager: false, foreignPostgresExporter: false, foreignPoolerExporter: false };
const rulesOf = (nodes?: readonly string[], config: unknown = {}): readonly Rule[] => alertRules(ruleGroups(rulesInput(nodes, config)));
const find = (rules: readonly Rule[], alert: string, severity: string): Rule | undefined =>
  rules.find((rule) => rule.alert === alert && rule.labels.severity === severity);

describe("alert definitions", () => {
  it("are one for each name of the catalogue", () => {
    expect(alertDefinitions.map(({ name }) => name).toSorted()).toEqual(alertNames.toSorted());
  });

  it.each(rulesOf().map((rule) => [rule.alert, rule.labels.severity, rule] as const))(
    "read existing metrics alone: %s %s",
    (_a, _s, rule) => {
      const { metrics, problem } = readExpression(rule.expr);
      expect(problem).toBeUndefined();
      expect(metrics.length).toBeGreaterThan(0);
      expect(metrics.filter((metric) => !mayExist(metric, sources))).toEqual([]);
    },
  );

  it("name the stack in every selector", () => {
    const recorded = ruleGroups(rulesInput()).flatMap(({ rules }) => rules.filter((rule) => "record" in rule));
    expect(recorded.map(({ record }) => record)).toEqual(Object.keys(recordedMetrics));
    for (const { alert, expr } of [...rulesOf(), ...recorded.map(({ record, expr: recording }) => ({ alert: record, expr: recording }))]) {
      const selectors = expr.match(/\b(?:up|pg_\w+|pgstack[_:]\w+|pgbouncer_\w+)\{[^}]*\}/g) ?? [];
      expect(selectors.length, alert).toBeGreaterThan(0);
      for (const selector of selectors) expect(selector, alert).toContain('stack="test"');
      expect(expr.replaceAll(/"[^"]*"/g, '""').match(/\b(?:pg_|pgstack[_:]|pgbouncer_)\w+(?=[^\w{"])/g), alert).toBeNull();
    }
  });

  it("use each of pgstack's own metrics that shows a fault", () => {
    const used = new Set(rulesOf().flatMap(({ expr }) => readExpression(expr).metrics));
    expect(Object.keys(ownMetrics).filter((metric) => !used.has(metric))).toEqual([
      "pgstack_node_wal_bytes",
      "pgstack_receiver_message_age_seconds",
    ]);
  });
});

describe("ruleGroups", () => {
  it("records roles before the alerts that read them, and takes none from stack config", () => {
    const groups = ruleGroups(rulesInput());
    expect(groups[0]?.rules.slice(0, 3).map((rule) => ("record" in rule ? rule.record : rule.alert))).toEqual([
      "pgstack:node_leads",
      "pgstack:node_role",
      "PostgresDown",
    ]);
    const filesOf = (leader: string): unknown => renderMonitoringFiles(aPlan({ replicas: 2, leader, monitoring: { prometheus: true } }));
    expect(filesOf("pg3")).toEqual(filesOf("pg1"));
  });

  it("leaves alerts on replicas out without replicas", () => {
    const names = new Set(rulesOf(["pg1"]).map(({ alert }) => alert));
    expect(alertNames.filter((name) => !names.has(name))).toEqual([
      "TimelineSplit",
      "ReplicaLagSeconds",
      "ReplicaLagBytes",
      "ReplicaDisconnected",
      "ReplicasMissing",
      "ReplayPaused",
      "SlotInactive",
      "SlotLost",
    ]);
    expect(find(rulesOf(["pg1"]), "MetricsMissing", "critical")?.expr).not.toContain("receiver");
  });

  it("builds expressions from thresholds", () => {
    const rules = rulesOf(undefined, {
      ReplicaLagSeconds: { warning: "500ms", critical: "2min", for: "0s" },
      ReplicaLagBytes: { warning: "1GB", critical: "off" },
      DiskFull: { warning: "55%" },
      PostgresDown: { critical: "90s" },
      Deadlocks: "off",
    });
    expect(find(rules, "ReplicaLagSeconds", "warning")).toMatchObject({ expr: expect.stringMatching(/ > 0\.5$/), for: "0s" });
    expect(find(rules, "ReplicaLagSeconds", "critical")).toMatchObject({ expr: expect.stringMatching(/ > 120$/), for: "2m" });
    expect(find(rules, "ReplicaLagBytes", "warning")?.expr).toMatch(/ > 1073741824$/);
    expect(find(rules, "ReplicaLagBytes", "critical")).toBeUndefined();
    expect(find(rules, "DiskFull", "warning")?.expr).toMatch(/ > 0\.55$/);
    expect(find(rules, "PostgresDown", "critical")?.for).toBe("90s");
    expect(rules.some(({ alert }) => alert === "Deadlocks")).toBe(false);
  });

  it("gives every rule its severity, stack, texts and runbook", () => {
    for (const { alert, labels, annotations } of rulesOf()) {
      expect(labels.stack).toBe("test");
      expect(annotations.summary).toMatch(/\(\{\{ \$labels\.stack \}\}\)$/);
      expect(annotations.description).toMatch(/\.(?:\{\{ end \}\})?$/);
      expect(annotations.runbook_url).toBe(`docs/runbooks/${kebab(alert)}.md`);
    }
  });

  it("looks at no fewer than four scrapes", () => {
    const seldom = alertRules(ruleGroups({ ...rulesInput(), scrapeIntervalS: 120 }));
    expect(find(seldom, "LeaderCount", "critical")?.expr).toContain("[8m]");
    expect(find(seldom, "PoolerDown", "critical")?.expr).toContain("[24m]");
    expect(find(seldom, "Deadlocks", "warning")?.expr).toContain("[8m]");
  });

  it("names a stack that needs quoting", () => {
    const [rule] = alertRules(ruleGroups({ ...rulesInput(), stack: 'a"b\\c' }));
    expect(rule?.expr).toContain('stack="a\\"b\\\\c"');
  });
});

describe("renderRules", () => {
  it("is the same for the same input, and what YAML reads is what was given", () => {
    const text = renderRules(rulesInput());
    expect(renderRules(rulesInput())).toBe(text);
    expect(text.split("\n")[0]).toBe("# Rendered for test by pgstack. Do not edit.");
    expect(parse(text)).toEqual({ groups: ruleGroups(rulesInput()) });
    expect(parse(text, { version: "1.1" })).toEqual(parse(text));
  });

  it("adds rules of the stack's own", () => {
    const { monitoring } = aPlan({
      monitoring: {
        prometheus: true,
        runbooks: "https://wiki.example.org/runbooks",
        rules: [
          { alert: "TooManyLocks", expr: "sum(pg_locks_count) > 100", for: "5min", severity: "critical", summary: "{{ $value }} locks" },
        ],
      },
    });
    expect(monitoring?.alerts.runbooks).toBe("https://wiki.example.org/runbooks");
    const groups = ruleGroups({ ...rulesInput(), alerts: monitoring?.alerts ?? rulesInput().alerts });
    expect(groups.at(-1)).toEqual({
      name: "own",
      rules: [
        {
          alert: "TooManyLocks",
          expr: "sum(pg_locks_count) > 100",
          for: "5m",
          labels: { severity: "critical", stack: "test" },
          annotations: { summary: "{{ $value }} locks" },
        },
      ],
    });
  });
});

describe("kebab", () => {
  it.each([
    ["PostgresDown", "postgres-down"],
    ["XminAge", "xmin-age"],
    ["SlotRetainedWal", "slot-retained-wal"],
  ])("%s is %s", (name, file) => {
    expect(kebab(name)).toBe(file);
  });
});
