import type { Aim, BenchResult, Figure, Series, Table } from "./result.ts";
import { isMet } from "./result.ts";
import { median, spread } from "./statistics.ts";

/** A table in Markdown; `|` in a cell is escaped. */
export function markdownTable({ head, rows }: Pick<Table, "head" | "rows">): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Three significant digits, as many decimals as that takes. */
export function formatNumber(value: number): string {
  if (value === 0) return "0";
  const digits = Math.floor(Math.log10(Math.abs(value))) + 1;
  return value.toFixed(Math.min(3, Math.max(0, 3 - digits)));
}

const formatUnit = (unit: Figure["unit"]): string => (unit === "x" ? "×" : ` ${unit}`);

function formatSpread(values: readonly number[], unit: Figure["unit"]): string {
  if (values.length === 0) return "not measured";
  const { median: middle, min, max, count } = spread(values);
  const range = count === 1 ? "" : ` (${formatNumber(min)}–${formatNumber(max)})`;
  return `${formatNumber(middle)}${formatUnit(unit)}${range}`;
}

function formatAim(aim: Aim | undefined, unit: Figure["unit"]): string {
  return aim === undefined ? "" : `${aim.op === "<=" ? "≤" : "≥"} ${formatNumber(aim.bound)}${formatUnit(unit)}`;
}

function formatVerdict(figure: Figure): string {
  const met = isMet(figure, median);
  if (met === undefined) return figure.aim === undefined ? "" : "not measured";
  return met ? "met" : "**not met**";
}

export function figuresTable(figures: readonly Figure[]): string {
  return markdownTable({
    head: ["figure", "median (min–max)", "aim", ""],
    rows: figures.map((figure) => [
      figure.what,
      formatSpread(figure.values, figure.unit),
      formatAim(figure.aim, figure.unit),
      formatVerdict(figure),
    ]),
  });
}

export function seriesTable(series: readonly Series[]): string {
  const loads = (one: Series): string =>
    formatSpread(
      one.samples.map(({ load }) => load),
      "s",
    ).replace(" s", "");
  return markdownTable({
    head: ["contestant", "measured", "median (min–max)", "runs", "load before"],
    rows: series
      .filter(({ samples }) => samples.length > 0)
      .map((one) => [
        one.contestant,
        one.metric,
        formatSpread(
          one.samples.map(({ value }) => value),
          one.unit,
        ),
        String(one.samples.length),
        loads(one),
      ]),
  });
}

/** One scenario as a chapter. */
export function resultChapter(result: BenchResult, remarks: string | undefined): string {
  const failures = result.series.flatMap(({ contestant, failures: reasons }) => reasons.map((reason) => `${contestant}, ${reason}`));
  const notes = [...result.notes, ...failures.map((failure) => `A run failed: ${failure.split("\n")[0] ?? ""}`)];
  const parts = [
    `## ${result.title}`,
    result.method.join("\n\n"),
    ...(result.figures.length === 0 ? [] : [figuresTable(result.figures)]),
    ...(result.series.length === 0 ? [] : [seriesTable(result.series)]),
    ...result.tables.flatMap((table) => [`**${table.title}**`, markdownTable(table)]),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${note}`).join("\n")]),
    ...(remarks === undefined ? [] : [remarks.trim()]),
    `_${result.rounds} round${result.rounds === 1 ? "" : "s"}, ${result.started}, ${Math.round(result.tookS)} s in all, ` +
      `commit ${result.machine.versions["pgstack"] ?? "unknown"}; the JSON is \`benchmarks/${result.scenario}.json\`._`,
  ];
  return parts.join("\n\n");
}
