import type { CheckTarget } from "../target/target.ts";
import { referenceOf } from "../topology/lead.ts";
import type { Lead } from "../topology/lead.ts";
import { leadSeen } from "./lead.ts";
import { valueOf } from "./observation.ts";
import type { ClusterObservation, NodeFacts } from "./observation.ts";

/** A look at a cluster, and who leads in it. */
export interface Look {
  readonly target: CheckTarget;
  readonly seen: ClusterObservation;
  readonly lead: Lead;
  /** The node that the others are compared with: the leader, or the one that led last. */
  readonly reference: string | undefined;
  /** Its facts. */
  readonly leader: NodeFacts | undefined;
  /** Nodes that the read route must reach, and the only ones it may reach; undefined while the leader is not known. */
  readonly readers: readonly string[] | undefined;
}

/** Who leads decides what all other facts mean, so it is derived once. */
export function lookOf(target: CheckTarget, seen: ClusterObservation): Look {
  const lead = leadSeen(target, seen);
  const reference = referenceOf(lead);
  const names = target.nodes.map(({ name }) => name);
  const readers = names.length === 1 ? names : names.filter((name) => name !== reference);
  return {
    target,
    seen,
    lead,
    reference,
    leader: reference === undefined ? undefined : valueOf(seen.nodes[reference]),
    readers: reference === undefined ? undefined : readers,
  };
}
