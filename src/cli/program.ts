import { UserError } from "../errors.ts";
import { checkCommand } from "./check.ts";
import { commonExitCodes, UsageError } from "./command.ts";
import type { Command, CommandIo } from "./command.ts";
import { databasesCommand, usersCommand } from "./inventory.ts";
import { didYouMean } from "./options.ts";
import { logsCommand } from "./logs.ts";
import { previewCommand } from "./preview.ts";
import { recloneCommand } from "./reclone.ts";
import { renderCommand } from "./render.ts";
import { rotateCommand } from "./rotate.ts";
import { statusCommand } from "./status.ts";
import { topCommand } from "./top.ts";

const commands: readonly Command[] = [
  statusCommand(),
  topCommand(),
  logsCommand(),
  checkCommand(),
  databasesCommand(),
  usersCommand(),
  previewCommand(),
  renderCommand(),
  rotateCommand(),
  recloneCommand(),
];

/** Runs `pgstack` with these arguments and gives the exit code. Nothing is thrown: every error is printed. */
export async function runProgram(args: readonly string[], io: CommandIo, known: readonly Command[] = commands): Promise<number> {
  try {
    return await dispatch(args, io, known);
  } catch (error) {
    return printError(
      error,
      known.find(({ name }) => name === args[0]),
      io,
    );
  }
}

async function dispatch(args: readonly string[], io: CommandIo, known: readonly Command[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    // Without any argument the help is an answer to a mistake.
    (name === undefined ? io.err : io.out)(overview(known));
    return name === undefined ? commonExitCodes.usage : commonExitCodes.ok;
  }
  const command = known.find((candidate) => candidate.name === name);
  if (command === undefined) {
    const names = known.map((candidate) => candidate.name);
    const what = name.startsWith("-") ? "option" : "command";
    throw new UsageError(`unknown ${what} ${name}${didYouMean(name, what === "option" ? ["--help"] : names)}`);
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    io.out(command.help);
    return commonExitCodes.ok;
  }
  return command.run(rest, io);
}

function overview(known: readonly Command[]): string {
  const width = Math.max(...known.map(({ name }) => name.length));
  const list = known.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: pgstack COMMAND [options]\n\n${list.join("\n")}\n\npgstack COMMAND --help prints the options of a command.\n`;
}

function printError(error: unknown, command: Command | undefined, io: CommandIo): number {
  if (io.signal.aborted) {
    io.err("interrupted\n");
    return commonExitCodes.interrupted;
  }
  if (error instanceof UsageError) {
    const name = command === undefined ? "" : ` ${command.name}`;
    io.err(`error: ${error.message}\n  fix: see pgstack${name} --help\n`);
    return commonExitCodes.usage;
  }
  if (error instanceof UserError) {
    io.err(`error: ${error.message}\n`);
    return commonExitCodes.usage;
  }
  // A bug in pgstack: the stack trace is for those who fix it.
  io.err(`unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return commonExitCodes.unexpected;
}
