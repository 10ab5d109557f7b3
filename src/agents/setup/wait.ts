import { UserError } from "../../errors.ts";
import type { SetupWorld } from "./world.ts";

/** What a wait has come to: its result, or what it is waiting for. */
export type Attempt<T> = { readonly done: T } | { readonly state: string };

export interface Wait {
  /** The service that is waited for. */
  readonly who: string;
  /** Nodes whose refusal to start ends the wait. */
  readonly nodes: readonly string[];
  readonly patienceS: number;
  /** Between two attempts, in milliseconds. */
  readonly everyMs: number;
}

/** A refusal of a start before this one may have been corrected; it is written again when the node is started again. */
const freshMs = 10_000;
/** The engine starts a container that ended again after one minute at the latest. */
const staleMs = 65_000;

/**
 * Tries until an attempt is done. Copying a large database takes as long as it takes: what ends the wait is that nothing changes
 * any more. A server that starts and falls over again and again makes no progress.
 *
 * @throws UserError when there is no progress, or a node refuses to start
 */
export async function waitFor<T>(world: SetupWorld, wait: Wait, attempt: () => Promise<Attempt<T>>): Promise<T> {
  const began = world.now();
  const seen = new Set<string>();
  const said = new Set<string>();
  for (let since = began; ;) {
    const result = await attempt();
    if ("done" in result) return result.done;
    await throwIfRefused(world, wait.nodes, world.now() - began);
    const { state } = result;
    if (!seen.has(state)) {
      seen.add(state);
      since = world.now();
      // Numbers go on; a line for each would fill the log.
      const words = state.replaceAll(/\d/g, "");
      if (!said.has(words)) world.say(`waiting for ${wait.who}: ${state}`);
      said.add(words);
    }
    if (world.now() - since >= wait.patienceS * 1000) throw noProgress(wait, state);
    await world.sleep(wait.everyMs);
  }
}

async function throwIfRefused(world: SetupWorld, nodes: readonly string[], waitedMs: number): Promise<void> {
  for (const node of nodes) {
    const refusal = await world.refusal(node);
    if (refusal === undefined || (refusal.ageMs > freshMs + waitedMs && waitedMs < staleMs)) continue;
    const [problem = "", ...rest] = refusal.lines;
    throw new UserError([{ where: node, problem, fix: rest.length === 0 ? `see its log: docker compose logs ${node}` : rest.join("\n") }]);
  }
}

function noProgress({ who, patienceS }: Wait, state: string): UserError {
  return new UserError([
    {
      where: who,
      problem: `no progress for ${patienceS} s: ${state}`,
      fix: `see its log: docker compose logs ${who}. Then: docker compose up -d --wait`,
    },
  ]);
}
