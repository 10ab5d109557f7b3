import { stripVTControlCharacters } from "node:util";

import type { Reporter, TestModule } from "vitest/node";

/** Longest text of one failure's first line. */
const maxLength = 200;

/**
 * The last lines of a failed run: each test that failed, and why, in a line. A run of half an hour ends with pages of output, of
 * which a log often keeps the end alone.
 */
export default class FailuresReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { readonly message: string }[]): void {
    const lines = failures(modules, unhandled);
    if (lines.length > 0) process.stdout.write(`\nfailed:\n${lines.map((line) => `  ${line}\n`).join("")}`);
  }
}

function failures(modules: readonly TestModule[], unhandled: readonly { readonly message: string }[]): readonly string[] {
  return [
    ...modules.flatMap((module) => [
      ...module.errors().map(({ message }) => line(module.relativeModuleId, message)),
      ...[...module.children.allSuites()].flatMap((suite) =>
        suite.errors().map(({ message }) => line(`${module.relativeModuleId} > ${suite.fullName}`, message)),
      ),
      ...[...module.children.allTests("failed")].map((test) =>
        line(`${module.relativeModuleId} > ${test.fullName}`, test.result().errors?.[0]?.message ?? "no error"),
      ),
    ]),
    ...unhandled.map(({ message }) => line("outside of tests", message)),
  ];
}

function line(where: string, message: string): string {
  const [first = ""] = stripVTControlCharacters(message).split("\n");
  return `${where}: ${first.length > maxLength ? `${first.slice(0, maxLength)}…` : first}`;
}
