import type { z } from "zod";

import type { JsonSchema } from "./stack-file-schema.ts";

/** The parts of a zod definition that say what is allowed. */
interface Definition {
  readonly innerType?: z.core.$ZodType;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly values?: readonly unknown[];
  readonly checks?: readonly z.core.$ZodCheck[];
  readonly error?: (issue: never) => unknown;
}

function definitionOf(schema: z.core.$ZodType): Definition {
  return schema._zod.def as unknown as Definition;
}

/** The schema below default and optional wrappers. */
export function bare(schema: z.core.$ZodType): z.core.$ZodType {
  const { innerType } = definitionOf(schema);
  return innerType === undefined ? schema : bare(innerType);
}

/** Schemas of a mapping's keys; undefined for anything else. */
export function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  return definitionOf(bare(schema)).shape;
}

/** A mapping of keys where a word may stand in its place: the mapping's keys and the words; undefined for anything else. */
export function mappingOrWords(
  schema: z.core.$ZodType,
): { readonly keys: readonly string[]; readonly words: readonly string[] } | undefined {
  const options = definitionOf(bare(schema)).options ?? [];
  const shape = options.map(shapeOf).find((inner) => inner !== undefined);
  const words = options.flatMap((option) => definitionOf(option).values ?? []).map(String);
  return shape === undefined ? undefined : { keys: Object.keys(shape), words };
}

/** What a key may hold, in words: the same ones that an error message gives after "give". */
export function allowedValues(schema: z.core.$ZodType, json: JsonSchema): string {
  if (json.enum !== undefined) return json.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (json.type === "boolean") return "`true`, `false`";
  if (json.minimum !== undefined && json.maximum !== undefined) return `${json.minimum} to ${json.maximum}`;
  const { element, checks = [], error } = definitionOf(bare(schema));
  if (element !== undefined) return `list of: ${allowedValues(element, json.items ?? {})}`;
  const messages = [error, ...checks.map((check) => (check._zod.def as unknown as Definition).error)].map((message) =>
    message?.({} as never),
  );
  return [...new Set(messages.filter((message) => typeof message === "string"))].join("; ");
}
