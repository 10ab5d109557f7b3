import type { z } from "zod";

import type { Problem } from "../errors.ts";
import { UserError } from "../errors.ts";
import { nearest } from "../text/nearest.ts";
import type { ClusterConfig, ConfigKeys } from "./schema.ts";
import { configSchema } from "./schema.ts";
import { isSecretKey } from "./secret-keys.ts";

/** Config as Pulumi hands it over: key without namespace → text (JSON text for lists and objects). */
export type RawConfig = Readonly<Record<string, string>>;

/**
 * Checks a stack's config and applies every default.
 *
 * @param raw - the `pgstack:` keys of one stack
 * @param stackFile - its file's name, for messages
 * @throws UserError with every problem at once: key, value, reason and fix
 */
export function parseConfig(raw: RawConfig, stackFile: string): ClusterConfig {
  return checkConfig(decodeConfig(raw), stackFile);
}

/** The values that raw config stands for. They are not checked yet. */
export function decodeConfig(raw: RawConfig): ConfigKeys {
  return Object.fromEntries(Object.entries(raw).map(([key, text]) => [key, decode(key, text)])) as ConfigKeys;
}

/**
 * Checks values by key and applies every default.
 *
 * @param stackFile - where they come from, for messages
 * @throws UserError with every problem at once: key, value, reason and fix
 */
export function checkConfig(values: ConfigKeys, stackFile: string): ClusterConfig {
  const result = configSchema.safeParse(values);
  if (result.success) return result.data;
  throw new UserError(
    result.error.issues.flatMap((issue) => problemsOf(issue, values, stackFile)),
    `${stackFile} is not valid`,
  );
}

/**
 * Flat values reach the program as text: `"4"` for a number, JSON for lists and objects. Keys that hold text stay as
 * they are, so that a database named `1e3` or `true` is not turned into something else.
 */
function decode(key: string, text: string): unknown {
  if (textKeys.has(key)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** The schema without its default and optional wrappers. */
function bare(schema: z.core.$ZodType): z.core.$ZodType {
  const { innerType } = schema._zod.def as { readonly innerType?: z.core.$ZodType };
  return innerType === undefined ? schema : bare(innerType);
}

/** Schemas of a mapping's keys, also where a word may stand in its place; undefined for anything else. */
function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const { shape, options } = bare(schema)._zod.def as {
    readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
    readonly options?: readonly z.core.$ZodType[];
  };
  return shape ?? options?.map(shapeOf).find((inner) => inner !== undefined);
}

/** The top-level keys, for messages and docs. */
export const configKeys: readonly string[] = Object.keys(configSchema.shape);

/** Keys whose values are text. */
const textKeys = new Set(
  Object.entries(configSchema.shape)
    .filter(([, schema]) => ["string", "enum"].includes(bare(schema)._zod.def.type))
    .map(([key]) => key),
);

function problemsOf(issue: z.core.$ZodIssue, values: unknown, stackFile: string): Problem[] {
  const at = (path: readonly PropertyKey[]): string => `${stackFile}: pgstack:${path.map(String).join(".")}`;
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      return {
        where: at([...issue.path, key]),
        problem: `unknown key${issue.path.length === 0 ? "" : ` in ${issue.path.map(String).join(".")}`}`,
        fix:
          nestedKeyFix(key, issue.path) ??
          (meant === undefined ? `remove it; known keys: ${known.join(", ")}` : `did you mean \`${meant}\`?`),
      };
    });
  }
  const within = issue.code === "invalid_union" ? issuesWithin(issue) : [];
  if (within.length > 0) return within.flatMap((inner) => problemsOf(inner, values, stackFile));
  if (issue.code === "invalid_key") {
    const key = String(issue.path.at(-1) ?? "");
    return [
      {
        where: at(issue.path),
        problem: `${quote(key)} is not allowed as a name`,
        fix: `use ${issue.issues.map((inner) => inner.message).join("; ")}`,
      },
    ];
  }
  return [
    {
      where: at(issue.path),
      problem: `${isSecretKey(issue.path[0]) ? "its value" : quote(valueAt(values, issue.path))} is not allowed`,
      fix: fixOf(issue),
    },
  ];
}

/** What is wrong inside a mapping where a word could stand in its place; nothing when the value is neither of the two. */
function issuesWithin({ errors, path }: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] {
  const meant = errors.find((issues) => issues.every((inner) => inner.path.length > 0 || inner.code === "unrecognized_keys"));
  return (meant ?? []).map((inner) => ({ ...inner, path: [...path, ...inner.path] }));
}

function fixOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `use ${expectationOf(issue)}`;
    case "too_small":
      return `use at least ${String(issue.minimum)}`;
    case "too_big":
      return `use at most ${String(issue.maximum)}`;
    case "invalid_value":
      return `use one of ${issue.values.map(String).join(", ")}`;
    default:
      return `use ${issue.message.replace(/^Invalid string: .*/, "another value")}`;
  }
}

/** What a value of the wrong type should have been: in the schema's own words if it has any. */
function expectationOf(issue: z.core.$ZodIssueInvalidType): string {
  if (!issue.message.startsWith("Invalid input")) return issue.message;
  const schema = schemaAt(issue.path);
  // zod says "number" for text in place of a whole number.
  const isWhole = schema !== undefined && (bare(schema)._zod.def as { readonly format?: string }).format === "safeint";
  return expectations[isWhole ? "int" : issue.expected] ?? issue.expected;
}

/** `pulumi config set pooler.poolSize 30` without `--path` makes a key with a dot in it. */
function nestedKeyFix(key: string, path: readonly PropertyKey[]): string | undefined {
  const [parent = "", ...rest] = key.split(".");
  if (path.length > 0 || rest.length === 0 || !configKeys.includes(parent)) return undefined;
  return `remove it (\`pulumi config rm ${key}\`); a key inside \`${parent}\` is set with \`pulumi config set --path ${key} …\``;
}

const expectations: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "text",
  boolean: "true or false",
  array: "a list",
  object: "a mapping of keys",
  record: "a mapping of names to values",
};

/** Keys that the schema knows below a path: the whole schema's, or those of a nested mapping. */
function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  const schema = schemaAt(path);
  return Object.keys((schema && shapeOf(schema)) ?? {});
}

/** The schema of a key or of a list's entry. */
function schemaAt(path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  return path.reduce<z.core.$ZodType | undefined>((at, key) => at && (shapeOf(at)?.[String(key)] ?? valueSchemaOf(at)), configSchema);
}

/** The schema of every value of a mapping of free names, or of every entry of a list; undefined for anything else. */
function valueSchemaOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const { valueType, element } = bare(schema)._zod.def as {
    readonly valueType?: z.core.$ZodType;
    readonly element?: z.core.$ZodType;
  };
  return valueType ?? element;
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key], values);
}

function quote(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
