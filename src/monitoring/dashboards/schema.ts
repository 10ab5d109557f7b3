import type { Dashboard as DashboardSchema, DataSourceRef, Panel as PanelSchema, VariableModel } from "@grafana/schema";
import type { Options as StatOptions } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type {
  FieldConfig as TimelineField,
  Options as TimelineOptions,
} from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type {
  FieldConfig as TableField,
  Options as TableOptions,
} from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type {
  FieldConfig as TimeSeriesField,
  Options as TimeSeriesOptions,
} from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

/**
 * Grafana's classic dashboard model, typed by Grafana's own schema: a field that it does not know, or a value that it does
 * not take, is a type error. Only the type check needs the package.
 */

/** A type of the schema as JSON holds it: the value instead of the enum, and nothing that could be changed. */
export type Json<T> = T extends string
  ? `${T}`
  : T extends number
    ? NumberOf<T>
    : T extends readonly (infer Item)[]
      ? readonly Json<Item>[]
      : T extends object
        ? { readonly [Key in keyof T]: Json<T[Key]> }
        : T;

type NumberOf<T extends number> = number extends T ? number : `${T}` extends `${infer Value extends number}` ? Value : never;

/** A query of a panel: what Grafana's Prometheus data source reads of it. */
export interface Target {
  readonly datasource: Json<DataSourceRef>;
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly editorMode: "code";
  readonly format: "time_series" | "table";
  /** One value now, or a curve. */
  readonly instant: boolean;
  readonly range: boolean;
}

type SchemaFields = Json<Omit<PanelSchema, "options" | "fieldConfig" | "targets" | "type" | "id" | "gridPos" | "title" | "description">>;

interface PanelOf<Type extends string, Options, Field> extends SchemaFields {
  readonly type: Type;
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly datasource: Json<DataSourceRef>;
  readonly gridPos: Json<NonNullable<PanelSchema["gridPos"]>>;
  readonly targets: readonly Target[];
  readonly options: Json<Options>;
  readonly fieldConfig: {
    readonly defaults: Json<Omit<NonNullable<PanelSchema["fieldConfig"]>["defaults"], "custom">> & { readonly custom?: Json<Field> };
    readonly overrides: Json<NonNullable<PanelSchema["fieldConfig"]>["overrides"]>;
  };
}

export type StatPanel = PanelOf<"stat", StatOptions, Record<string, never>>;
export type TimeSeriesPanel = PanelOf<"timeseries", TimeSeriesOptions, TimeSeriesField>;
export type TablePanel = PanelOf<"table", TableOptions, TableField>;
export type TimelinePanel = PanelOf<"state-timeline", TimelineOptions, TimelineField>;
export type Panel = StatPanel | TimeSeriesPanel | TablePanel | TimelinePanel;

/** A heading over the panels that follow it. */
export interface Row {
  readonly type: "row";
  readonly id: number;
  readonly title: string;
  readonly collapsed: false;
  readonly gridPos: Json<NonNullable<PanelSchema["gridPos"]>>;
  readonly panels: readonly never[];
}

export type Variable = Json<Omit<VariableModel, "query">> & {
  readonly query: { readonly qryType: number; readonly query: string; readonly refId: string };
};

export interface Dashboard extends Json<Omit<DashboardSchema, "panels" | "templating" | "uid" | "title" | "description">> {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly (Panel | Row)[];
  readonly templating: { readonly list: readonly Variable[] };
}
