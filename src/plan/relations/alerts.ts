import type { AlertName, AlertsConfig, OwnRule, Threshold } from "../../config/alerts.ts";
import { alertKeys, alertNames } from "../../config/alerts.ts";
import { nearest } from "../../text/nearest.ts";
import { readExpression } from "../../promql/expression.ts";
import type { MetricSources } from "../../promql/metrics.ts";
import { knownMetrics, mayExist } from "../../promql/metrics.ts";
import { brokenTemplate } from "../../promql/summary.ts";
import { thresholdValue } from "../alerts.ts";
import type { KeyProblem } from "./problem.ts";

/** The parts of stack config that alerts depend on. */
export interface AlertRelations {
  readonly images: { readonly postgresExporter?: string | undefined; readonly poolerExporter?: string | undefined };
  readonly monitoring: {
    readonly alerts: AlertsConfig;
    readonly rules: readonly OwnRule[];
    readonly alertmanager?: unknown;
  };
}

/** What is wrong with alerts although each key is what it should be: an order of thresholds, a name, an expression. */
export function alertProblems({ images, monitoring }: AlertRelations): readonly KeyProblem[] {
  const sources: MetricSources = {
    alertmanager: monitoring.alertmanager !== undefined,
    foreignPostgresExporter: images.postgresExporter !== undefined,
    foreignPoolerExporter: images.poolerExporter !== undefined,
  };
  return [
    ...alertNames.flatMap((name) => orderProblems(name, monitoring.alerts[name])),
    ...monitoring.rules.flatMap((rule, index) => [
      ...nameProblems(rule, index, monitoring.rules),
      ...expressionProblems(`monitoring.rules.${index}.expr`, rule.expr, sources),
      ...summaryProblems(rule, index),
    ]),
  ];
}

/** A critical threshold at or below the warning's would make the warning pointless. */
function orderProblems(name: AlertName, config: AlertsConfig[AlertName]): KeyProblem[] {
  const { warning, critical } = alertKeys(name);
  if (config === "off" || warning === undefined || critical === undefined || !comparable(warning, critical)) return [];
  const given = { warning: config.warning ?? "off", critical: config.critical ?? "off" };
  if (given.warning === "off" || given.critical === "off") return [];
  if (thresholdValue(warning.unit, given.warning) < thresholdValue(critical.unit, given.critical)) return [];
  return [
    {
      key: `monitoring.alerts.${name}.warning`,
      problem: `"${given.warning}" is not below critical, which is "${given.critical}"`,
      fix: "lower warning or raise critical; `off` leaves one of them out",
    },
  ];
}

/** The two severities of some alerts look at different things. */
function comparable(warning: Threshold, critical: Threshold): boolean {
  return warning.what === critical.what;
}

function nameProblems({ alert }: OwnRule, index: number, rules: readonly OwnRule[]): KeyProblem[] {
  const key = `monitoring.rules.${index}.alert`;
  if ((alertNames as readonly string[]).includes(alert)) {
    return [
      {
        key,
        problem: `"${alert}" is the name of an alert of pgstack`,
        fix: `give it another name; thresholds of pgstack's are set in monitoring.alerts.${alert}`,
      },
    ];
  }
  const first = rules.findIndex((rule) => rule.alert === alert);
  return first === index ? [] : [{ key, problem: `"${alert}" is the name of rule ${first} too`, fix: "give each rule a name of its own" }];
}

/** With a metric that nothing emits, an alert never fires, and everything looks healthy. */
export function expressionProblems(key: string, expr: string, sources: MetricSources): KeyProblem[] {
  const { metrics, problem } = readExpression(expr);
  if (problem !== undefined) return [{ key, problem: `"${expr}" cannot be used: ${problem}`, fix: "correct the expression" }];
  return metrics
    .filter((metric) => !mayExist(metric, sources))
    .map((metric) => {
      const meant = nearest(metric, [...knownMetrics(sources)]);
      return {
        key,
        problem: `nothing in this stack emits "${metric}": the alert would never fire`,
        fix: meant === undefined ? "use a metric that docs/monitoring.md lists" : `did you mean \`${meant}\`?`,
      };
    });
}

function summaryProblems({ summary }: OwnRule, index: number): KeyProblem[] {
  const broken = brokenTemplate(summary);
  if (broken === undefined) return [];
  return [
    {
      key: `monitoring.rules.${index}.summary`,
      problem: `"${broken}" is not allowed`,
      fix: "use {{ $value }} and {{ $labels.<name> }}, each with | humanize, humanize1024, humanizeDuration or humanizePercentage",
    },
  ];
}
