import { renderRules } from "../../src/render/alert-rules.ts";
import type { AlertCase, Step } from "./case.ts";
import { steps } from "./case.ts";
import { alertCases, rulesInput } from "./cases.ts";
import { promtoolInput } from "./promtool.ts";

/** Cases in a file: promtool tries one after the other, and two files at once use two cores. */
const mostCases = 20;

function partsOf(cases: readonly AlertCase[]): readonly (readonly AlertCase[])[] {
  return Array.from({ length: Math.ceil(cases.length / mostCases) }, (_, index) => cases.slice(index * mostCases, (index + 1) * mostCases));
}

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
      for (const [index, part] of partsOf(own).entries()) tests[`cases-${size}-${step}-${index + 1}.yml`] = promtoolInput(part, step, file);
    }
  }
  return { rules, tests };
}
