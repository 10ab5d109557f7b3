import { painter } from "../text/paint.ts";
import { bytesText, plural } from "../text/quantities.ts";
import type { Column } from "../text/table.ts";
import { tableLines } from "../text/table.ts";
import type { FindingClass } from "./finding-kinds.ts";
import { kindOf } from "./findings.ts";
import type { Finding } from "./findings.ts";
import type { CheckReport, NodeReport } from "./result.ts";

/**
 * Exit codes of `pgstack check`, by the class of the worst finding. 0: healthy, perhaps with warnings. 1 and 2 are
 * left to unexpected errors and mistakes in the call.
 */
export const exitCodes = {
  unreachable: 10,
  replication: 11,
  routing: 12,
  access: 13,
  monitoring: 14,
  configuration: 15,
} as const satisfies Readonly<Record<FindingClass, number>>;

/** The exit code of a report: that of its most basic class of errors, because it may be what the others come from. */
export function exitCode({ findings }: Pick<CheckReport, "findings">): number {
  const codes = findings.filter(({ severity }) => severity === "error").map(({ code }) => exitCodes[kindOf(code).class]);
  return codes.length === 0 ? 0 : Math.min(...codes);
}

/** A report as JSON with stable keys: what was not seen is null. */
export function reportJson(report: CheckReport): string {
  return JSON.stringify(report, (_key, value: unknown) => (value === undefined ? null : value), 2);
}

const tones = { error: "bad", warning: "warning" } as const;

/** A report for users: a verdict, the nodes as a table, and what to do. */
export function reportText(report: CheckReport, { colour = false } = {}): string {
  const paint = painter(colour);
  const verdict = report.ok ? paint("healthy", "good") : paint("not healthy", "bad");
  const lines = [
    `${report.stack}: ${verdict}${countText(report)}, after ${secondsText(report)}`,
    `system identifier ${report.systemIdentifier ?? "unknown"}, PgBouncer ${report.poolerVersion ?? "unknown"}`,
    "",
    ...tableLines(columns, report.nodes, { width: undefined, paint }),
    ...report.findings.flatMap((finding) => ["", ...findingLines(finding, paint(finding.severity, tones[finding.severity]))]),
  ];
  return `${lines.join("\n")}\n`;
}

/** Findings as lines without a table, for an error message. */
export function findingsText(findings: readonly Finding[]): string {
  return findings.flatMap((finding) => findingLines(finding, finding.severity)).join("\n");
}

function findingLines(finding: Finding, severity: string): readonly string[] {
  const { code, node, observed, expected, action } = finding;
  const where = node === undefined ? "" : `${node}: `;
  return [`${severity} ${code}: ${where}${kindOf(code).title}`, `  observed: ${observed}`, `  expected: ${expected}`, `  fix: ${action}`];
}

function countText({ findings }: CheckReport): string {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const counts = [
    ...(errors === 0 ? [] : [plural(errors, "error")]),
    ...(errors === findings.length ? [] : [plural(findings.length - errors, "warning")]),
  ];
  return counts.map((text) => `, ${text}`).join("");
}

function secondsText({ durationMs, attempts }: CheckReport): string {
  const seconds = `${(durationMs / 1000).toFixed(1)} s`;
  return attempts === 1 ? seconds : `${seconds} and ${plural(attempts, "attempt")}`;
}

const columns: readonly Column<NodeReport>[] = [
  { title: "node", cell: ({ name }) => name },
  { title: "role", cell: ({ role }) => role ?? "-" },
  { title: "version", cell: ({ version }) => version ?? "-" },
  { title: "timeline", cell: ({ timeline }) => (timeline === undefined ? "-" : `${timeline}`) },
  { title: "lag", cell: ({ lagBytes }) => (lagBytes === undefined ? "-" : bytesText(lagBytes)) },
  {
    title: "heartbeat",
    cell: ({ heartbeatMs }) => (heartbeatMs === undefined ? "-" : `${heartbeatMs} ms`),
  },
];
