import { parseArgs } from "node:util";

import { nearest } from "../text/nearest.ts";
import { UsageError } from "./command.ts";

/** An option as `node:util` describes it. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly short?: string;
}

/** The word that was probably meant, as ` (did you mean …?)`, or nothing if no word is similar. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === undefined ? "" : ` (did you mean ${meant}?)`;
}

type Specs = Readonly<Record<string, OptionSpec>>;

/** Values by option. */
export type OptionValues<Of extends Specs> = {
  readonly [Name in keyof Of]: (Of[Name]["type"] extends "string" ? string : boolean) | undefined;
};

/**
 * Reads the options of a command.
 *
 * @throws UsageError for an unknown or repeated option, a missing value, or an argument that is no option.
 */
export function parseOptions<Of extends Specs>(args: readonly string[], specs: Of): OptionValues<Of> {
  const { names, options } = parseOptionsAndNames(args, specs);
  if (names[0] !== undefined) throw new UsageError(`unexpected argument "${names[0]}"`);
  return options;
}

/**
 * Reads the options of a command, and its arguments that are none.
 *
 * @throws UsageError for an unknown or repeated option, or a missing value.
 */
export function parseOptionsAndNames<Of extends Specs>(
  args: readonly string[],
  specs: Of,
): { readonly names: readonly string[]; readonly options: OptionValues<Of> } {
  // Not strict: the module's own messages neither name the nearest option nor stay the same between versions.
  const { tokens } = parseArgs({ args: [...args], options: specs, strict: false, allowPositionals: true, tokens: true });
  const values: Record<string, string | boolean> = {};
  const names: string[] = [];
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") names.push(token.value);
    else values[token.name] = optionValue(token, specs, values);
  }
  return { names, options: values as OptionValues<Of> };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
}

function optionValue(
  { name, rawName, value }: OptionToken,
  specs: Readonly<Record<string, OptionSpec>>,
  values: Readonly<Record<string, unknown>>,
): string | boolean {
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (spec === undefined) {
    const known = Object.keys(specs).map((option) => `--${option}`);
    throw new UsageError(`unknown option ${rawName}${didYouMean(rawName, known)}`);
  }
  if (Object.hasOwn(values, name)) throw new UsageError(`option ${rawName} is given twice`);
  if (spec.type === "boolean") {
    if (value !== undefined) throw new UsageError(`option ${rawName} takes no value, got "${value}"`);
    return true;
  }
  if (value === undefined || value === "" || value.startsWith("--")) throw new UsageError(`option ${rawName} needs a value`);
  return value;
}
