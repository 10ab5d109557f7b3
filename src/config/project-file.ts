import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { UserError } from "../errors.ts";

/** What Pulumi.yaml says that stacks share. */
export interface ProjectFile {
  readonly name: string;
  /** Full key → value, for stacks whose file does not have the key. */
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * Reads Pulumi.yaml as Pulumi does before it runs the program.
 *
 * @throws UserError when it cannot be read or names no project
 */
export function readProjectFile(root: string): ProjectFile {
  const { name, config } = contentOf(root);
  if (typeof name !== "string" || name === "") throw unreadable("it names no project", "give it the line name: pgstack");
  // A text there names the folder of the stack files.
  const declared = typeof config === "object" && config !== null && !Array.isArray(config) ? Object.entries(config) : [];
  const values = declared.flatMap(([key, value]) => {
    const given = valueOf(value);
    return given === undefined ? [] : [[fullKey(key, name), given] as const];
  });
  return { name, config: Object.fromEntries(values) };
}

function contentOf(root: string): { readonly name?: unknown; readonly config?: unknown } {
  try {
    return (parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")) ?? {}) as object;
  } catch (error) {
    throw unreadable(`it cannot be read: ${(error as Error).message.split("\n", 1)[0]}`, "correct it: Pulumi reads it too");
  }
}

function unreadable(problem: string, fix: string): UserError {
  return new UserError([{ where: "Pulumi.yaml", problem, fix }]);
}

/** A key without a namespace is in the project's. */
export function fullKey(key: string, project: string): string {
  return key.includes(":") ? key : `${project}:${key}`;
}

/** A value by itself, or a mapping with `value` or `default`; Pulumi refuses both. */
function valueOf(declared: unknown): unknown {
  if (typeof declared !== "object" || declared === null || Array.isArray(declared)) return declared ?? undefined;
  const { default: byDefault, value } = declared as { readonly default?: unknown; readonly value?: unknown };
  return byDefault ?? value ?? undefined;
}
