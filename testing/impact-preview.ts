import { loadBase } from "../src/cli/base-commit.ts";
import { previewCommand } from "../src/cli/preview.ts";
import { runProgram } from "../src/cli/program.ts";
import { loadDeployed } from "../src/cli/stack-state.ts";
import type { Deployment } from "./deployment.ts";

export interface Previewed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `./pgstack preview` on a deployment of a test. */
export async function previewOf(deployment: Deployment, ...args: readonly string[]): Promise<Previewed> {
  const written = { out: "", err: "" };
  const io = {
    out: (text: string) => void (written.out += text),
    err: (text: string) => void (written.err += text),
    isTerminal: false,
    signal: new AbortController().signal,
  };
  const run = async (_program: string, words: readonly string[]): Promise<string> => {
    const result = await deployment.pulumi(...words);
    if (result.code !== 0) throw new Error(result.output);
    return result.stdout;
  };
  const world = {
    root: deployment.folder,
    loadDeployed: (stack: string, signal: AbortSignal) => loadDeployed(stack, signal, run),
    loadBase,
  };
  return { code: await runProgram(["preview", "--stack", deployment.stack, ...args], io, [previewCommand(world)]), ...written };
}

/** Items of the impact as the JSON has them. */
export async function impactItems(
  deployment: Deployment,
): Promise<readonly { readonly class: string; readonly nodes: readonly string[] }[]> {
  const { code, out, err } = await previewOf(deployment, "--json");
  if (code !== 0) throw new Error(err);
  return (JSON.parse(out) as { items: { class: string; nodes: string[] }[] }).items;
}
