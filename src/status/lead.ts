import { valueOf } from "../check/observation.ts";
import type { CheckTarget } from "../target/target.ts";
import { leadOf, silentAnswer } from "../topology/lead.ts";
import type { Lead, LeadAnswer } from "../topology/lead.ts";
import type { SeenNode, StatusObservation } from "./observation.ts";

/** Who leads, as this look shows it. */
export function leadShown(target: CheckTarget, { nodes, processes }: StatusObservation): Lead {
  const names = new Set(target.nodes.map(({ name }) => name));
  const answers = target.nodes.map(({ name }) => answerOf(name, valueOf(nodes[name]), names));
  const writes = Object.values(processes).flatMap(
    (process) => valueOf(process)?.routes.filter(({ name }) => name === target.writeRoute) ?? [],
  );
  return leadOf(answers, writes[0]?.host ?? undefined);
}

/** What another server says at the node's port is not about the node. */
function answerOf(name: string, seen: SeenNode | undefined, names: ReadonlySet<string>): LeadAnswer {
  if (seen?.clusterName !== name) return silentAnswer(name);
  const { inRecovery, timeline, leadsSince, follows, position, sending } = seen;
  return {
    ...silentAnswer(name),
    state: inRecovery ? "recovery" : "writable",
    tenure: { timeline: timeline ?? undefined, since: leadsSince ?? undefined, branchedAt: undefined },
    follows: follows ?? undefined,
    followers: sending.senders.map(({ applicationName }) => applicationName).filter((other) => names.has(other)),
    position: position ?? undefined,
  };
}
