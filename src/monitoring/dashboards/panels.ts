import type { Query } from "./query.ts";
import type { Json, Panel, StatPanel, TablePanel, Target, TimelinePanel, TimeSeriesPanel } from "./schema.ts";
import type { Column, CurvesSpec, PanelSpec, Place, StatSpec, Step, TableSpec, TimelineSpec, Unit, Words } from "./spec.ts";

/** The data source that is provisioned, by its fixed uid. */
export const datasource = { type: "prometheus", uid: "pgstack" } as const;

/** Grafana's panel of a specification. */
export function panel(spec: PanelSpec, place: Place): Panel {
  switch (spec.kind) {
    case "stat":
      return stat(spec, place);
    case "curves":
      return curves(spec, place);
    case "timeline":
      return timeline(spec, place);
    case "table":
      return table(spec, place);
  }
}

/** An instant query: the last value of a curve would still be shown when its source is long gone. */
function stat(spec: StatSpec, place: Place): StatPanel {
  return {
    type: "stat",
    ...head(spec, place),
    targets: spec.queries.map((each, index) => target(each, index, "now")),
    options: {
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
      orientation: "auto",
      textMode: spec.names === true ? "name" : "auto",
      colorMode: judges(spec) ? "background" : "none",
      graphMode: "none",
      justifyMode: "auto",
      percentChangeColorMode: "standard",
      showPercentChange: false,
      wideLayout: true,
    },
    fieldConfig: { defaults: field(spec), overrides: [] },
  };
}

/** Whether colours say good or bad. A name without judgement would fill its panel with the colour of text. */
function judges({ steps = [], words = {} }: StatSpec): boolean {
  return [...steps, ...Object.values(words)].some(({ color }) => color !== "text");
}

function curves(spec: CurvesSpec, place: Place): TimeSeriesPanel {
  const steps = spec.steps ?? [];
  return {
    type: "timeseries",
    ...head(spec, place),
    targets: spec.queries.map((each, index) => target(each, index, "curve")),
    options: {
      legend: { showLegend: true, displayMode: "list", placement: "bottom", calcs: [] },
      tooltip: { mode: "multi", sort: "desc" },
    },
    fieldConfig: {
      defaults: {
        ...field(spec),
        min: 0,
        ...(spec.max === undefined ? {} : { max: spec.max }),
        color: { mode: "palette-classic" },
        custom: {
          drawStyle: "line",
          lineWidth: 1,
          fillOpacity: spec.stacked === true ? 30 : 5,
          showPoints: "never",
          spanNulls: false,
          stacking: { mode: spec.stacked === true ? "normal" : "none", group: "A" },
          thresholdsStyle: { mode: steps.length > 1 ? "dashed" : "off" },
        },
      },
      overrides: [],
    },
  };
}

function timeline(spec: TimelineSpec, place: Place): TimelinePanel {
  return {
    type: "state-timeline",
    ...head(spec, place),
    targets: spec.queries.map((each, index) => target(each, index, "curve")),
    options: {
      rowHeight: 0.8,
      mergeValues: true,
      showValue: "auto",
      alignValue: "left",
      legend: { showLegend: false, displayMode: "list", placement: "bottom", calcs: [] },
      tooltip: { mode: "single", sort: "none" },
    },
    fieldConfig: { defaults: { ...field(spec), custom: { fillOpacity: 70, lineWidth: 0 } }, overrides: [] },
  };
}

function table(spec: TableSpec, place: Place): TablePanel {
  const shown = spec.columns.map(({ field }) => field);
  return {
    type: "table",
    ...head(spec, place),
    targets: spec.queries.map((each, index) => target(each, index, "table")),
    options: { showHeader: true, frameIndex: 0, cellHeight: "sm" },
    transformations: [
      ...(spec.by === undefined ? [] : [{ id: "joinByField", options: { byField: spec.by, mode: "outer" } }]),
      { id: "filterFieldsByName", options: { include: { names: shown } } },
      {
        id: "organize",
        options: {
          excludeByName: {},
          includeByName: {},
          indexByName: Object.fromEntries(shown.map((name, index) => [name, index])),
          renameByName: Object.fromEntries(spec.columns.map(({ field, heading }) => [field, heading])),
        },
      },
    ],
    fieldConfig: { defaults: field(spec), overrides: spec.columns.map((column) => override(column)) },
  };
}

function head(spec: PanelSpec, place: Place): Pick<Panel, "id" | "title" | "description" | "datasource" | "gridPos"> {
  return { ...place, title: spec.title, description: spec.description, datasource };
}

function target({ expr, legend }: Query, index: number, kind: "now" | "curve" | "table"): Target {
  return {
    datasource,
    refId: String.fromCodePoint("A".charCodeAt(0) + index),
    expr,
    legendFormat: legend,
    editorMode: "code",
    format: kind === "table" ? "table" : "time_series",
    instant: kind !== "curve",
    range: kind === "curve",
  };
}

type Thresholds = NonNullable<Panel["fieldConfig"]["defaults"]["thresholds"]>;
type Mappings = NonNullable<Panel["fieldConfig"]["defaults"]["mappings"]>;

function field({ unit, steps, words, decimals, empty }: PanelSpec): {
  readonly unit: Unit;
  readonly noValue: string;
  readonly color: { readonly mode: "thresholds" };
  readonly thresholds: Thresholds;
  readonly mappings: Mappings;
  readonly decimals?: number;
} {
  return {
    unit,
    noValue: empty ?? "no data",
    color: { mode: "thresholds" },
    thresholds: thresholds(steps ?? [{ color: "text", from: null }]),
    mappings: mappings(words),
    ...(decimals === undefined ? {} : { decimals }),
  };
}

function thresholds(steps: readonly Step[]): Thresholds {
  return { mode: "absolute", steps: steps.map(({ color, from }) => ({ color, value: from })) };
}

function mappings(words: Words | undefined): Mappings {
  if (words === undefined) return [];
  const options = Object.entries(words).map(([value, result], index) => [value, { ...result, index }] as const);
  return [{ type: "value", options: Object.fromEntries(options) }];
}

/** What differs for one column of a table. */
function override({ heading, unit, steps, words, link }: Column): Json<Panel["fieldConfig"]["overrides"][number]> {
  const coloured = steps !== undefined || words !== undefined;
  return {
    matcher: { id: "byName", options: heading },
    properties: [
      ...(unit === undefined ? [] : [{ id: "unit", value: unit }]),
      ...(steps === undefined ? [] : [{ id: "thresholds", value: thresholds(steps) }]),
      ...(words === undefined ? [] : [{ id: "mappings", value: mappings(words) }]),
      ...(coloured ? [{ id: "custom.cellOptions", value: { type: "color-text" } }] : []),
      ...(link === undefined ? [] : [{ id: "links", value: [link] }]),
    ],
  };
}
