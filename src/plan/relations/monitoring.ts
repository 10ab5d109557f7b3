import type { ClusterConfig } from "../../config/schema.ts";
import { alertProblems } from "./alerts.ts";
import type { KeyProblem } from "./problem.ts";
import { parseDurationS, parseMemoryMb } from "../../text/units.ts";

/** Rules that involve several keys of the monitoring. */
export function monitoringProblems(config: ClusterConfig): readonly KeyProblem[] {
  return [...partProblems(config), ...receiverProblems(config), ...figureProblems(config), ...alertProblems(config)];
}

/** Parts that have nothing to read from. */
function partProblems({ exporters, monitoring }: ClusterConfig): KeyProblem[] {
  if (monitoring.prometheus) {
    return exporters
      ? []
      : [
          {
            key: "monitoring.prometheus",
            problem: "it has nothing to scrape: exporters is false",
            fix: "set exporters to true, or monitoring.prometheus to false",
          },
        ];
  }
  return (["alertmanager", "grafana"] as const)
    .filter((part) => monitoring[part] !== undefined)
    .map((part) => ({
      key: `monitoring.${part}`,
      problem: "it needs Prometheus, which this stack does not run",
      fix: `set monitoring.prometheus to true, or remove monitoring.${part}`,
    }));
}

function receiverProblems({ monitoring, alertWebhook, alertEmailPassword }: ClusterConfig): KeyProblem[] {
  const { receiver, email } = monitoring.alertmanager ?? { receiver: "none", email: undefined };
  const problem = (key: string, text: string, fix: string): KeyProblem => ({ key, problem: text, fix });
  const missing =
    receiver === "webhook" && alertWebhook === undefined
      ? [
          problem(
            "monitoring.alertmanager.receiver",
            '"webhook" has no URL to send to',
            "set it: pulumi config set --secret alertWebhook https://…",
          ),
        ]
      : receiver === "email" && email === undefined
        ? [
            problem(
              "monitoring.alertmanager.receiver",
              '"email" has no addresses',
              "set monitoring.alertmanager.email: to, from, smarthost",
            ),
          ]
        : [];
  const unused = [
    ...(alertWebhook !== undefined && receiver !== "webhook"
      ? [problem("alertWebhook", "nothing uses it", 'set monitoring.alertmanager.receiver to "webhook", or remove it')]
      : []),
    ...(email !== undefined && receiver !== "email"
      ? [problem("monitoring.alertmanager.email", "nothing uses it", 'set monitoring.alertmanager.receiver to "email", or remove it')]
      : []),
  ];
  return [...missing, ...unused, ...passwordProblems(email, alertEmailPassword)];
}

function passwordProblems(email: { readonly user?: string | undefined } | undefined, password: string | undefined): KeyProblem[] {
  if ((email?.user === undefined) === (password === undefined)) return [];
  return password === undefined
    ? [
        {
          key: "monitoring.alertmanager.email.user",
          problem: "it has no password",
          fix: "set it: pulumi config set --secret alertEmailPassword …",
        },
      ]
    : [{ key: "alertEmailPassword", problem: "nothing uses it", fix: "set monitoring.alertmanager.email.user, or remove it" }];
}

function figureProblems({ monitoring }: ClusterConfig): KeyProblem[] {
  const atLeast = (key: string, given: string, holds: boolean, why: string, least: string): KeyProblem[] =>
    holds ? [] : [{ key: `monitoring.${key}`, problem: `"${given}" is ${why}`, fix: `use at least ${least}` }];
  const { scrapeInterval, retention, retentionSize, memory } = monitoring;
  const intervalS = parseDurationS(scrapeInterval);
  return [
    ...atLeast("scrapeInterval", scrapeInterval, intervalS >= 1, "too often: each reading asks every server", "1s"),
    ...(intervalS <= 120
      ? []
      : [
          {
            key: "monitoring.scrapeInterval",
            problem: `"${scrapeInterval}" is too long: Prometheus drops samples older than 5 minutes`,
            fix: "use at most 2min",
          },
        ]),
    ...atLeast("retention", retention, parseDurationS(retention) >= 7200, "shorter than Prometheus' own blocks of two hours", "2h"),
    ...atLeast("retentionSize", retentionSize, parseMemoryMb(retentionSize) >= 128, "less than one block of metrics", "128MB"),
    ...atLeast("memory", memory, parseMemoryMb(memory) >= 128, "too little for Prometheus", "128MB"),
  ];
}
