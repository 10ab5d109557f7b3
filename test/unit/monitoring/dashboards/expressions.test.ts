import { describe, expect, it } from "vitest";

import { dashboardExpressions, dashboards, dashboardVariables } from "../../../../src/monitoring/dashboards/dashboards.ts";
import { readExpression } from "../../../../src/promql/expression.ts";
import { knownMetrics, ownMetrics } from "../../../../src/promql/metrics.ts";

const values = { stack: "production", node: "pg1|pg2", rateInterval: "1m" };
const expressions = dashboardExpressions(values);
const known = knownMetrics({ alertmanager: false, foreignPostgresExporter: false, foreignPoolerExporter: false });

/** Labels that series have without being grouped by them: of the targets and of pgstack's own metrics. */
const ungrouped = new Set(["node", "role", "stack", ...Object.values(ownMetrics).flat()]);

describe.each(expressions)("$dashboard, $panel: $expr", ({ expr }) => {
  const { metrics, problem } = readExpression(expr);

  it("is PromQL, with nothing of Grafana left in it", () => {
    expect(problem).toBeUndefined();
    expect(expr).not.toContain("$");
  });

  it("asks for metrics that exist", () => {
    expect(metrics.length).toBeGreaterThan(0);
    expect(metrics.filter((name) => !known.has(name))).toEqual([]);
  });

  it("asks for one stack alone", () => {
    const selectors = [...expr.matchAll(/([a-zA-Z_:]\w*)\{([^}]*)\}/g)];
    expect(selectors.length).toBeGreaterThanOrEqual(metrics.length);
    for (const [, , matchers] of selectors) expect(matchers).toMatch(/^stack="production"/);
    // No metric without its braces.
    const bare = metrics.filter((name) => new RegExp(`\\b${name}\\b(?!\\{)`).test(expr));
    expect(bare).toEqual([]);
  });

  it("takes no lag from a metric that is 0 on a replica without its leader", () => {
    expect(metrics).not.toContain("pg_replication_lag_seconds");
  });
});

describe("legends", () => {
  const queries = dashboards({}).flatMap(({ title, sections }) =>
    sections.flatMap(({ panels }) =>
      panels.flatMap(({ title: panel, queries }) => queries.map((query) => ({ where: `${title}, ${panel}`, ...query }))),
    ),
  );

  it.each(queries.filter(({ legend }) => legend.includes("{{")))("$where: $legend has labels that the series have", ({ expr, legend }) => {
    const wanted = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);
    // The innermost of the first aggregation decides: all parts of an expression are grouped alike.
    const [, grouped] = /\bby \(([^)]*)\)/.exec(expr) ?? [];
    const labels = grouped === undefined ? ungrouped : new Set(grouped.split(", "));
    expect(wanted.filter((label) => !labels.has(label))).toEqual([]);
  });

  it.each(queries.filter(({ legend, expr }) => !legend.includes("{{") && legend !== "" && expr.includes(" by (")))(
    "$where: $legend names the only series there is",
    ({ expr }) => {
      expect(expr).toMatch(/by \(stack\)|^(?:max|sum)\(/);
    },
  );
});

describe("what the dashboards show", () => {
  it("is every metric of pgstack's own", () => {
    const used = new Set(expressions.flatMap(({ expr }) => readExpression(expr).metrics));
    expect(Object.keys(ownMetrics).filter((name) => !used.has(name))).toEqual([]);
  });

  it("may be nothing only where that is an answer", () => {
    const optional = expressions.filter(({ mayBeEmpty }) => mayBeEmpty);
    expect(new Set(optional.map(({ dashboard, panel }) => `${dashboard}: ${panel}`))).toEqual(
      new Set([
        "Cluster: Lag",
        "Cluster: Slot cap used",
        "Cluster: Lag of replicas",
        "Cluster: Alerts",
        "Node: Locks",
        "Replication: Lag",
        "Replication: Not yet replayed",
        "Replication: Retained WAL",
        "Replication: Share of the cap",
        "Replication: Age of xmin",
        "Replication: WAL written",
        "Replication: Streams",
        "Replication: Last message",
        "Replication: Paused",
      ]),
    );
  });

  it("is chosen by variables whose values Prometheus knows", () => {
    expect(dashboardVariables(values)).toEqual([
      { name: "stack", selector: "pg_up", label: "stack" },
      { name: "node", selector: 'pg_up{stack="production"}', label: "node" },
    ]);
  });
});
