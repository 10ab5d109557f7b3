import { UserError } from "../errors.ts";

/** A stack as a person names it. */
export interface StackName {
  /** As it was given; Pulumi takes every form. */
  readonly given: string;
  /** The stack's own name, which its file, containers and volumes have. */
  readonly name: string;
}

/** As Pulumi allows for each part. */
const part = /^[A-Za-z0-9_.-]{1,100}$/;

/**
 * Reads `stack`, `organization/stack` or `organization/project/stack`. scripts/lib/stack.sh has the same for shell.
 *
 * @param project - the name of the project in this folder
 * @throws UserError for anything else, and for a stack of another project
 */
export function parseStackName(given: string, project: string): StackName {
  const parts = given.split("/");
  const where = "--stack";
  if (parts.length > 3 || parts.some((one) => !part.test(one)))
    throw new UserError([
      {
        where,
        problem: `"${given}" is not the name of a stack`,
        fix: "use stack, organization/stack or organization/project/stack; each part has only letters, digits and the characters _ . -",
      },
    ]);
  const of = parts.length === 3 ? parts[1] : project;
  if (of !== project)
    throw new UserError([
      { where, problem: `"${given}" is a stack of the project ${of}, this folder holds ${project}`, fix: "name a stack of this project" },
    ]);
  return { given, name: parts.at(-1) ?? given };
}
