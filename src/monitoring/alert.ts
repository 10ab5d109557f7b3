import type { AlertName, Severity } from "../config/alerts.ts";
import type { SeverityPlan } from "../plan/alerts.ts";

/** Groups of rules, in the order of the file. */
export const topics = ["availability", "replication", "slots", "connections", "configuration", "storage"] as const;
export type Topic = (typeof topics)[number];

/** What expressions are built from. */
export interface AlertContext {
  readonly stack: string;
  /** Names of the nodes. Which of them leads is known to the metrics alone. */
  readonly nodes: readonly string[];
  /** Names of the pooler's processes. */
  readonly processes: readonly string[];
  readonly scrapeIntervalS: number;
}

/** A threshold in its smallest unit, with its context. */
export type Expression = (context: AlertContext, limit: number, severity: SeverityPlan) => string;

/** One alert: expressions per severity and the texts that go with them. */
export interface AlertDefinition {
  readonly name: AlertName;
  readonly topic: Topic;
  /** An alert on replicas is left out of a stack without any. */
  readonly needsReplicas?: boolean;
  readonly expressions: Readonly<Partial<Record<Severity, Expression>>>;
  /** Labels of a firing alert in addition to `stack` and `severity`. */
  readonly labels: readonly string[];
  /** One line; Prometheus's templates. */
  readonly summary: string;
  /** What was seen and what follows from it; Prometheus's templates. */
  readonly description: string;
}

/** The same expression for both severities. */
export function both(expression: Expression): Readonly<Record<Severity, Expression>> {
  return { warning: expression, critical: expression };
}

/** `replica-lag-seconds` for ReplicaLagSeconds: a runbook's file name. */
export function kebab(name: string): string {
  return name.replaceAll(/(?<!^)([A-Z])/g, "-$1").toLowerCase();
}
