import type { Paint } from "../text/paint.ts";
import { painter } from "../text/paint.ts";
import type { Column } from "../text/table.ts";
import { tableLines } from "../text/table.ts";
import { wrapLines } from "../text/wrap.ts";
import type { Statement, TopOrder, TopStatements } from "./statement.ts";

export interface TopLook {
  readonly colour: boolean;
  /** Of the terminal; undefined: not a terminal. */
  readonly width: number | undefined;
  readonly by: TopOrder;
}

/** Of text that is not read at a terminal. */
const usualWidth = 160;

/** Below this width the text of a statement has a line of its own. */
const wide = 100;

/** The statements as a table with their text last, or below their numbers on a narrow terminal. */
export function topText(top: TopStatements, { colour, width = usualWidth, by }: TopLook): string {
  const paint = painter(colour);
  const head = wrapLines(headline(top, by), { width, rest: "  " });
  if (top.statements.length === 0) return `${[...head, ...wrapLines(nothing(top), { width })].join("\n")}\n`;
  const look = { width, paint };
  const table = width >= wide ? tableLines([...numbers, text], top.statements, look) : stacked(top.statements, look);
  return `${[...head, "", ...table].join("\n")}\n`;
}

function stacked(statements: readonly Statement[], look: { readonly width: number; readonly paint: Paint }): readonly string[] {
  const [title = "", ...rows] = tableLines(numbers, statements, look);
  return [title, ...rows.flatMap((row, index) => [row, `  ${shortened(statements[index]?.query ?? "", look.width - 2)}`])];
}

function shortened(query: string, width: number): string {
  return query.length <= width ? query : `${query.slice(0, width - 1)}…`;
}

function headline({ node, since, kept, evictions, statements }: TopStatements, by: TopOrder): string {
  const words: Readonly<Record<TopOrder, string>> = {
    total: "total time",
    mean: "mean time",
    calls: "calls",
    io: "time of reads and writes",
  };
  const from = since === null ? "" : ` since ${since.replace("T", " ").replace("Z", " UTC")}`;
  const lost = evictions === 0 ? "" : `; the least used were thrown out ${evictions} times`;
  return `${node}: ${statements.length} of ${kept} statements by ${words[by]}${from}${lost}`;
}

function nothing({ kept, node }: TopStatements): string {
  return kept === 0
    ? `${node} has counted nothing yet. It counts statements that have ended, but not BEGIN, COMMIT and other commands without a plan: run some queries, then ask again. A replica counts its own reads: --node pg2.`
    : "There are only statements of pgstack itself (role monitoring): run some queries, then ask again, or see those with --all.";
}

const numbers: readonly Column<Statement>[] = [
  { title: "calls", cell: ({ calls }) => countText(calls), align: "right" },
  { title: "total", cell: ({ totalMs }) => msText(totalMs), align: "right" },
  { title: "mean", cell: ({ meanMs }) => msText(meanMs), align: "right" },
  { title: "max", cell: ({ maxMs }) => msText(maxMs), align: "right", drop: 2 },
  { title: "rows", cell: ({ rows }) => countText(rows), align: "right", drop: 1 },
  { title: "hits", cell: ({ hitRatio }) => (hitRatio === null ? "-" : `${(hitRatio * 100).toFixed(1)} %`), align: "right", drop: 3 },
  { title: "I/O", cell: ({ ioMs }) => msText(ioMs), align: "right", drop: 4 },
  { title: "database", cell: ({ database }) => database ?? "-", drop: 5, flexible: 8 },
];

const text: Column<Statement> = { title: "query", cell: ({ query }) => query, flexible: 40 };

/** Milliseconds in the unit that suits them. */
export function msText(ms: number): string {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 3_600_000 ? `${(ms / 60_000).toFixed(1)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}

/** A number of at most five characters: `12345`, `123k`, `4.6M`. */
export function countText(count: number): string {
  if (count < 100_000) return `${count}`;
  return count < 999_500 ? `${Math.round(count / 1000)}k` : count < 1e9 ? `${(count / 1e6).toFixed(1)}M` : `${(count / 1e9).toFixed(1)}G`;
}
