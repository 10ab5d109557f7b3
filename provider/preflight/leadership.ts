import { poll } from "../../src/deadline.ts";
import { connectEngine } from "../../src/engine/connect.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { formerProblems, leadershipProblems } from "../../src/leadership/judge.ts";
import { answerMs, lookAtNodes, lookIntoVolume } from "../../src/leadership/look.ts";
import type { NodeView } from "../../src/leadership/view.ts";
import type { PreflightInputs } from "./inputs.ts";

/**
 * Compares the node that leads with the declared leader. This runs every time, since it does not depend on stack config: one
 * statement on each running node, in parallel. A node that was removed from stack config may still run, so it is queried too.
 */
export async function currentLeadershipProblems(before: PreflightInputs, wanted: PreflightInputs): Promise<readonly string[]> {
  const engine = await connectEngine(wanted.host);
  const names = [...new Set([...wanted.nodes, ...before.nodes].map(({ name }) => name))];
  // A node that does not answer may be restarting; only a new leader in stack config depends on it.
  const isUnclear = (seen: readonly NodeView[]): boolean =>
    before.leader !== wanted.leader && seen.some(({ name, state }) => name !== wanted.leader && state === "silent");
  const look = (): Promise<readonly NodeView[]> => lookAtNodes(engine, names, wanted.prefix);
  const settled = async (): Promise<readonly NodeView[] | undefined> => {
    const seen = await look();
    return isUnclear(seen) ? undefined : seen;
  };
  const views = (await poll(settled, { everyMs: 300, timeoutMs: answerMs })) ?? (await look());
  const problems = leadershipProblems(
    {
      before: before.leader,
      wanted: wanted.leader,
      givenUp: wanted.nodes
        .filter(({ name, reclone }) => reclone !== undefined && reclone !== wordOf(before, name))
        .map(({ name }) => name),
    },
    views,
  );
  if (problems.length > 0 || before.leader === wanted.leader) return problems;
  return formerLeaderProblems(engine, before, wanted, views);
}

function wordOf({ nodes }: PreflightInputs, name: string): string | undefined {
  return nodes.find((node) => node.name === name)?.reclone;
}

/** A node that answers as a replica has a replica's data; for others the volume shows it. */
async function formerLeaderProblems(
  engine: Engine,
  before: PreflightInputs,
  wanted: PreflightInputs,
  views: readonly NodeView[],
): Promise<readonly string[]> {
  const former = wanted.nodes.find(({ name }) => name === before.leader);
  const view = views.find(({ name }) => name === before.leader);
  if (former === undefined || view?.state === "recovery") return [];
  const data = await lookIntoVolume(engine, former.dataVolume);
  return data === undefined ? [] : formerProblems({ name: former.name, leader: wanted.leader, word: former.reclone, ...data });
}
