import type { AlertName, AlertsConfig, OwnRule, ThresholdUnit } from "../config/alerts.ts";
import { alertKeys, alertNames } from "../config/alerts.ts";
import { parseDurationS, parseMemoryMb } from "../text/units.ts";

/** One severity of an alert: from which value on, and for how long. */
export interface SeverityPlan {
  /** In the smallest unit: seconds, bytes, a share of 1, a number. Undefined for a state, which has nothing to measure. */
  readonly limit: number | undefined;
  readonly forS: number;
}

/** What of an alert is on. */
export interface AlertPlan {
  readonly warning?: SeverityPlan;
  readonly critical?: SeverityPlan;
}

export interface OwnRulePlan {
  readonly alert: string;
  readonly expr: string;
  readonly forS: number;
  readonly severity: "warning" | "critical";
  readonly summary: string;
}

export interface AlertsPlan {
  readonly alerts: Readonly<Record<AlertName, AlertPlan>>;
  /** Rules from stack config. */
  readonly own: readonly OwnRulePlan[];
  /** In front of a runbook's file name. */
  readonly runbooks: string;
}

/** The part of stack config that alerts come from. */
export interface AlertsInput {
  readonly alerts: AlertsConfig;
  readonly rules: readonly OwnRule[];
  readonly runbooks: string;
}

/** Thresholds as numbers. */
export function planAlerts({ alerts, rules, runbooks }: AlertsInput): AlertsPlan {
  return {
    alerts: Object.fromEntries(alertNames.map((name) => [name, planAlert(name, alerts[name])])) as Record<AlertName, AlertPlan>,
    own: rules.map(({ alert, expr, severity, summary, ...rule }) => ({ alert, expr, severity, summary, forS: parseDurationS(rule.for) })),
    runbooks,
  };
}

function planAlert(name: AlertName, config: AlertsConfig[AlertName]): AlertPlan {
  if (config === "off") return {};
  const keys = alertKeys(name);
  const common = parseDurationS(String(config.for ?? "0s"));
  const times = { warning: common, critical: config.criticalFor === undefined ? common : parseDurationS(String(config.criticalFor)) };
  const plan = (severity: "warning" | "critical"): AlertPlan => {
    const given = config[severity];
    const threshold = keys[severity];
    if (threshold === undefined || given === undefined || given === "off") return {};
    const value = thresholdValue(threshold.unit, given);
    return { [severity]: threshold.unit === "lasts" ? { limit: undefined, forS: value } : { limit: value, forS: times[severity] } };
  };
  return { ...plan("warning"), ...plan("critical") };
}

/** A threshold in its smallest unit. */
export function thresholdValue(unit: ThresholdUnit, given: string | number): number {
  switch (unit) {
    case "lasts":
    case "time":
      return parseDurationS(String(given));
    case "size":
      return parseMemoryMb(String(given)) * 1024 ** 2;
    case "percent":
      // Decimal places as they were written: 55% is 0.55, not 0.55000…01.
      return Number((Number.parseFloat(String(given)) / 100).toFixed(5));
    case "number":
      return Number(given);
  }
}
