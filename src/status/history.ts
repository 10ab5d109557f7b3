import { z } from "zod";

/** A value at a time; times in seconds since 1970. */
export type Point = readonly [at: number, value: number];

export interface Series {
  readonly name: string;
  /** Number of its colour, and whether its line is dashed. */
  readonly colour: number;
  readonly dashed: boolean;
  /** In order of time; a time without a value is absent. */
  readonly points: readonly Point[];
}

export type ChartUnit = "seconds" | "bytes" | "count";

/** What a chart shows and how Prometheus is asked for it. */
export interface ChartSpec {
  readonly key: string;
  readonly title: string;
  readonly about: string;
  readonly unit: ChartUnit;
  readonly queries: readonly { readonly expression: string; readonly label: string; readonly suffix?: string }[];
}

/** The page's charts; `stack` is a label's value in PromQL. */
export function chartSpecs(stack: string): readonly ChartSpec[] {
  const of = `stack=${JSON.stringify(stack)}`;
  const pools = `${of},database!="pgbouncer"`;
  const heartbeat = `pgstack_heartbeat_age_seconds{${of}}`;
  return [
    {
      key: "lag",
      title: "Age of the last heartbeat",
      about: "The largest of each minute. The leader writes one each second; what rises above that is lag.",
      unit: "seconds",
      queries: [
        // Only while there is one: the largest of a minute would last for that long.
        { expression: `max by (node) (max_over_time(${heartbeat}[1m]) and ${heartbeat})`, label: "node" },
      ],
    },
    {
      key: "retained",
      title: "WAL retained for slots",
      about: "What the leader keeps because a replica has not confirmed it.",
      unit: "bytes",
      queries: [{ expression: `max by (slot) (pgstack_slot_behind_bytes{${of}})`, label: "slot" }],
    },
    {
      key: "clients",
      title: "Clients of the pooler",
      about: "Those that have a server connection, and those that wait for one.",
      unit: "count",
      queries: [
        { expression: `sum by (database) (pgbouncer_pools_client_active_connections{${pools}})`, label: "database", suffix: " active" },
        { expression: `sum by (database) (pgbouncer_pools_client_waiting_connections{${pools}})`, label: "database", suffix: " waiting" },
      ],
    },
    {
      key: "sessions",
      title: "Sessions of the nodes",
      about: "Client sessions, through the pooler and past it.",
      unit: "count",
      queries: [{ expression: `max by (node) (pgstack_node_connections_used{${of}})`, label: "node" }],
    },
  ];
}

export interface Chart extends ChartSpec {
  readonly series: readonly Series[];
}

/** An alert that fires, or will when it lasts. */
export interface Alert {
  readonly name: string;
  readonly severity: string | null;
  readonly state: "firing" | "pending";
  readonly since: string;
  /** Node or slot, where it applies. */
  readonly subject: string | null;
  readonly summary: string | null;
}

/** Data of Prometheus, or why there is none. */
export type History =
  /** The stack runs none. */
  | { readonly state: "none" }
  | { readonly state: "silent"; readonly reason: string }
  | {
      readonly state: "read";
      /** Begin and end of the charts, in seconds since 1970. */
      readonly from: number;
      readonly to: number;
      readonly charts: readonly Chart[];
      readonly alerts: readonly Alert[];
    };

/** Longest time that charts look back, and how far apart values are, in seconds. */
export const longestWindow = 3 * 3600;
export const stepSeconds = 15;

const windows = [10 * 60, 15 * 60, 30 * 60, 3600, 2 * 3600, longestWindow] as const;

/** The shortest window that shows all there is: a new cluster's few minutes are not lost in empty hours. */
export function windowFor(charts: readonly Chart[], to: number): number {
  const first = Math.min(to, ...charts.flatMap(({ series }) => series.flatMap(({ points }) => points[0]?.[0] ?? to)));
  return windows.find((seconds) => to - first <= seconds) ?? longestWindow;
}

const labels = z.record(z.string(), z.string());

const rangeSchema = z.object({
  status: z.literal("success"),
  data: z.object({
    resultType: z.literal("matrix"),
    result: z.array(z.object({ metric: labels, values: z.array(z.tuple([z.number(), z.string()])) })),
  }),
});

/** Colours that there are; beyond them lines are dashed. */
const colours = 8;

/**
 * Series by the value of a label, in order of its values; values that are none (NaN) are left out. Series of one label value
 * have one colour in all queries of a chart.
 *
 * @param names - those of the nodes, which have the same colours in all charts
 * @param isSecond - of a chart with two queries: its lines are dashed
 */
export function parseRange(
  text: string,
  { label, suffix = "" }: ChartSpec["queries"][number],
  { names = [] as readonly string[], isSecond = false } = {},
): readonly Series[] {
  const { result } = rangeSchema.parse(JSON.parse(text)).data;
  return result
    .map(({ metric, values }) => ({ of: metric[label] ?? "?", values }))
    .toSorted((a, b) => a.of.localeCompare(b.of, "en", { numeric: true }))
    .map(({ of, values }, index) => ({ of, values, place: names.includes(of) ? names.indexOf(of) : index }))
    .map(({ of, values, place }) => ({
      name: `${of}${suffix}`,
      colour: place % colours,
      dashed: isSecond || place >= colours,
      points: values.map(([at, value]): Point => [at, Number(value)]).filter(([, value]) => Number.isFinite(value)),
    }));
}

const alertsSchema = z.object({
  status: z.literal("success"),
  data: z.object({
    alerts: z.array(z.object({ labels, annotations: labels, state: z.enum(["firing", "pending", "inactive"]), activeAt: z.string() })),
  }),
});

const severityOrder = ["critical", "warning"];

/** Alerts that fire first, then those that are pending; the worst first. */
export function parseAlerts(text: string): readonly Alert[] {
  const { alerts } = alertsSchema.parse(JSON.parse(text)).data;
  const rank = ({ state, severity }: Alert): number => {
    const place = severityOrder.indexOf(severity ?? "");
    return (state === "firing" ? 0 : 10) + (place < 0 ? severityOrder.length : place);
  };
  return alerts
    .flatMap(({ labels: of, annotations, state, activeAt }): readonly Alert[] =>
      state === "inactive"
        ? []
        : [
            {
              name: of["alertname"] ?? "unnamed",
              severity: of["severity"] ?? null,
              state,
              since: activeAt,
              subject: of["slot"] ?? of["node"] ?? of["database"] ?? null,
              summary: annotations["summary"] ?? annotations["description"] ?? null,
            },
          ],
    )
    .toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}
