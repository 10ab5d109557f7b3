import { readFileSync } from "node:fs";
import { join } from "node:path";
import { engineFor, templatesFolder } from "../../../src/render/template.ts";
import { type TemplateName, templates } from "../../../src/render/templates.ts";

/** Which data a template reads and which it is given; both lists sorted. */
export interface TemplateCoverage {
  /** Read by the template, absent from the sample. */
  readonly unknown: readonly string[];
  /** In the sample, never read. */
  readonly unused: readonly string[];
}

/**
 * Compares the fields that a template reads with those of a sample that has every optional field.
 * Paths are dotted through objects and lists: `sections.settings.name`.
 */
export function templateCoverage(name: TemplateName, sample: object): TemplateCoverage {
  const read = fieldsRead(name);
  const given = fieldsOf(sample, "");
  return {
    unknown: read.filter((path) => !given.includes(path)),
    // A list or object that goes to a filter as a whole counts as read with all its fields.
    unused: given.filter((path) => !read.includes(path) && !read.some((other) => wholeIsRead(other, read) && path.startsWith(`${other}.`))),
  };
}

function wholeIsRead(path: string, read: readonly string[]): boolean {
  return !read.some((other) => other.startsWith(`${path}.`));
}

function fieldsRead(name: TemplateName): string[] {
  const { file, format } = templates[name];
  const engine = engineFor(format);
  const loops = loopVariables(readFileSync(join(templatesFolder, file), "utf8"));
  const paths = engine
    .fullVariablesSync(engine.parseFileSync(file))
    .filter((path) => !path.startsWith("forloop."))
    .map((path) => resolve(path, loops));
  return [...new Set(paths)].toSorted();
}

/** Loop variable → the list it walks, as written: `setting` → `section.settings`. */
function loopVariables(source: string): Map<string, string> {
  const loops = source.matchAll(/\{%-?\s*for\s+(\w+)\s+in\s+([\w.]+)/g);
  return new Map([...loops].map(([, variable = "", list = ""]) => [variable, list]));
}

function resolve(path: string, loops: ReadonlyMap<string, string>): string {
  const [head = "", ...rest] = path.split(".");
  const list = loops.get(head);
  return list === undefined ? path : resolve([list, ...rest].join("."), loops);
}

function fieldsOf(value: unknown, prefix: string): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => fieldsOf(item, prefix)))];
  if (typeof value !== "object" || value === null) return [];
  const fields = Object.entries(value).flatMap(([key, child]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    return [path, ...fieldsOf(child, path)];
  });
  return fields.toSorted();
}
