import { renderRules } from "../../src/render/alert-rules.ts";
import type { AlertCase, Step } from "./case.ts";
import { steps } from "./case.ts";
import { alertCases, rulesInput } from "./cases.ts";
import { promtoolInput } from "./promtool.ts";

/** Files for promtool by name: the rules of each size of cluster, and the cases for them. */
export function promtoolFiles(): { readonly rules: Readonly<Record<string, string>>; readonly tests: Readonly<Record<string, string>> } {
  const sizes = Map.groupBy(alertCases, ({ nodes }) => nodes.join("-"));
  const rules: Record<string, string> = {};
  const tests: Record<string, string> = {};
  for (const [size, cases] of sizes) {
    const file = `rules-${size}.yml`;
    rules[file] = renderRules(rulesInput(cases[0]?.nodes));
    for (const step of Object.keys(steps) as Step[]) {
      const own: readonly AlertCase[] = cases.filter((one) => one.step === step);
      if (own.length > 0) tests[`cases-${size}-${step}.yml`] = promtoolInput(own, step, file);
    }
  }
  return { rules, tests };
}
