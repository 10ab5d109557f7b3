import { connectEngine } from "../engine/connect.ts";
import type { OnEngine } from "../engine/on-engine.ts";
import type { ClusterPlan } from "../plan/types.ts";
import { lookAtNodes, lookIntoVolume } from "./look.ts";
import { topologyOf } from "./topology.ts";

/** What is on the engine before a deployment, and who leads there. */
export interface Before extends OnEngine {
  readonly leader: string;
}

/**
 * The node that a deployment has to treat as the leader: the one that takes writes. While none does, the one whose volume holds
 * a leader's data, which its start script starts as a leader; of several the one that stack config wishes. The first node of a
 * cluster that does not exist yet.
 *
 * @throws when the engine cannot be reached
 */
export async function leaderBefore(plan: Pick<ClusterPlan, "engine" | "prefix" | "nodes" | "firstNode">): Promise<string> {
  const engine = await connectEngine(plan.engine.host);
  const names = plan.nodes.map(({ name }) => name);
  const { leader, members } = topologyOf(await lookAtNodes(engine, names, plan.prefix));
  if (leader !== undefined) return leader.name;
  // One that answers as a replica is one.
  const asked = plan.nodes.filter(({ name }) => members.find((member) => member.name === name)?.state !== "recovery");
  const held = await Promise.all(
    asked.map(async ({ name, dataVolume }) => {
      const data = await lookIntoVolume(engine, dataVolume);
      return data?.isLeaders === true ? [name] : [];
    }),
  );
  const leaders = held.flat();
  return leaders.includes(plan.firstNode) ? plan.firstNode : (leaders[0] ?? plan.firstNode);
}
