import type { Reporter, TestModule } from "vitest/node";

/** Tests that are listed. */
const count = 10;

/** The last lines of a run: seconds of each file, and the slowest tests. What makes the suite slow is seen where it is run. */
export default class SlowestReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const files = modules
      // Set-up and removal of what the tests share are most of what some files take.
      .map((module) => ({ name: module.relativeModuleId, ms: spent(module) }))
      .filter(({ ms }) => ms > 0);
    const tests = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => ({
        name: `${module.relativeModuleId} > ${test.fullName}`,
        ms: test.diagnostic()?.duration ?? 0,
      })),
    );
    if (tests.length === 0) return;
    process.stdout.write(`\nseconds per file:\n${lines(files)}\n${count} slowest tests, in seconds:\n${lines(tests, count)}`);
  }
}

interface Timed {
  readonly name: string;
  readonly ms: number;
}

function spent(module: TestModule): number {
  const { duration, setupDuration, collectDuration } = module.diagnostic();
  return duration + setupDuration + collectDuration;
}

function lines(timed: readonly Timed[], most = Infinity): string {
  return timed
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, most)
    .map(({ name, ms }) => `${(ms / 1000).toFixed(1).padStart(7)}  ${name}\n`)
    .join("");
}
