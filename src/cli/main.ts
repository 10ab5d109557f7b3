import { runProgram } from "./program.ts";

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interruption.abort(new Error(signal)));

process.exitCode = await runProgram(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isTerminal: process.stdout.isTTY,
  // https://no-color.org: set and not empty.
  colour: process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "",
  columns: () => (process.stdout.isTTY ? process.stdout.columns : undefined),
  signal: interruption.signal,
});
