import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { removeWhenInterrupted } from "./lib/clean-up.ts";
import { describeMachine } from "./lib/machine.ts";
import { resultChapter } from "./lib/markdown.ts";
import { benchmarksPage } from "./lib/report.ts";
import type { BenchResult } from "./lib/result.ts";
import type { Scenario } from "./lib/scenario.ts";
import { changes } from "./scenarios/changes.ts";
import { deploy } from "./scenarios/deploy.ts";
import { growth } from "./scenarios/growth.ts";
import { monitoring } from "./scenarios/monitoring.ts";
import { noChange } from "./scenarios/no-change.ts";
import { phases } from "./scenarios/phases.ts";
import { pooler } from "./scenarios/pooler.ts";
import { tuning } from "./scenarios/tuning.ts";
import { visibility } from "./scenarios/visibility.ts";

const scenarios: readonly Scenario[] = [deploy, noChange, phases, growth, pooler, visibility, tuning, changes, monitoring];

const root = fileURLToPath(new URL("..", import.meta.url));
const results = join(root, "bench", "results");
const published = join(root, "docs", "benchmarks");

const usage = `Usage: node bench/main.ts COMMAND
  list                                      names of all scenarios
  run SCENARIO [--rounds N] [--load-s S]    measure, and write bench/results/SCENARIO.json
  publish                                   copy bench/results to docs/benchmarks and write docs/benchmarks.md
`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string" }, "load-s": { type: "string" } },
});
const [command, name] = positionals;

switch (command) {
  case "list":
    console.log(scenarios.map((scenario) => scenario.name).join("\n"));
    break;
  case "run":
    await measure(scenarioOf(name), positive("rounds", values.rounds), positive("load-s", values["load-s"]));
    break;
  case "publish":
    mkdirSync(published, { recursive: true });
    for (const file of readdirSync(results).filter((entry) => entry.endsWith(".json"))) {
      copyFileSync(join(results, file), join(published, file));
    }
    writeFileSync(join(root, "docs", "benchmarks.md"), benchmarksPage(published));
    break;
  default:
    process.stderr.write(usage);
    process.exitCode = 2;
}

function scenarioOf(wanted: string | undefined): Scenario {
  const scenario = scenarios.find((one) => one.name === wanted);
  if (scenario === undefined) {
    throw new Error(`there is no benchmark ${wanted ?? "without a name"}; there are ${scenarios.map((one) => one.name).join(", ")}`);
  }
  return scenario;
}

function positive(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${option} must be a whole number from 1 on, not ${text}`);
  return value;
}

/** Runs a scenario, writes its JSON and prints its chapter. A failed measurement fails the run, after the others are saved. */
async function measure({ run, defaults, ...scenario }: Scenario, rounds = defaults.rounds, loadS = defaults.loadS): Promise<void> {
  removeWhenInterrupted();
  const log = (line: string): void => console.error(`${new Date().toISOString().slice(11, 19)}  ${line}`);
  const machine = await describeMachine();
  const started = new Date().toISOString();
  const began = performance.now();
  log(`${scenario.name}: ${scenario.title}, ${rounds} rounds, load ${machine.load}`);
  const outcome = await run({ rounds, loadS, log });
  const tookS = (performance.now() - began) / 1000;
  const { name: id, title, method } = scenario;
  const result: BenchResult = { scenario: id, title, method, started, rounds, tookS, machine, ...outcome };
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, `${id}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
  console.log(`\n${resultChapter(result, undefined)}\n`);
  if (outcome.series.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
}
