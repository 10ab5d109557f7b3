import type { LogFilter } from "../logs/filter.ts";
import type { PastOptions } from "../logs/read.ts";
import { severities } from "../logs/severity.ts";
import { parseDurationS } from "../text/units.ts";
import { UsageError } from "./command.ts";
import { didYouMean, parseOptionsAndNames } from "./options.ts";

const options = {
  stack: { type: "string", short: "s" },
  bundle: { type: "string", short: "b" },
  follow: { type: "boolean", short: "f" },
  since: { type: "string" },
  tail: { type: "string" },
  severity: { type: "string" },
  grep: { type: "string" },
} as const;

/** What is wanted of which logs. */
export interface LogsRequest extends PastOptions, LogFilter {
  readonly names: readonly string[];
  readonly stack: string | undefined;
  readonly bundle: string | undefined;
  readonly follow: boolean;
}

/** Lines of each service when nothing is said. */
const usualTail = 100;

/** @throws UsageError for what is not understood */
export function parseLogsRequest(args: readonly string[], now: Date): LogsRequest {
  const { names, options: given } = parseOptionsAndNames(args, options);
  const { stack, bundle, follow = false, since, tail, severity, grep } = given;
  return {
    names,
    stack,
    bundle,
    follow,
    since: since === undefined ? undefined : parseSince(since, now),
    tail: tail === undefined ? (since === undefined ? usualTail : undefined) : parseTail(tail),
    least: severity === undefined ? undefined : parseSeverity(severity),
    grep: grep === undefined ? undefined : parseRegExp(grep),
  };
}

function parseSince(text: string, now: Date): number {
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const at = Date.parse(text);
    if (!Number.isNaN(at)) return at / 1000;
  }
  try {
    return now.getTime() / 1000 - parseDurationS(text);
  } catch (error) {
    throw new UsageError(`option --since: ${error instanceof Error ? error.message : String(error)}, or 2026-01-31T12:00:00Z`);
  }
}

function parseTail(text: string): number | undefined {
  if (text === "all") return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`option --tail: "${text}" is neither a number nor all`);
}

function parseSeverity(text: string): LogFilter["least"] {
  const severity = severities.find((known) => known === text);
  if (severity === undefined)
    throw new UsageError(`option --severity: "${text}" is neither ${severities.join(" nor ")}${didYouMean(text, severities)}`);
  return severity;
}

function parseRegExp(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch (error) {
    throw new UsageError(`option --grep: ${error instanceof Error ? error.message : String(error)}`);
  }
}
