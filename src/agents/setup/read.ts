import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { z } from "zod";

import { UserError } from "../../errors.ts";
import { setupFiles, setupSecrets, setupSpec } from "./spec.ts";
import type { SetupSecrets, SetupSpec } from "./spec.ts";

/**
 * What a bundle has rendered for its `setup`.
 *
 * @param folder - where the config volume is mounted
 * @throws UserError that names the file; never with a value of it
 */
export function readSetup(folder: string): { readonly spec: SetupSpec; readonly secrets: SetupSecrets } {
  return { spec: read(join(folder, setupFiles.spec), setupSpec), secrets: read(join(folder, setupFiles.secrets), setupSecrets) };
}

function read<T>(path: string, schema: z.ZodType<T>): T {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    // The parser's message repeats the text.
    throw unusable(path, error instanceof SyntaxError ? "it is no JSON" : `it cannot be read (${codeOf(error)})`);
  }
  const { success, data, error } = schema.safeParse(content);
  if (success) return data;
  const places = error.issues.map((issue) => issue.path.join(".") || "the whole");
  throw unusable(path, `it is not what this program reads: ${[...new Set(places)].join(", ")}`);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

function unusable(where: string, problem: string): UserError {
  return new UserError([{ where, problem, fix: "render the bundle again with pgstack, then: docker compose up -d --wait" }]);
}
