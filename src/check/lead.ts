import { leadOf, silentAnswer } from "../topology/lead.ts";
import type { Lead, LeadAnswer } from "../topology/lead.ts";
import type { CheckTarget } from "../target/target.ts";
import type { ClusterObservation, NodeFacts } from "./observation.ts";
import { valueOf } from "./observation.ts";

/** What of an observation shows who leads. */
type Shown = Pick<ClusterObservation, "nodes"> & Partial<Pick<ClusterObservation, "inserts" | "heartbeat">>;

/** Who leads, as this look at the cluster shows it. */
export function leadSeen(target: CheckTarget, seen: Shown): Lead {
  const names = new Set(target.nodes.map(({ name }) => name));
  const answers = target.nodes.map(({ name }) => answerOf(name, seen, names));
  return leadOf(answers, valueOf(seen.heartbeat?.write)?.reached);
}

function answerOf(name: string, { nodes, inserts }: Shown, names: ReadonlySet<string>): LeadAnswer {
  const facts = valueOf(nodes[name]);
  // What another server says at the node's port is not about the node.
  if (facts !== undefined && facts.clusterName === name) return { name, ...shownBy(facts, names) };
  const isWritable = facts === undefined && inserts?.[name]?.ok === true;
  return isWritable ? { ...silentAnswer(name), state: "writable" } : silentAnswer(name);
}

function shownBy(facts: NodeFacts, names: ReadonlySet<string>): Omit<LeadAnswer, "name"> {
  const { inRecovery, timeline, leadsSince, follows, sending, systemIdentifier, lsn } = facts;
  return {
    state: inRecovery ? "recovery" : "writable",
    tenure: { timeline, since: leadsSince, branchedAt: undefined },
    follows,
    followers: sending.senders.map(({ applicationName }) => applicationName).filter((name) => names.has(name)),
    system: systemIdentifier,
    position: lsn,
  };
}
