import { Command, CommanderError } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";

import { UserError } from "../errors.ts";
import { checkCommand } from "./check.ts";
import { commonExitCodes, UsageError } from "./command.ts";
import type { CommandIo, Subcommand } from "./command.ts";
import { databasesCommand, usersCommand } from "./inventory.ts";
import { logsCommand } from "./logs.ts";
import { previewCommand } from "./preview.ts";
import { recloneCommand } from "./reclone.ts";
import { renderCommand } from "./render.ts";
import { rotateCommand } from "./rotate.ts";
import { statusCommand } from "./status.ts";
import { topCommand } from "./top.ts";

const commands: readonly Subcommand[] = [
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
export async function runProgram(args: readonly string[], io: CommandIo, known: readonly Subcommand[] = commands): Promise<number> {
  let code: number = commonExitCodes.ok;
  const program = usual(new Command("pgstack"), io);
  program.helpCommand("help [command]", "print the options of a command");
  for (const command of known) {
    program.addCommand(
      usual(
        command(io, async (given) => void (code = await given)),
        io,
        "pgstack ",
      ),
    );
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    return printError(error, args[0] ?? "", io);
  }
}

/** What holds for the program and for each command: errors are thrown, with the way to the help, and help fits the terminal. */
function usual(command: CommandUnknownOpts, io: CommandIo, parent = ""): CommandUnknownOpts {
  for (const option of command.options) {
    let isGiven = false;
    // Commander itself would take the last of two, and an option for the value of another.
    command.on(`option:${option.name()}`, (value: string | null | undefined) => {
      if (isGiven) command.error(`error: option '${option.flags}' is given twice`);
      if (option.required && /^(?:--.*)?$/.test(value ?? "")) command.error(`error: option '${option.flags}' argument missing`);
      isGiven = true;
    });
  }
  return command
    .helpOption("-h, --help", "print this")
    .exitOverride()
    .showHelpAfterError(`  fix: see ${parent}${command.name()} --help`)
    .configureOutput({ writeOut: io.out, writeErr: io.err, getOutHelpWidth: () => io.columns?.() ?? 80, getErrHelpWidth: () => 80 });
}

function printError(error: unknown, command: string, io: CommandIo): number {
  if (io.signal.aborted) {
    io.err("interrupted\n");
    return commonExitCodes.interrupted;
  }
  // Printed by commander already; help that was asked for is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? commonExitCodes.ok : commonExitCodes.usage;
  if (error instanceof UsageError) {
    io.err(`error: ${error.message}\n  fix: see pgstack ${command} --help\n`);
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
