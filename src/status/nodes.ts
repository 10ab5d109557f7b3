import type { Observed } from "../check/observation.ts";
import { failureText, valueOf } from "../check/observation.ts";
import type { CheckNode, CheckTarget } from "../target/target.ts";
import type { LagStatus, NodeState, NodeStatus } from "./model.ts";
import { referenceOf } from "../topology/lead.ts";
import type { Lead } from "../topology/lead.ts";
import type { SeenNode, SeenSender, SeenSending, StatusObservation } from "./observation.ts";

/** The nodes in their declared order. */
export function nodeStatuses(target: CheckTarget, seen: StatusObservation, lead: Lead): readonly NodeStatus[] {
  const reference = referenceOf(lead);
  const sending = reference === undefined ? undefined : valueOf(seen.nodes[reference])?.sending;
  return target.nodes.map((node) => nodeStatus(node, seen.nodes[node.name], { lead, sending }));
}

/** Who leads, and what the leader, or the one that led last, says of the others. */
interface Others {
  readonly lead: Lead;
  readonly sending: SeenSending | undefined;
}

type OwnFacts = Pick<NodeStatus, "version" | "uptimeSeconds" | "timeline" | "connections" | "disk" | "walBytes" | "pendingRestarts">;

const nothingKnown: OwnFacts = {
  version: null,
  uptimeSeconds: null,
  timeline: null,
  connections: null,
  disk: null,
  walBytes: null,
  pendingRestarts: null,
};

function nodeStatus(node: CheckNode, observed: Observed<SeenNode> | undefined, others: Others): NodeStatus {
  const facts = valueOf(observed);
  return {
    name: node.name,
    role: roleOf(node, facts),
    container: node.container,
    state: stateOf(node, observed, others),
    failure: observed?.ok === false ? failureText(observed.failure) : null,
    lag: node.name === referenceOf(others.lead) ? noLag : lagOf(node, facts, others.sending),
    ...(facts === undefined ? nothingKnown : ownFacts(facts)),
  };
}

/** What it does; what is not seen is not known. */
function roleOf({ name }: CheckNode, facts: SeenNode | undefined): NodeStatus["role"] {
  if (facts?.clusterName !== name) return null;
  return facts.inRecovery ? "replica" : "leader";
}

function ownFacts({
  version,
  uptimeSeconds,
  timeline,
  connectionsUsed,
  connectionsMax,
  disk,
  walBytes,
  pendingRestarts,
}: SeenNode): OwnFacts {
  return {
    version,
    uptimeSeconds,
    timeline,
    connections: { used: connectionsUsed, max: connectionsMax },
    disk,
    walBytes,
    pendingRestarts,
  };
}

function stateOf(node: CheckNode, observed: Observed<SeenNode> | undefined, { lead, sending }: Others): NodeState {
  if (observed?.ok !== true) return observed?.failure.kind === "starting" ? "starting" : "no answer";
  const { clusterName, inRecovery } = observed.value;
  if (clusterName !== node.name) return "another server";
  if (!inRecovery) return node.name === lead.leader ? "writable" : "second primary";
  return node.name === lead.last ? "read-only" : replicaState(observed.value, sending);
}

/**
 * Both ends must say so: a base backup has a sender of the same name, and a receiver that hangs still calls itself streaming.
 * While it is not known what the leader says, only the receiver is left.
 */
function replicaState({ clusterName, receiver, replayPaused }: SeenNode, leader: SeenSending | undefined): NodeState {
  const sender = senderOf(clusterName, leader);
  if (receiver !== "streaming" || (leader !== undefined && sender === undefined)) return "disconnected";
  if (replayPaused) return "paused";
  return sender === undefined || sender.state === "streaming" ? "streaming" : "catching up";
}

function senderOf(name: string, leader: SeenSending | undefined): SeenSender | undefined {
  return leader?.senders.find(({ applicationName }) => applicationName === name);
}

const noLag: LagStatus = { bytes: null, from: null, seconds: null };

/**
 * How far a replica is behind. Its connection shows it while there is one; without one the leader's slot shows it,
 * but not by a 0, which only means that nothing was written since. Without the leader it is unknown.
 */
function lagOf({ name }: CheckNode, facts: SeenNode | undefined, leader: SeenSending | undefined): LagStatus {
  const seconds = facts?.heartbeatSeconds ?? null;
  const sender = senderOf(name, leader);
  if (sender?.behindBytes != null && facts?.receiver === "streaming")
    return { bytes: positive(sender.behindBytes), from: "stream", seconds };
  const behind = leader?.slots.find((one) => one.name === name)?.behindBytes ?? 0;
  return behind > 0 ? { bytes: behind, from: "slot", seconds } : { bytes: null, from: null, seconds };
}

/** Positions are read at slightly different moments, so a distance may seem negative. */
export function positive(bytes: number): number {
  return Math.max(0, bytes);
}
