import type { Query } from "./query.ts";
import type { Json, Panel } from "./schema.ts";

/** A dashboard as pgstack's code says it; `model.ts` makes Grafana's model of it. */
export interface DashboardSpec {
  /** Part of the dashboard's address: never changed. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly VariableName[];
  readonly sections: readonly Section[];
}

export type VariableName = "stack" | "node";

/** Panels side by side, in rows of 24 columns. */
export interface Section {
  /** Heading above; none for a section that needs none. */
  readonly title?: string;
  /** Height of each panel, in units of about 38 pixels. */
  readonly height: number;
  readonly panels: readonly PanelSpec[];
}

export const gridColumns = 24;

/** Units by Grafana's ids (`@grafana/data`, valueFormats/categories). */
export type Unit = "none" | "short" | "s" | "bytes" | "Bps" | "percentunit" | "ops" | "cps" | "cpm";

/** A colour from a value on; `from` null is the first one. */
export interface Step {
  readonly color: "green" | "orange" | "red" | "text";
  readonly from: number | null;
}

/** Texts and colours instead of numbers. */
export type Words = Readonly<Record<string, { readonly text: string; readonly color: Step["color"] }>>;

interface CommonSpec {
  readonly title: string;
  /** What it shows, and what good looks like. */
  readonly description: string;
  readonly unit: Unit;
  /** In columns. */
  readonly width: number;
  readonly queries: readonly Query[];
  readonly steps?: readonly Step[] | undefined;
  readonly words?: Words;
  readonly decimals?: number;
  /** Shown instead of no value. */
  readonly empty?: string;
}

/** One number, as it is now. */
export interface StatSpec extends CommonSpec {
  readonly kind: "stat";
  /** Shows the names of the series instead of their values. */
  readonly names?: boolean;
}

/** Curves over time; `steps` are drawn as lines. */
export interface CurvesSpec extends CommonSpec {
  readonly kind: "curves";
  /** Curves on top of one another. */
  readonly stacked?: boolean;
  readonly max?: number;
}

/** States over time, one bar for each series. */
export interface TimelineSpec extends CommonSpec {
  readonly kind: "timeline";
}

/** One line for each value of a label, or for each series of a single query. */
export interface TableSpec extends CommonSpec {
  readonly kind: "table";
  /** Label that the queries are joined by. Undefined: one query, whose labels are the columns. */
  readonly by?: string;
  /** Columns in order: name of the field and heading. A field that is not named is not shown. */
  readonly columns: readonly Column[];
}

export interface Column {
  /** A label, or `Value` with a letter for the query: `Value #A`. */
  readonly field: string;
  readonly heading: string;
  readonly unit?: Unit;
  readonly steps?: readonly Step[] | undefined;
  readonly words?: Words;
  /** Where a click on a value leads to. */
  readonly link?: { readonly title: string; readonly url: string };
}

export type PanelSpec = StatSpec | CurvesSpec | TimelineSpec | TableSpec;

/** Number and place of a panel. */
export interface Place {
  readonly id: number;
  readonly gridPos: Json<NonNullable<Panel["gridPos"]>>;
}
