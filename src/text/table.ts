import type { Paint, Tone } from "./paint.ts";

/** A cell: its text, and how it is meant. */
export type Cell = string | { readonly text: string; readonly tone: Tone | undefined };

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Cell;
  readonly align?: "right";
  /** Order in which columns are left out when there is no room, highest first; absent: never. */
  readonly drop?: number;
  /** May be cut down to this width, before any column is left out. */
  readonly flexible?: number;
}

/** Between two columns. */
const gap = 2;

export interface TableLook {
  /** Widest line; undefined: as wide as it takes. */
  readonly width: number | undefined;
  readonly paint: Paint;
}

/** Lines of a table, its titles first. What does not fit is cut where it may be, else left out by whole columns. */
export function tableLines<Row>(columns: readonly Column<Row>[], rows: readonly Row[], { width = Infinity, paint }: TableLook): string[] {
  const shown = fitting(columns, rows, width);
  const widths = widthsOf(shown, rows, width);
  const line = (cells: readonly Cell[], tone?: Tone): string =>
    cells
      .map((cell, index) => {
        const text = shorten(textOf(cell), widths[index] ?? 0);
        const padding = " ".repeat(Math.max(0, (widths[index] ?? 0) - text.length));
        const painted = paint(text, typeof cell === "string" ? tone : cell.tone);
        return shown[index]?.align === "right" ? padding + painted : painted + padding;
      })
      .join(" ".repeat(gap))
      .trimEnd();
  const titles = shown.map(({ title }) => title);
  return [line(titles, "faint"), ...rows.map((row) => line(shown.map(({ cell }) => cell(row))))];
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

function naturalWidth<Row>({ title, cell }: Column<Row>, rows: readonly Row[]): number {
  return Math.max(title.length, ...rows.map((row) => textOf(cell(row)).length));
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + gap * Math.max(0, widths.length - 1);
}

function fitting<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): readonly Column<Row>[] {
  let shown = columns;
  while (totalOf(shown.map((column) => Math.min(naturalWidth(column, rows), column.flexible ?? Infinity))) > width) {
    const next = shown.filter(({ drop }) => drop !== undefined).toSorted((a, b) => (b.drop ?? 0) - (a.drop ?? 0))[0];
    if (next === undefined) break;
    shown = shown.filter((column) => column !== next);
  }
  return shown;
}

function widthsOf<Row>(shown: readonly Column<Row>[], rows: readonly Row[], width: number): readonly number[] {
  const widths = shown.map((column) => naturalWidth(column, rows));
  let excess = totalOf(widths) - width;
  return widths.map((natural, index) => {
    const least = shown[index]?.flexible;
    if (excess <= 0 || least === undefined) return natural;
    const cut = Math.max(Math.min(least, natural), natural - excess);
    excess -= natural - cut;
    return cut;
  });
}
