import type { CommandUnknownOpts } from "@commander-js/extra-typings";

/** Where a command writes, and the signal that stops it. */
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

/** Takes the exit code of an action. */
export type Finish = (code: number | Promise<number>) => Promise<void>;

/** A command of `pgstack`, made for one call. */
export type Subcommand = (io: CommandIo, finish: Finish) => CommandUnknownOpts;

/** A mistake in the call; printed with the way to the help. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Exit codes that all commands share. */
export const commonExitCodes = { ok: 0, unexpected: 1, usage: 2, interrupted: 130 } as const;
