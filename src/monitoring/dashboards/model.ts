import { datasource, panel } from "./panels.ts";
import { inStack } from "./query.ts";
import type { Dashboard, Panel, Row, Variable } from "./schema.ts";
import type { DashboardSpec, Section, VariableName } from "./spec.ts";
import { gridColumns } from "./spec.ts";

/** Links between the dashboards find them by it. */
const tag = "pgstack";

/** Latest version of Grafana's classic schema (12.0 and later); newer Grafanas convert it as they load it. */
const schemaVersion = 42;

/** What the variables choose from. */
export const variableQueries: Readonly<Record<VariableName, { readonly selector: string; readonly label: string }>> = {
  stack: { selector: "pg_up", label: "stack" },
  node: { selector: inStack("pg_up"), label: "node" },
};

/** Grafana's model of a dashboard: same specification, same bytes. */
export function dashboardModel(spec: DashboardSpec): Dashboard {
  return {
    uid: spec.uid,
    title: spec.title,
    description: spec.description,
    tags: [tag],
    schemaVersion,
    editable: false,
    graphTooltip: 1,
    timezone: "browser",
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    timepicker: {},
    links: [
      {
        type: "dashboards",
        title: "Dashboards",
        tooltip: "",
        icon: "external link",
        tags: [tag],
        asDropdown: false,
        includeVars: true,
        keepTime: true,
        targetBlank: false,
        url: "",
      },
    ],
    annotations: { list: [] },
    templating: { list: spec.variables.map((name) => variable(name)) },
    panels: placed(spec.sections),
  };
}

/** Panels fill a line from the left; the next line begins where a panel has no room, and with each section. */
function placed(sections: readonly Section[]): readonly (Panel | Row)[] {
  const all: (Panel | Row)[] = [];
  let y = 0;
  for (const { title, height, panels } of sections) {
    if (title !== undefined) {
      all.push({ type: "row", id: all.length + 1, title, collapsed: false, gridPos: { x: 0, y, w: gridColumns, h: 1 }, panels: [] });
      y += 1;
    }
    let x = 0;
    for (const spec of panels) {
      if (x + spec.width > gridColumns) {
        x = 0;
        y += height;
      }
      all.push(panel(spec, { id: all.length + 1, gridPos: { x, y, w: spec.width, h: height } }));
      x += spec.width;
    }
    y += height;
  }
  return all;
}

function variable(name: VariableName): Variable {
  const { selector, label } = variableQueries[name];
  const common = {
    type: "query",
    name,
    datasource,
    // 1: the kind of query that the text is, the values of a label.
    query: { qryType: 1, query: `label_values(${selector}, ${label})`, refId: "PrometheusVariableQueryEditor-VariableQuery" },
    // When the dashboard is opened, and for nodes with another time range, in which others may have been there.
    refresh: name === "stack" ? 1 : 2,
    sort: 7,
    hide: 0,
    regex: "",
    skipUrlSync: false,
    options: [],
  } as const;
  if (name === "stack") return { ...common, label: "Stack", includeAll: false, multi: false };
  return {
    ...common,
    label: "Node",
    includeAll: true,
    multi: true,
    allValue: ".+",
    current: { selected: true, text: ["All"], value: ["$__all"] },
  };
}
