import { startPass } from "../../check/observe/context.ts";
import type { CheckSecrets, CheckTarget } from "../../target/target.ts";
import type { StatusObservation } from "../observation.ts";
import { observeNode } from "./node.ts";
import { observeProcess } from "./pooler.ts";

/** How long one observation may take: what has not answered by then is shown as not answering. */
const lookMs = 3000;

/** Looks at nodes and pooler once, all at the same time, and leaves no trace. */
export async function observeStatus(target: CheckTarget, secrets: CheckSecrets, signal: AbortSignal): Promise<StatusObservation> {
  const at = new Date();
  const context = startPass(target, secrets, { budgetMs: lookMs, signal });
  const [processes, nodes] = await Promise.all([
    Promise.all(target.processes.map(async (process) => [process.number, await observeProcess(context, process)] as const)),
    Promise.all(target.nodes.map(async (node) => [node.name, await observeNode(context, node)] as const)),
  ]);
  signal.throwIfAborted();
  return { at, nodes: Object.fromEntries(nodes), processes: Object.fromEntries(processes) };
}
