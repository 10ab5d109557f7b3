import { stringify } from "yaml";

import { kebab } from "../../src/monitoring/alert.ts";
import type { AlertCase, Fired, Step } from "./case.ts";
import { steps } from "./case.ts";
import type { Series } from "./series.ts";
import { until } from "./series.ts";

/**
 * Input of `promtool test rules`. It looks at the series `ALERTS`, which holds every alert that fires: so each case says what
 * must be silent, too.
 */
export function promtoolInput(cases: readonly AlertCase[], step: Step, rulesFile: string): string {
  return stringify(
    {
      rule_files: [rulesFile],
      evaluation_interval: step,
      tests: cases.map((one) => ({
        name: one.what,
        interval: step,
        input_series: one.series.map(({ metric, labels, values }) => ({
          series: `${metric}${braces(labels)}`,
          values: until(values, samplesOf(one)),
        })),
        promql_expr_test: [{ expr: 'ALERTS{alertstate="firing"}', eval_time: one.at, exp_samples: one.fires.map(sample) }],
        ...(one.texts === undefined ? {} : { alert_rule_test: [texts(one, one.texts)] }),
      })),
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

/** Samples up to the moment of a case. */
function samplesOf({ at, step }: AlertCase): number {
  const [, hours = "0", minutes = "0", seconds = "0"] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(at) ?? [];
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return Math.ceil(total / steps[step]) + 1;
}

function sample({ alert, severity, labels }: Fired): { readonly labels: string; readonly value: number } {
  return { labels: `ALERTS${braces({ alertname: alert, alertstate: "firing", severity, stack: "test", ...labels })}`, value: 1 };
}

function texts({ at, fires }: AlertCase, { alert, summary, description }: NonNullable<AlertCase["texts"]>): unknown {
  return {
    eval_time: at,
    alertname: alert,
    exp_alerts: fires
      .filter((one) => one.alert === alert)
      .map(({ severity, labels }) => ({
        exp_labels: { severity, stack: "test", ...labels },
        exp_annotations: { summary, description, runbook_url: `docs/runbooks/${kebab(alert)}.md` },
      })),
  };
}

function braces(labels: Series["labels"]): string {
  return `{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(",")}}`;
}
