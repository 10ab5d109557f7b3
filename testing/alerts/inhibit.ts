import type { Inhibition } from "../../src/monitoring/inhibitions.ts";
import type { Fired } from "./case.ts";

type LabelSet = Readonly<Record<string, string>>;

/** What of firing alerts is notified: Alertmanager's own rule, an alert never keeps itself quiet. */
export function notified(fires: readonly Fired[], inhibitions: readonly Inhibition[]): readonly string[] {
  const sets = fires.map(({ alert, severity, labels }): LabelSet => ({ alertname: alert, severity, stack: "test", ...labels }));
  const quiet = (target: LabelSet): boolean =>
    inhibitions.some(
      ({ sourceMatchers, targetMatchers, equal }) =>
        targetMatchers.every((matcher) => holds(matcher, target)) &&
        sets.some(
          (source) =>
            source !== target &&
            sourceMatchers.every((matcher) => holds(matcher, source)) &&
            equal.every((label) => (source[label] ?? "") === (target[label] ?? "")),
        ),
    );
  return sets.filter((set) => !quiet(set)).map(named);
}

function named({ alertname, severity, stack: _stack, ...labels }: LabelSet): string {
  return [alertname, severity, ...Object.entries(labels).map(([label, value]) => `${label}=${value}`)].join(" ");
}

function holds(matcher: string, labels: LabelSet): boolean {
  const [, label = "", operator = "", value = ""] = /^(\w+)(=~|=)"(.*)"$/.exec(matcher) ?? [];
  if (operator === "") throw new Error(`not understood: ${matcher}`);
  const given = labels[label] ?? "";
  return operator === "=" ? given === value : new RegExp(`^(?:${value})$`).test(given);
}
