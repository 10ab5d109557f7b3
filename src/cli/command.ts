/** Where a command writes and how it is told to stop. */
export interface CommandIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether the output is read by a person at a terminal. */
  readonly isTerminal: boolean;
  /** Whether colours are wanted; absent: at a terminal. */
  readonly colour?: boolean;
  /** Width of the terminal now; undefined when there is none. */
  readonly columns?: () => number | undefined;
  readonly signal: AbortSignal;
}

export function wantsColour({ colour, isTerminal }: CommandIo): boolean {
  return colour ?? isTerminal;
}

/** Says what is not as it was probably meant, where it does not mix with what a script reads. */
export function warnOf(lines: readonly string[], { err }: Pick<CommandIo, "err">): void {
  for (const line of lines) err(`warning: ${line}\n`);
}

/** A command of `pgstack`: `pgstack <name> [options]`. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Options, exit codes and examples, as `--help` prints them. */
  readonly help: string;
  /** Gives the exit code. */
  readonly run: (args: readonly string[], io: CommandIo) => Promise<number>;
}

/** A mistake in the call; printed with the way to the help. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Exit codes that all commands share. */
export const commonExitCodes = { ok: 0, unexpected: 1, usage: 2, interrupted: 130 } as const;
