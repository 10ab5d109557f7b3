import { isClosedPipe, writerTo } from "./closed-pipe.ts";
import { runProgram } from "./program.ts";

/** As shells report a program that ended because its pipe was closed: 128 + SIGPIPE. */
const closedPipeExitCode = 141;

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interruption.abort(new Error(signal)));

const code = await runProgram(process.argv.slice(2), {
  out: writerTo(process.stdout, interruption),
  err: writerTo(process.stderr, interruption),
  isTerminal: process.stdout.isTTY,
  // https://no-color.org: set and not empty.
  colour: process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "",
  columns: () => (process.stdout.isTTY ? process.stdout.columns : undefined),
  signal: interruption.signal,
});
process.exitCode = isClosedPipe(interruption.signal) ? closedPipeExitCode : code;
