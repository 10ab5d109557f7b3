import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { resultChapter, markdownTable } from "./markdown.ts";
import type { Machine } from "./machine.ts";
import { readResult } from "./result.ts";
import type { BenchResult } from "./result.ts";

const introduction = `<!-- Written by scripts/generate-docs.ts from docs/benchmarks. Do not edit: run \`npm run docs\`. -->

# Benchmarks

Machines differ and are noisy, so every figure is a ratio to a baseline of the same run, or stands next to one. Contestants take
turns: each round runs every one of them once and begins with another one. A ratio is taken within a round, and the table gives
the median and the range of all rounds. The load average of one minute before each run is recorded with it. Nothing here is
a test: tests have no time limits that a busy machine could break.

Run it with \`make bench\`; \`BENCH="deploy pooler"\` chooses scenarios and \`ROUNDS=5\` the rounds. Results go to
\`bench/results\`; \`make bench-publish\` takes them into this page. What is left of a figure and why stands in
\`docs/benchmarks/remarks/<scenario>.md\` and is shown with it.`;

const order = ["deploy", "no-change", "phases", "growth", "pooler", "visibility", "tuning", "changes", "monitoring"];

/** Every result in a folder, in the order of the page. */
function readResults(folder: string): readonly BenchResult[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => readResult(join(folder, name)))
    .toSorted((a, b) => order.indexOf(a.scenario) - order.indexOf(b.scenario));
}

/**
 * `docs/benchmarks.md`.
 *
 * @param folder - published results, and in its `remarks` what a person says about a scenario: `<scenario>.md`
 */
export function benchmarksPage(folder: string): string {
  const results = readResults(folder);
  const chapters = results.map((result) => resultChapter(result, remarksOf(join(folder, "remarks"), result.scenario)));
  const machine = results[0] === undefined ? ["There is no published run yet."] : ["## Machine", machineTable(results[0].machine)];
  return `${[introduction, ...machine, ...chapters].join("\n\n")}\n`;
}

function remarksOf(folder: string, scenario: string): string | undefined {
  const file = join(folder, `${scenario}.md`);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function machineTable({ processor, cores, memoryMb, system, versions }: Machine): string {
  const { pgstack: _commit, ...tools } = versions;
  return markdownTable({
    head: ["", ""],
    rows: [
      ["processor", `${processor}, ${cores} core${cores === 1 ? "" : "s"}`],
      ["memory", `${(memoryMb / 1024).toFixed(0)} GB`],
      ["system", system],
      ...Object.entries(tools).map(([name, version]) => [name, version]),
    ],
  });
}
