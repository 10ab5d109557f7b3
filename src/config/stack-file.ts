import { readFileSync } from "node:fs";

import { parse } from "yaml";

import { UserError } from "../errors.ts";
import type { Namespaced } from "./namespaces.ts";
import { ownKeys } from "./namespaces.ts";
import type { ProjectFile } from "./project-file.ts";
import { fullKey } from "./project-file.ts";
import { encryptedValue, isSecretKey, secretKeys } from "./secret-keys.ts";

/**
 * Reads a stack file without Pulumi, and gives its keys as Pulumi hands them over: text as it is, everything else as JSON. Keys
 * that it does not have come from the project's file.
 *
 * @param project - its name is one of the two namespaces that are read
 * @param name - the file's name, for messages
 * An encrypted value of a key that may hold a secret is `encryptedValue`.
 *
 * @throws UserError when there is no such file, it is not YAML, or another value is encrypted
 */
export function readStackFile(path: string, project: ProjectFile, name: string): Namespaced<string> {
  const { values, named, ignored } = ownKeys(withProjects(configOf(readText(path, name), name), project), project.name, name);
  const entries = Object.entries(values);
  const secure = entries.filter(([key, value]) => isSecure(value) && !isSecretKey(key));
  if (secure.length > 0) {
    throw new UserError(
      secure.map(([key]) => ({
        where: `${name}: ${named[key]}`,
        problem: "it is encrypted, and only Pulumi can read it",
        fix: `use plain text: only ${secretKeys.join(" and ")} may be secret`,
      })),
    );
  }
  return { values: Object.fromEntries(entries.map(([key, value]) => [key, textOf(value)])), named, ignored };
}

function withProjects(own: Readonly<Record<string, unknown>>, { name, config }: ProjectFile): readonly (readonly [string, unknown])[] {
  const given = new Set(Object.keys(own).map((key) => fullKey(key, name)));
  return [...Object.entries(own), ...Object.entries(config).filter(([key]) => !given.has(key))];
}

function textOf(value: unknown): string {
  if (isSecure(value)) return encryptedValue;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new UserError([{ where: name, problem: "there is no such stack file", fix: "name a stack that has one" }]);
  }
}

function configOf(text: string, name: string): Readonly<Record<string, unknown>> {
  let file: unknown;
  try {
    file = parse(text);
  } catch (error) {
    const [line = ""] = (error as Error).message.split("\n");
    throw new UserError([{ where: name, problem: `it is not YAML: ${line}`, fix: "correct it" }]);
  }
  const config = (file as { readonly config?: unknown } | null)?.config ?? {};
  if (typeof config !== "object" || Array.isArray(config)) {
    throw new UserError([
      { where: `${name}: config`, problem: "it is not a mapping of keys", fix: "write `config:` and the keys below it" },
    ]);
  }
  return config as Readonly<Record<string, unknown>>;
}

/** `secure: …` anywhere in a value. */
function isSecure(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(isSecure);
  const keys = Object.keys(value);
  return (keys.length === 1 && keys[0] === "secure") || Object.values(value).some(isSecure);
}
