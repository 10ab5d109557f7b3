import type { Severity } from "../config/alerts.ts";
import { severities } from "../config/alerts.ts";
import type { AlertsPlan, OwnRulePlan } from "../plan/alerts.ts";
import type { AlertContext, AlertDefinition } from "./alert.ts";
import { kebab, topics } from "./alert.ts";
import { alertDefinitions } from "./catalogue.ts";
import { promDuration } from "./promql.ts";

/** What rules are made from. */
export interface RulesInput {
  readonly stack: string;
  readonly nodes: readonly { readonly name: string; readonly role: "leader" | "replica" }[];
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
  readonly rules: readonly Rule[];
}

/** Groups of rules, one per topic and one for the stack's own; groups without rules are left out. */
export function ruleGroups(input: RulesInput): readonly RuleGroup[] {
  const context = contextOf(input);
  const groups = topics.map((topic) => ({
    name: `pgstack-${topic}`,
    rules: alertDefinitions
      .filter((definition) => definition.topic === topic && !(definition.needsReplicas === true && context.replicas.length === 0))
      .flatMap((definition) => rulesOf(definition, input, context)),
  }));
  const own = { name: "own", rules: input.alerts.own.map((rule) => ownRule(rule, input.stack)) };
  return [...groups, own].filter(({ rules }) => rules.length > 0);
}

function contextOf({ stack, nodes, scrapeIntervalS }: RulesInput): AlertContext {
  const names = (role: string): readonly string[] => nodes.filter((node) => node.role === role).map(({ name }) => name);
  return { stack, leader: names("leader")[0] ?? "", replicas: names("replica"), scrapeIntervalS };
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
