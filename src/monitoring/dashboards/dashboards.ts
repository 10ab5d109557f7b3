import type { PlainFile } from "../../files/file-spec.ts";
import { plain } from "../../files/file-spec.ts";
import { grafanaFiles } from "../../plan/grafana.ts";
import { clusterDashboard } from "./cluster.ts";
import type { DashboardLimits } from "./limits.ts";
import { dashboardModel, variableQueries } from "./model.ts";
import { nodeDashboard } from "./node.ts";
import { poolerDashboard } from "./pooler.ts";
import type { VariableValues } from "./query.ts";
import { withVariables } from "./query.ts";
import { replicationDashboard } from "./replication.ts";
import type { Dashboard } from "./schema.ts";
import type { DashboardSpec } from "./spec.ts";

/** All dashboards, the one that Grafana opens with first. */
export function dashboards(limits: DashboardLimits): readonly DashboardSpec[] {
  return [clusterDashboard(limits), nodeDashboard(limits), replicationDashboard(limits), poolerDashboard(limits)];
}

/** A file for each dashboard, relative to Grafana's config volume. */
export function renderDashboards(limits: DashboardLimits): readonly PlainFile[] {
  return dashboards(limits).map((spec) => plain(`${grafanaFiles.dashboards}/${spec.uid}.json`, text(dashboardModel(spec))));
}

/** JSON with each panel on a line of its own: small, and a changed panel is one changed line. */
function text(dashboard: Dashboard): string {
  const lines = Object.entries(dashboard).map(([key, value]) => {
    const json = key === "panels" ? `[\n${dashboard.panels.map((panel) => JSON.stringify(panel)).join(",\n")}\n]` : JSON.stringify(value);
    return `${JSON.stringify(key)}: ${json}`;
  });
  return `{\n${lines.join(",\n")}\n}\n`;
}

/** An expression of a panel, and where it is. */
export interface DashboardExpression {
  readonly dashboard: string;
  readonly panel: string;
  readonly expr: string;
  /** That no series is an answer too. */
  readonly mayBeEmpty: boolean;
}

/** Every expression of every panel as Grafana would send it, for a test that asks Prometheus. */
export function dashboardExpressions(values: VariableValues): readonly DashboardExpression[] {
  return dashboards({}).flatMap(({ title: dashboard, sections }) =>
    sections
      .flatMap(({ panels }) => panels)
      .flatMap(({ title: panel, queries }) =>
        queries.map(({ expr, mayBeEmpty }) => ({ dashboard, panel, expr: withVariables(expr, values), mayBeEmpty: mayBeEmpty === true })),
      ),
  );
}

/** What fills the choice of each variable, as Grafana would ask Prometheus: a metric and the label whose values are wanted. */
export function dashboardVariables(
  values: VariableValues,
): readonly { readonly name: string; readonly selector: string; readonly label: string }[] {
  return Object.entries(variableQueries).map(([name, { selector, label }]) => ({ name, selector: withVariables(selector, values), label }));
}
