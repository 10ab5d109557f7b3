import type { Observed } from "../check/observation.ts";
import { failureText, valueOf } from "../check/observation.ts";
import type { CheckNode, CheckTarget } from "../target/target.ts";
import type { LagStatus, NodeState, NodeStatus } from "./model.ts";
import type { SeenLeader, SeenNode, SeenSender, StatusObservation } from "./observation.ts";

/** The nodes in their declared order. */
export function nodeStatuses(target: CheckTarget, seen: StatusObservation): readonly NodeStatus[] {
  const leader = valueOf(seen.nodes[target.leader])?.leader;
  return target.nodes.map((node) => nodeStatus(node, seen.nodes[node.name], leader));
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

function nodeStatus(node: CheckNode, observed: Observed<SeenNode> | undefined, leader: SeenLeader | undefined): NodeStatus {
  const facts = valueOf(observed);
  return {
    name: node.name,
    role: node.role,
    container: node.container,
    state: stateOf(node, observed, leader),
    failure: observed?.ok === false ? failureText(observed.failure) : null,
    lag: node.role === "leader" ? noLag : lagOf(node, facts, leader),
    ...(facts === undefined ? nothingKnown : ownFacts(facts)),
  };
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

function stateOf(node: CheckNode, observed: Observed<SeenNode> | undefined, leader: SeenLeader | undefined): NodeState {
  if (observed?.ok !== true) return observed?.failure.kind === "starting" ? "starting" : "no answer";
  const { clusterName, inRecovery } = observed.value;
  if (clusterName !== node.name) return "another server";
  if (node.role === "leader") return inRecovery ? "read-only" : "writable";
  return inRecovery ? replicaState(observed.value, leader) : "second primary";
}

/**
 * Both ends must say so: a base backup has a sender of the same name, and a receiver that hangs still calls itself streaming.
 * Of a leader that does not answer only the receiver is left.
 */
function replicaState({ clusterName, receiver, replayPaused }: SeenNode, leader: SeenLeader | undefined): NodeState {
  const sender = senderOf(clusterName, leader);
  if (receiver !== "streaming" || (leader !== undefined && sender === undefined)) return "disconnected";
  if (replayPaused) return "paused";
  return sender === undefined || sender.state === "streaming" ? "streaming" : "catching up";
}

function senderOf(name: string, leader: SeenLeader | undefined): SeenSender | undefined {
  return leader?.senders.find(({ applicationName }) => applicationName === name);
}

const noLag: LagStatus = { bytes: null, from: null, seconds: null };

/**
 * How far a replica is behind. Its connection shows it while there is one; without one the leader's slot shows it,
 * but not by a 0, which only means that nothing was written since. Without the leader it is unknown.
 */
function lagOf({ name, slot }: CheckNode, facts: SeenNode | undefined, leader: SeenLeader | undefined): LagStatus {
  const seconds = facts?.heartbeatSeconds ?? null;
  const sender = senderOf(name, leader);
  if (sender?.behindBytes != null && facts?.receiver === "streaming")
    return { bytes: positive(sender.behindBytes), from: "stream", seconds };
  const behind = leader?.slots.find((one) => one.name === slot)?.behindBytes ?? 0;
  return behind > 0 ? { bytes: behind, from: "slot", seconds } : { bytes: null, from: null, seconds };
}

/** Positions are read at slightly different moments, so a distance may seem negative. */
export function positive(bytes: number): number {
  return Math.max(0, bytes);
}
