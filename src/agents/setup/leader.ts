import { UserError } from "../../errors.ts";
import { leadershipPage, statesText, twoLeaders } from "../../topology/words.ts";
import type { SetupSpec } from "./spec.ts";
import type { Attempt } from "./wait.ts";
import { waitFor } from "./wait.ts";
import type { SetupWorld } from "./world.ts";

/** While all nodes are replicas, one of them may just be being promoted. */
const leaderlessMs = 10_000;

/**
 * The node that takes writes, whichever it is.
 *
 * @throws UserError when two nodes take writes, or none comes to it
 */
export async function findLeader(world: SetupWorld, { nodes, patienceS }: SetupSpec): Promise<string> {
  let leaderlessSince: number | undefined;
  return waitFor(world, { who: "a node that takes writes", nodes, patienceS, everyMs: 100 }, async (): Promise<Attempt<string>> => {
    const { leader, writable, members } = await world.look();
    if (writable.length > 1) throw new UserError([twoLeaders(writable)]);
    if (leader !== undefined) return { done: leader.name };
    const isLeaderless = members.every(({ state }) => state === "recovery");
    leaderlessSince = isLeaderless ? (leaderlessSince ?? world.now()) : undefined;
    if (leaderlessSince !== undefined && world.now() - leaderlessSince > leaderlessMs)
      throw new UserError([
        {
          where: nodes.join(", "),
          problem: "no node takes writes: all are replicas",
          fix: `start the node that led last, or promote one of these: ${leadershipPage}`,
        },
      ]);
    return { state: statesText(members) };
  });
}
