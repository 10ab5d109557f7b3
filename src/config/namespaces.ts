import type { Problem } from "../errors.ts";
import { UserError } from "../errors.ts";
import { nearest } from "../text/nearest.ts";
import { fullKey } from "./project-file.ts";

/** pgstack's namespace in every project, whatever its name. */
export const ownNamespace = "pgstack";

/** Namespaces of Pulumi and of the providers that the program uses. */
const foreign = ["pulumi", "pulumi-nodejs", "docker", "random"];

/** Keys of one stack, with the namespaces that nothing reads. */
export interface Namespaced<Value> {
  /** Key without its namespace → value. */
  readonly values: Readonly<Record<string, Value>>;
  /** Key without its namespace → the key as it is in the stack file. */
  readonly named: Readonly<Record<string, string>>;
  /** What is ignored, each in a sentence. */
  readonly ignored: readonly string[];
}

/**
 * Takes pgstack's keys out of a stack's config: those of the namespace `pgstack`, and those of the project's own name, which is
 * what `pulumi config set` adds. No message holds a value, as it may be a secret.
 *
 * @param entries - full keys with their values; one without a namespace is in the project's
 * @throws UserError for a key in both namespaces, and for a namespace that is nearly one of the two
 */
export function ownKeys<Value>(entries: readonly (readonly [string, Value])[], project: string, stackFile: string): Namespaced<Value> {
  const own = [...new Set([ownNamespace, project])];
  const values: [string, Value][] = [];
  const named = new Map<string, string>();
  const problems: Problem[] = [];
  const ignored: string[] = [];
  for (const [given, value] of entries) {
    const full = fullKey(given, project);
    const space = full.slice(0, full.indexOf(":"));
    const key = full.slice(space.length + 1);
    if (own.includes(space)) {
      const other = named.get(key);
      if (other === undefined) {
        named.set(key, full);
        values.push([key, value]);
      } else problems.push(twice(stackFile, other, full));
      continue;
    }
    if (foreign.includes(space)) continue;
    const meant = nearMiss(space, own);
    if (meant === undefined) ignored.push(`${stackFile}: ${full}: ignored, because pgstack reads the ${spacesOf(own)} only`);
    else
      problems.push({
        where: `${stackFile}: ${full}`,
        problem: `"${space}" is not a namespace that is read`,
        fix: `did you mean \`${meant}:${key}\`?`,
      });
  }
  if (problems.length > 0) throw new UserError(problems, `${stackFile} is not valid`);
  return { values: Object.fromEntries(values), named: Object.fromEntries(named), ignored };
}

/** Stricter than for keys: a short name such as `app` is two letters from `aws`, which is meant as it is. */
function nearMiss(space: string, own: readonly string[]): string | undefined {
  return nearest(space, own, 1);
}

function twice(stackFile: string, first: string, second: string): Problem {
  return first === second
    ? { where: `${stackFile}: ${first}`, problem: "it is given twice, with and without its namespace", fix: "keep one of them" }
    : { where: `${stackFile}: ${second}`, problem: `it is the same key as ${first}, and both are given`, fix: "keep one of them" };
}

function spacesOf(own: readonly string[]): string {
  return `namespace${own.length === 1 ? "" : "s"} ${own.join(" and ")}`;
}
