import { UserError } from "../errors.ts";
import { nameOf, stackState } from "./stack-export.ts";
import type { RunProgram } from "./stack-outputs.ts";
import { runProgram } from "./stack-outputs.ts";

/** What can be replaced in a deployed stack. */
export interface Rotatable {
  /** Role → URN of its password. */
  readonly roles: ReadonlyMap<string, string>;
  /** URN of the salts' seed. */
  readonly salt: string;
  /** The application's role. */
  readonly owner: string;
  /** Declared users. */
  readonly users: readonly string[];
}

const passwordType = "random:index/randomPassword:RandomPassword";
const saltType = "random:index/randomId:RandomId";
const ofSecrets = "secrets-";
const ofUser = `${ofSecrets}user-`;

/**
 * Names and URNs of a stack's passwords, from Pulumi's state. Secrets are neither asked for nor needed.
 *
 * @throws UserError when there is no such stack, it is not deployed, or Pulumi does not run
 */
export async function loadRotatable(stack: string, signal: AbortSignal, run: RunProgram = runProgram): Promise<Rotatable> {
  const { resources: current } = await stackState(stack, signal, run);
  const owner = current.find(({ type }) => type === "pgstack:index:Roles")?.inputs?.["owner"];
  const salt = current.find(({ type }) => type === saltType)?.urn;
  if (typeof owner !== "string" || salt === undefined)
    throw new UserError([
      { where: `stack ${stack}`, problem: "it is not deployed, or not completely", fix: `deploy it: pulumi up --stack ${stack}` },
    ]);
  const passwords = current.filter(({ type }) => type === passwordType).map(({ urn }) => [nameOf(urn), urn] as const);
  return {
    roles: new Map(passwords.map(([name, urn]) => [roleOf(name, owner), urn])),
    salt,
    owner,
    users: passwords.flatMap(([name]) => (name.startsWith(ofUser) ? [roleOf(name, owner)] : [])),
  };
}

function roleOf(name: string, owner: string): string {
  if (name === `${ofSecrets}app`) return owner;
  return name.slice(name.startsWith(ofUser) ? ofUser.length : ofSecrets.length);
}
