import type { Severity } from "../config/alerts.ts";
import { severities } from "../config/alerts.ts";
import type { AlertsPlan, OwnRulePlan } from "../plan/alerts.ts";
import type { AlertContext, AlertDefinition } from "./alert.ts";
import { kebab, topics } from "./alert.ts";
import { alertDefinitions } from "./catalogue.ts";
import { promDuration } from "./promql.ts";
import type { RecordingRule } from "./roles.ts";
import { roleRules } from "./roles.ts";

/** What rules are made from. */
export interface RulesInput {
  readonly stack: string;
  /** Names of the nodes. */
  readonly nodes: readonly string[];
  /** Names of the pooler's processes. */
  readonly processes: readonly string[];
  readonly scrapeIntervalS: number;
  readonly alerts: AlertsPlan;
}

/** One alerting rule as Prometheus reads it. */
export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: Severity; readonly stack: string };
  readonly annotations: { readonly summary: string; readonly description?: string; readonly runbook_url?: string };
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly (RecordingRule | Rule)[];
}

/** Groups of rules, one per topic and one for the stack's own; groups without rules are left out. */
export function ruleGroups(input: RulesInput): readonly RuleGroup[] {
  const context: AlertContext = input;
  const groups = topics.map((topic) => ({
    name: `pgstack-${topic}`,
    rules: [
      // In the group that reads them: rules of a group are evaluated one after the other.
      ...(topic === "availability" ? roleRules(context) : []),
      ...alertDefinitions
        .filter((definition) => definition.topic === topic && !(definition.needsReplicas === true && context.nodes.length === 1))
        .flatMap((definition) => rulesOf(definition, input, context)),
    ],
  }));
  const own = { name: "own", rules: input.alerts.own.map((rule) => ownRule(rule, input.stack)) };
  return [...groups, own].filter(({ rules }) => rules.length > 0);
}

/** The alerts of groups, without what is recorded for them. */
export function alertRules(groups: readonly RuleGroup[]): readonly Rule[] {
  return groups.flatMap(({ rules }) => rules).filter((rule) => "alert" in rule);
}

function rulesOf(definition: AlertDefinition, { stack, alerts }: RulesInput, context: AlertContext): readonly Rule[] {
  return severities.flatMap((severity): Rule[] => {
    const plan = alerts.alerts[definition.name][severity];
    const expression = definition.expressions[severity];
    if (plan === undefined || expression === undefined) return [];
    return [
      {
        alert: definition.name,
        expr: expression(context, plan.limit ?? 0, plan),
        for: promDuration(plan.forS),
        labels: { severity, stack },
        annotations: {
          summary: `${definition.summary} ({{ $labels.stack }})`,
          description: definition.description,
          runbook_url: `${alerts.runbooks}/${kebab(definition.name)}.md`,
        },
      },
    ];
  });
}

function ownRule({ alert, expr, forS, severity, summary }: OwnRulePlan, stack: string): Rule {
  return { alert, expr, for: promDuration(forS), labels: { severity, stack }, annotations: { summary } };
}
