import { InvalidArgumentError, Option } from "@commander-js/extra-typings";

import { nearest } from "../text/nearest.ts";
import { wrapLines } from "../text/wrap.ts";
import { commonExitCodes } from "./command.ts";

/** The word that was probably meant, as ` (did you mean …?)`, or nothing if no word is similar. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === undefined ? "" : ` (did you mean ${meant}?)`;
}

/** Of commands that look at a deployed cluster: one of the two. */
export const stackOption = new Option("-s, --stack <name>", "the Pulumi stack to look at");
export const bundleOption = new Option("-b, --bundle <dir>", "the Compose bundle to look at, by its folder").conflicts("stack");

/** Gives a parser of an option's value the form that commander prints as a mistake in the call. */
export function parser<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}

/** A parser of numbers within bounds. */
export function numberBetween(least: number, most: number, form: RegExp = /^\d{1,9}$/): (text: string) => number {
  return parser((text) => {
    const number = form.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new Error(`"${text}" is not a number between ${least} and ${most}`);
  });
}

/** What `--help` prints after the options: exit codes of the command, with those of every command. */
export function exitCodesHelp(codes: Readonly<Record<number, string>>, ...notes: readonly string[]): string {
  const all = { [commonExitCodes.unexpected]: "unexpected error", [commonExitCodes.interrupted]: "interrupted", ...codes };
  const lines = Object.entries(all).flatMap(([code, means]) =>
    wrapLines(means, { width: 80, first: `${code.padStart(5)}  `, rest: " ".repeat(7) }),
  );
  return ["", "Exit codes:", ...lines, ...notes.flatMap((note) => ["", ...wrapLines(note, { width: 80 })])].join("\n");
}
