import { UserError } from "../errors.ts";
import type { Declared } from "../impact/declared.ts";
import { declaredSchema } from "../impact/declared.ts";
import { stackState } from "./stack-export.ts";
import type { RunProgram } from "./stack-outputs.ts";
import { runProgram } from "./stack-outputs.ts";

/** What a stack was deployed with. */
export interface Deployed {
  readonly declared: Declared;
  /** Names of resources that the last deployment left half done. */
  readonly unfinished: readonly string[];
}

/**
 * What was declared when a stack's last deployment succeeded, from Pulumi's state. Secrets are neither asked for nor needed.
 *
 * @returns undefined when nothing of the stack exists yet
 * @throws UserError when there is no such stack, its state does not contain it, or Pulumi does not run
 */
export async function loadDeployed(stack: string, signal: AbortSignal, run: RunProgram = runProgram): Promise<Deployed | undefined> {
  const { resources, unfinished } = await stackState(stack, signal, run);
  const own = resources.filter(({ type }) => type.startsWith("pgstack:index:"));
  if (own.length === 0) return undefined;
  const stored = own.find(({ type }) => type === "pgstack:index:Changes")?.inputs?.["declared"];
  const parsed = declaredSchema.safeParse(stored);
  if (parsed.success) return { declared: parsed.data, unfinished };
  throw new UserError([
    {
      where: `stack ${stack}`,
      problem:
        stored === undefined
          ? "no deployment of it with this version of pgstack has succeeded yet, so its state does not contain the declaration"
          : "its state is of another version of pgstack",
      fix: `deploy it once: pulumi up --stack ${stack}. Until then compare with a commit: --base REF`,
    },
  ]);
}
