import { walDistance } from "../postgres/wal.ts";
import type { NodeView } from "./view.ts";

/** What one node shows of who leads: by itself, and by the others that it knows. */
export interface LeadAnswer extends Pick<NodeView, "name" | "state" | "tenure"> {
  /** The node that its `primary_conninfo` names; on a promoted one that is who led before. */
  readonly follows: string | undefined;
  /** Nodes that receive WAL from it. */
  readonly followers: readonly string[];
  /** Database system identifier. */
  readonly system: string | undefined;
  /** WAL position, written or replayed. */
  readonly position: string | undefined;
}

/** Of a node that says nothing of itself. */
export function silentAnswer(name: string): LeadAnswer {
  const tenure = { timeline: undefined, since: undefined, branchedAt: undefined };
  return { name, state: "silent", tenure, follows: undefined, followers: [], system: undefined, position: undefined };
}

/** Who leads, as far as the nodes show it. Names only; who is asked decides what else is known. */
export interface Lead {
  /** The node that takes writes; of several the one that applications and replicas use. */
  readonly leader: string | undefined;
  /** Other nodes that take writes. */
  readonly rivals: readonly string[];
  /** The node that led before `leader` was promoted, while it does not answer. */
  readonly former: string | undefined;
  /** While no node takes writes: the one that led last. */
  readonly last: string | undefined;
}

/** The node that the others are compared with. */
export function referenceOf({ leader, last }: Lead): string | undefined {
  return leader ?? last;
}

/**
 * Who leads. Where not exactly one node takes writes, the nodes' own words decide, and nothing that was declared.
 *
 * @param writesReach - the node that writes through the pooler reach, where that was seen
 */
export function leadOf(answers: readonly LeadAnswer[], writesReach: string | undefined): Lead {
  const writable = answers.filter(({ state }) => state === "writable");
  const [leader] = writable.toSorted(
    (a, b) =>
      Number(b.name === writesReach) - Number(a.name === writesReach) ||
      b.followers.length - a.followers.length ||
      (b.tenure.timeline ?? 0) - (a.tenure.timeline ?? 0),
  );
  if (leader === undefined) return { leader: undefined, rivals: [], former: undefined, last: lastOf(answers, writesReach) };
  // One with the data of another cluster is not about the same rows.
  const isRival = ({ name, system }: LeadAnswer): boolean =>
    name !== leader.name && (system === undefined || leader.system === undefined || system === leader.system);
  return {
    leader: leader.name,
    rivals: writable.filter(isRival).map(({ name }) => name),
    former: formerOf(leader, answers),
    last: undefined,
  };
}

function formerOf({ name, tenure, follows }: LeadAnswer, answers: readonly LeadAnswer[]): string | undefined {
  if (tenure.since === undefined || follows === name) return undefined;
  const before = answers.find((answer) => answer.name === follows);
  return before === undefined || before.state === "recovery" || before.state === "writable" ? undefined : before.name;
}

function lastOf(answers: readonly LeadAnswer[], writesReach: string | undefined): string | undefined {
  const [first, ...others] = answers;
  if (others.length === 0) return first?.name;
  const isMember = (name: string | undefined): boolean => answers.some((answer) => answer.name === name);
  const followed = answers.flatMap(({ name, state, follows }) => (state === "recovery" && follows !== name ? (follows ?? []) : []));
  const named = mostFrequent(followed.filter(isMember));
  return named ?? (isMember(writesReach) ? writesReach : furthest(answers));
}

/** Undefined where several are equally frequent. */
function mostFrequent(names: readonly string[]): string | undefined {
  const [first, second] = [...Map.groupBy(names, (name) => name)].toSorted(([, a], [, b]) => b.length - a.length);
  return first === undefined || first[1].length === second?.[1].length ? undefined : first[0];
}

/** The node with the most WAL; undefined unless it is known of all, and for several with equally much. */
function furthest(answers: readonly LeadAnswer[]): string | undefined {
  const known = answers.flatMap(({ name, position }) => (position === undefined ? [] : [{ name, position }]));
  if (known.length < answers.length) return undefined;
  const [first, second] = known.toSorted((a, b) => walDistance(b.position, a.position));
  return first === undefined || (second !== undefined && walDistance(first.position, second.position) === 0) ? undefined : first.name;
}
