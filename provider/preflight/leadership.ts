import type { PreflightInputs } from "../../resources/preflight.ts";
import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { leadershipProblems, stoppedProblems } from "../../src/topology/judge.ts";
import type { DeclaredLeadership } from "../../src/topology/judge.ts";
import type { VolumeData } from "../../src/topology/look.ts";
import { answerMs, lookAtNodes, lookIntoVolume } from "../../src/topology/look.ts";
import type { Topology } from "../../src/topology/topology.ts";
import { topologyOf } from "../../src/topology/topology.ts";
import type { NodeView } from "../../src/topology/view.ts";
import type { Context } from "../kind.ts";

/** What it asks about who leads. Tests have one of their own. */
export interface LeadershipWorld {
  readonly look: (names: readonly string[]) => Promise<Topology>;
  /** What a data volume holds; undefined where that cannot be seen. */
  readonly data: (volume: string) => Promise<VolumeData | undefined>;
  /** How long a node that does not answer is waited for, in milliseconds. */
  readonly patienceMs: number;
}

/** The stack on an engine. */
export function leadershipWorld(engine: Engine, prefix: string): LeadershipWorld {
  return {
    look: async (names) => topologyOf(await lookAtNodes(engine, names, prefix)),
    data: (volume) => lookIntoVolume(engine, volume),
    patienceMs: answerMs,
  };
}

/**
 * Compares what a deployment asks with the node that leads. This runs every time, since it does not depend on stack config: one
 * statement on each running node, in parallel. A node that was removed from stack config may still run, so it is queried too.
 *
 * @returns reasons not to deploy, and who leads
 */
export async function currentLeadership(
  context: Pick<Context, "log">,
  world: LeadershipWorld,
  before: PreflightInputs,
  wanted: PreflightInputs,
): Promise<{ readonly problems: readonly string[]; readonly seen: Topology }> {
  const names = [...new Set([...wanted.nodes, ...before.nodes].map(({ name }) => name))];
  const declared = declaredOf(before, wanted);
  // A node that does not answer may be restarting; only what depends on the leader waits for it.
  const seen = await look(world, names, declared.newWish !== undefined || declared.removed.length > 0);
  if (wanted.leader !== undefined && seen.leader !== undefined && wanted.leader !== seen.leader.name)
    context.log("info", `${seen.leader.name} leads, stack config wishes ${wanted.leader} (pgstack:leader): nothing is done about it`);
  const problems = leadershipProblems(declared, seen.members);
  return { problems: problems.length > 0 ? problems : await stoppedNodeProblems(world, wanted, seen), seen };
}

function declaredOf(before: PreflightInputs, wanted: PreflightInputs): DeclaredLeadership {
  const wordBefore = (node: string): string | undefined => before.nodes.find(({ name }) => name === node)?.reclone;
  return {
    newWish: wanted.leader === before.leader ? undefined : wanted.leader,
    removed: before.nodes.map(({ name }) => name).filter((name) => !wanted.nodes.some((node) => node.name === name)),
    givenUp: wanted.nodes.filter(({ name, reclone }) => reclone !== undefined && reclone !== wordBefore(name)).map(({ name }) => name),
  };
}

async function look({ look: once, patienceMs }: LeadershipWorld, names: readonly string[], waits: boolean): Promise<Topology> {
  const settled = async (): Promise<Topology | undefined> => {
    const seen = await once(names);
    return waits && seen.members.some(({ state }) => state === "silent") ? undefined : seen;
  };
  return (await poll(settled, { everyMs: 300, timeoutMs: patienceMs })) ?? once(names);
}

/** What a node holds that does not answer is in its volume: one that is started again and again has moments in which it runs. */
async function stoppedNodeProblems(
  world: LeadershipWorld,
  wanted: PreflightInputs,
  { leader, members }: Topology,
): Promise<readonly string[]> {
  if (leader === undefined) return [];
  const isDown = ({ state }: NodeView): boolean => state !== "writable" && state !== "recovery";
  const down = new Set(members.filter(isDown).map(({ name }) => name));
  const found = await Promise.all(
    wanted.nodes
      .filter(({ name }) => down.has(name))
      .map(async ({ name, dataVolume, reclone }) => {
        const data = await world.data(dataVolume);
        return data === undefined ? [] : stoppedProblems({ name, leader: leader.name, word: reclone, ...data });
      }),
  );
  return found.flat();
}
