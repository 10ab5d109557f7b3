import { parseArgs } from "node:util";

import { closest, distance } from "fastest-levenshtein";

import { UsageError } from "./command.ts";

/** An option as `node:util` describes it. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly short?: string;
}

/** The word that was probably meant, as ` (did you mean …?)`, or nothing when none is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const nearest = closest(word, [...known]);
  return distance(word, nearest) <= Math.max(2, Math.floor(word.length / 3)) ? ` (did you mean ${nearest}?)` : "";
}

/**
 * Reads the options of a command.
 *
 * @throws UsageError for an unknown or repeated option, a missing value, or an argument that is no option.
 */
export function parseOptions<Specs extends Readonly<Record<string, OptionSpec>>>(
  args: readonly string[],
  specs: Specs,
): { readonly [Name in keyof Specs]: (Specs[Name]["type"] extends "string" ? string : boolean) | undefined } {
  // Not strict: the module's own messages neither name the nearest option nor stay the same between versions.
  const { tokens } = parseArgs({ args: [...args], options: specs, strict: false, allowPositionals: true, tokens: true });
  const values: Record<string, string | boolean> = {};
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") throw new UsageError(`unexpected argument "${token.value}"`);
    values[token.name] = optionValue(token, specs, values);
  }
  return values as ReturnType<typeof parseOptions<Specs>>;
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
