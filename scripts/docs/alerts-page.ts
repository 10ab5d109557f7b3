import type { AlertName, Threshold } from "../../src/config/alerts.ts";
import { alertKeys, alertsSchema, severities } from "../../src/config/alerts.ts";
import type { AlertDefinition, Topic } from "../../src/monitoring/alert.ts";
import { kebab, topics } from "../../src/monitoring/alert.ts";
import { alertDefinitions } from "../../src/monitoring/catalogue.ts";
import { alertInhibitions } from "../../src/monitoring/inhibitions.ts";
import type { Rule } from "../../src/monitoring/rules.ts";
import { alertRules, ruleGroups } from "../../src/monitoring/rules.ts";
import { planAlerts } from "../../src/plan/alerts.ts";
import { rows } from "./table.ts";

const titles: Readonly<Record<Topic, string>> = {
  availability: "Is everything there?",
  replication: "Replication",
  slots: "Replication slots",
  connections: "Connections and sessions",
  configuration: "Configuration",
  storage: "Storage",
};

/** Rules of an example stack, without its name in every selector. */
const groups = ruleGroups({
  stack: "",
  nodes: ["pg1", "pg2"],
  processes: ["pgbouncer-1", "pgbouncer-2"],
  scrapeIntervalS: 15,
  alerts: planAlerts({ alerts: alertsSchema.parse({}), rules: [], runbooks: "runbooks" }),
});
const rules = alertRules(groups);
const records = groups.flatMap((group) => group.rules).filter((rule) => "record" in rule);

/** `docs/alerts.md`. */
export function alertsPage(): string {
  return [
    "<!-- Written by scripts/generate-docs.ts from src/config/alerts.ts and src/monitoring. Do not edit: run `npm run docs`. -->",
    "# Alerts",
    introduction,
    ...topics.flatMap((topic) => [`## ${titles[topic]}`, table(topic)]),
    "## What keeps others quiet",
    inhibitionText,
    rows(
      ["fires", "keeps quiet", "same", "why"],
      alertInhibitions(2).map(({ sourceMatchers, targetMatchers, equal, why }) => [
        matchersText(sourceMatchers),
        matchersText(targetMatchers),
        equal.map((label) => `\`${label}\``).join(", "),
        why,
      ]),
    ),
    "## Expressions",
    "As rendered for two nodes `pg1` and `pg2` with default thresholds, read every 15 s. Each selector also names the stack.",
    "### Recorded before them",
    recordsText,
    ...records.map(({ record, expr }) => `\`${record}\`:\n\n\`\`\`promql\n${withoutStack(expr)}\n\`\`\``),
    ...alertDefinitions.map(expressionText),
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
}

const introduction = [
  "With `monitoring.prometheus` a stack's Prometheus evaluates these alerts. Every one has a runbook. Thresholds are keys of",
  "`monitoring.alerts`: a value, or `off` for one severity or for the whole alert. `warning` and `critical` of an alert without `for` say how",
  "long its state must last. An alert that could not fire is refused in preview.",
  "",
  "```sh",
  "pulumi config set --path monitoring.alerts.ReplicaLagSeconds.warning 10s",
  "pulumi config set --path monitoring.alerts.DiskFilling off",
  "```",
].join("\n");

const inhibitionText = [
  "One fault makes one message: Alertmanager is given these rules. A warning keeps no critical alert quiet, and what tells of a further loss",
  "(`SlotRetainedWal`, `SlotLost`, `DiskFull`) is kept quiet by nothing but itself. With a single replica its loss also keeps the critical",
  "`ReplicasMissing` quiet, which would say the same.",
].join("\n");

const recordsText = [
  "Who leads is what the nodes report, never what a file says. A node that does not answer keeps its last role, also while Prometheus restarts, until",
  "another node leads; then it is a replica. The role of a node that has never answered is `unknown` unless another node leads.",
].join("\n");

function table(topic: Topic): string {
  return rows(
    ["alert", "means", "warning", "critical", "for", "labels"],
    alertDefinitions.filter((definition) => definition.topic === topic).map(row),
  );
}

function row({ name, labels }: AlertDefinition): readonly string[] {
  const { about, warning, critical, criticalFor, ...times } = alertKeys(name);
  const wait = [times.for, ...(criticalFor === undefined ? [] : [`critical: ${criticalFor}`])]
    .filter((text) => text !== undefined)
    .join(", ");
  return [
    `[${name}](runbooks/${kebab(name)}.md)`,
    about,
    thresholdText(warning),
    thresholdText(critical),
    wait === "" ? "–" : wait,
    labels.length === 0 ? "–" : labels.map((label) => `\`${label}\``).join(", "),
  ];
}

function thresholdText(threshold: Threshold | undefined): string {
  if (threshold === undefined) return "–";
  const { unit, preset, what } = threshold;
  return `\`${preset}\` ${unit === "lasts" ? `(${what})` : what}`;
}

function expressionText({ name }: { readonly name: AlertName }): string {
  const found = rules.filter(({ alert }) => alert === name);
  const [first, second] = found;
  const isSame = first !== undefined && second !== undefined && shape(first) === shape(second);
  const shown = isSame ? [first] : found;
  return [
    `### ${name}`,
    ...shown.map(
      ({ expr, labels }) => `${isSame ? severities.join(", ") : labels.severity}:\n\n\`\`\`promql\n${withoutStack(expr)}\n\`\`\``,
    ),
  ].join("\n\n");
}

/** Expressions of both severities that differ in the threshold alone are the same. */
function shape({ expr }: Rule): string {
  return expr.replace(/[\d.]+$/, "");
}

function withoutStack(expr: string): string {
  return expr.replaceAll('{stack=""}', "").replaceAll('{stack="",', "{");
}

function matchersText(matchers: readonly string[]): string {
  return matchers.map((matcher) => `\`${matcher}\``).join(", ");
}
