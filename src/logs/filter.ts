import type { LogLine } from "./line.ts";
import type { LeastSeverity, Severity } from "./severity.ts";
import { severityOf } from "./severity.ts";

export interface LogFilter {
  readonly grep: RegExp | undefined;
  readonly least: LeastSeverity | undefined;
}

/** A line to show, and its severity. */
export interface ShownLine extends LogLine {
  readonly severity: Exclude<Severity, "more">;
}

const ranks: Readonly<Record<ShownLine["severity"], number>> = { info: 0, warning: 1, error: 2 };

/** Decides line by line whether it is shown; continuation lines follow their first line. Remembers the last line of each service. */
export function lineFilter({ grep, least }: LogFilter): (line: LogLine) => ShownLine | undefined {
  const last = new Map<string, ShownLine["severity"]>();
  return (line) => {
    const own = severityOf(line.text);
    const severity = own === "more" ? (last.get(line.service) ?? "info") : own;
    last.set(line.service, severity);
    if (least !== undefined && ranks[severity] < ranks[least]) return undefined;
    return grep === undefined || grep.test(line.text) ? { ...line, severity } : undefined;
  };
}
