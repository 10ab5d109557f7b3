/** How bad a line is; `more` belongs to the line before it. */
export type Severity = "info" | "warning" | "error" | "more";

/** What can be asked for: this and worse. */
export const severities = ["warning", "error"] as const;
export type LeastSeverity = (typeof severities)[number];

/** PostgreSQL puts two spaces after the severity; the text before it is `log_line_prefix`. */
const postgres =
  /(?:^|\s)(DEBUG[1-5]?|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC|DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION|BACKTRACE): {2}/;

/** `… UTC [1] WARNING C-0x…: …` */
const pooler = /\] (NOISE|DEBUG|LOG|WARNING|ERROR|FATAL) /;

/** `level=warn`, `"level":"error"`: exporters, Prometheus, Grafana. */
const structured = /\b(?:level|lvl)"?[=:] ?"?(\w+)/i;

const words: Readonly<Record<string, Severity>> = {
  WARNING: "warning",
  WARN: "warning",
  ERROR: "error",
  EROR: "error",
  FATAL: "error",
  PANIC: "error",
  CRITICAL: "error",
  CRIT: "error",
  DETAIL: "more",
  HINT: "more",
  STATEMENT: "more",
  CONTEXT: "more",
  QUERY: "more",
  LOCATION: "more",
  BACKTRACE: "more",
};

/** The severity of a line, by the terms that PostgreSQL, PgBouncer and the monitoring programs use. */
export function severityOf(text: string): Severity {
  if (text.startsWith("\t")) return "more";
  const word = (postgres.exec(text) ?? pooler.exec(text) ?? structured.exec(text))?.[1]?.toUpperCase() ?? "";
  return Object.hasOwn(words, word) ? (words[word] ?? "info") : "info";
}
