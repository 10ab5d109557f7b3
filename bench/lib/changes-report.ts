import type { LoadResult, RouteResult } from "../../testing/load.ts";
import type { BackgroundResult } from "./background-pgbench.ts";
import type { Effect } from "./cluster-changes.ts";
import { formatNumber } from "./markdown.ts";
import type { Figure, Table } from "./result.ts";
import { median } from "./statistics.ts";

/** What clients saw of one change, made in one way. */
export interface ChangeRun {
  readonly round: number;
  /** Who made it. */
  readonly way: string;
  readonly change: string;
  readonly effect: Effect;
  /** From the edit to the end of the last command. */
  readonly seconds: number;
  readonly load: Pick<LoadResult, "write" | "read" | "reconnecting">;
  readonly pgbench: Readonly<Record<"write" | "read", BackgroundResult>>;
  /** Confirmed rows that are missing on a node, added up over the nodes. */
  readonly lost: number;
  /** Nodes that do not show the new setting. */
  readonly unchanged: readonly string[];
  /** Why a command failed. */
  readonly failure: string | undefined;
  /** Why clients did not work again until the cluster was repaired by hand. */
  readonly outage: string | undefined;
}

const stallMs = { median: 1000, worst: 2000 };

/** While the pooler's own container is replaced no process holds its clients: new ones wait for the next one. */
const loginMs = { median: 5000, worst: 8000 };

/** Failed statements and logins of the load. */
export function failedStatements({ load }: Pick<ChangeRun, "load">): number {
  return sum([load.write, load.read].map(failuresOf));
}

function failuresOf({ failures }: RouteResult): number {
  return sum(Object.values(failures));
}

/**
 * Totals, not one value per round: a single failure must not vanish in a median.
 *
 * @param own - pgstack's way, which has aims
 * @param other - the other way, which has none
 */
export function changeFigures(runs: readonly ChangeRun[], own: string, other: string): readonly Figure[] {
  const spared = (run: ChangeRun): boolean => run.effect !== "pooler is replaced";
  const total = (what: string, of: readonly ChangeRun[], count: (run: ChangeRun) => number, hasAim: boolean): Figure => ({
    what,
    values: of.length === 0 ? [] : [sum(of.map(count))],
    unit: "errors",
    aim: hasAim ? { op: "<=", bound: 0 } : undefined,
  });
  const pgbenchErrors = ({ pgbench }: ChangeRun): number => pgbench.write.errors + pgbench.read.errors;
  const totals = (way: string, hasAims: boolean): readonly Figure[] => {
    const all = runs.filter((run) => run.way === way);
    const but = all.filter(spared);
    const pooler = all.filter((run) => !spared(run));
    return [
      total(`${way}: failed statements, all changes but the pooler's image`, but, failedStatements, hasAims),
      total(`${way}: failed transactions and lost clients of pgbench, the same changes`, but, pgbenchErrors, hasAims),
      total(
        `${way}: failed statements of clients that log in each time, the pooler's image`,
        pooler,
        ({ load }) => failuresOf(load.reconnecting),
        hasAims,
      ),
      total(`${way}: failed transactions of pgbench that connects for each, the pooler's image`, pooler, pgbenchErrors, hasAims),
      total(
        `${way}: statements that met the closing of a kept connection, the pooler's image`,
        pooler,
        (run) => failedStatements(run) - failuresOf(run.load.reconnecting),
        false,
      ),
      total(`${way}: confirmed rows missing on a node, all changes`, all, ({ lost }) => lost, hasAims),
      total(
        `${way}: changes whose command failed, that not every node shows, or after which clients did not work again`,
        all,
        brokenOf,
        hasAims,
      ),
    ];
  };
  const stalls = (effect: Effect, who: "write" | "reconnecting" = "write", boundMs = stallMs): readonly Figure[] => {
    const values = runs.filter((run) => run.way === own && run.effect === effect).map(({ load }) => load[who].longestMs);
    const what = who === "write" ? "a write" : "a login";
    return [
      { what: `${own}: longest wait of ${what}, ${effect}`, values, unit: "ms", aim: { op: "<=", bound: boundMs.median } },
      {
        what: `${own}: the worst of them`,
        values: values.length === 0 ? [] : [Math.max(...values)],
        unit: "ms",
        aim: { op: "<=", bound: boundMs.worst },
      },
    ];
  };
  return [
    ...totals(own, true),
    ...stalls("leader restarts"),
    ...stalls("leader is replaced"),
    ...stalls("pooler is replaced", "reconnecting", loginMs),
    ...totals(other, false),
  ];
}

function brokenOf({ failure, unchanged, outage }: ChangeRun): number {
  return failure !== undefined || unchanged.length > 0 || outage !== undefined ? 1 : 0;
}

/** Both ways of each change, one below the other, all rounds together. */
export function changesTable(runs: readonly ChangeRun[]): Table {
  const rows = groups(runs).map(({ change, way, of }) => {
    const routes = of.flatMap(({ load }): readonly RouteResult[] => [load.write, load.read]);
    return [
      change,
      way,
      `${formatNumber(median(of.map(({ seconds }) => seconds)))} s`,
      String(sum(routes.map(({ statements }) => statements))),
      String(sum(of.map(failedStatements))),
      String(sum(of.map(({ lost }) => lost))),
      longest(of.map(({ load }) => load.write.longestMs)),
      longest(of.map(({ load }) => load.read.longestMs)),
      String(sum(of.flatMap(({ pgbench }) => [pgbench.write.transactions, pgbench.read.transactions]))),
      String(sum(of.flatMap(({ pgbench }) => [pgbench.write.errors, pgbench.read.errors]))),
      longest(of.map(({ pgbench }) => pgbench.write.longestMs)),
      longest(of.map(({ pgbench }) => pgbench.read.longestMs)),
    ];
  });
  return {
    title: "Each change, all rounds together; a wait is the median of the rounds' longest, then the longest of all",
    head: [
      "change",
      "way",
      "took",
      "statements",
      "failed",
      "rows missing",
      "write waited",
      "read waited",
      "pgbench transactions",
      "failed or gave up",
      "update waited",
      "select waited",
    ],
    rows,
  };
}

/** Failures by message; no rows without one. */
export function failuresTable(runs: readonly ChangeRun[]): Table {
  const rows = groups(runs).flatMap(({ change, way, of }) => {
    const counts = new Map<string, number>();
    const add = (client: string, message: string, count: number): void => {
      const key = `${client}\0${classOf(message)}`;
      counts.set(key, (counts.get(key) ?? 0) + count);
    };
    for (const { load, pgbench } of of) {
      for (const route of ["write", "read"] as const) {
        for (const [message, count] of Object.entries(load[route].failures)) add(`${route}s`, message, count);
        const { errors, message = "without a message" } = pgbench[route];
        if (errors > 0) add(`pgbench, ${route}s`, message, errors);
      }
    }
    return [...counts].map(([key, count]) => [change, way, ...key.split("\0"), String(count)]);
  });
  return { title: "What failed", head: ["change", "way", "clients", "message", "count"], rows };
}

/** A message without what differs from client to client. */
export function classOf(message: string): string {
  return message
    .replaceAll(/\b(?:\d{1,3}\.){3}\d{1,3}\b/g, "<address>")
    .replaceAll(/((?:<address>|localhost):|port )\d+/g, "$1<port>")
    .replaceAll(/\bclient \d+\b/g, "client <n>");
}

/** What went wrong besides failed statements, in words. */
export function changeNotes(runs: readonly ChangeRun[]): readonly string[] {
  return runs.flatMap(({ round, way, change, failure, unchanged, outage }) => [
    ...(failure === undefined ? [] : [`Round ${round}, ${way}, ${change}: the command failed: ${firstLines(failure)}`]),
    ...(unchanged.length === 0 ? [] : [`Round ${round}, ${way}, ${change}: not in effect on ${unchanged.join(", ")} afterwards`]),
    ...(outage === undefined ? [] : [`Round ${round}, ${way}, ${change}: ${outage}`]),
  ]);
}

const firstLines = (text: string): string => text.trim().split("\n").slice(0, 2).join(" ");

interface Group {
  readonly change: string;
  readonly way: string;
  readonly of: readonly ChangeRun[];
}

/** By change, then by way, both in the order in which they first appear. */
function groups(runs: readonly ChangeRun[]): readonly Group[] {
  const unique = (values: readonly string[]): readonly string[] => [...new Set(values)];
  return unique(runs.map(({ change }) => change)).flatMap((change) =>
    unique(runs.map(({ way }) => way)).flatMap((way) => {
      const of = runs.filter((run) => run.change === change && run.way === way);
      return of.length === 0 ? [] : [{ change, way, of }];
    }),
  );
}

function longest(values: readonly number[]): string {
  const most = Math.max(...values);
  return values.length === 1 ? `${formatNumber(most)} ms` : `${formatNumber(median(values))} ms, ${formatNumber(most)} ms`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
