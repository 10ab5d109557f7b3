import { valueOf } from "../check/observation.ts";
import type { CheckTarget } from "../target/target.ts";
import { referenceOf } from "../topology/lead.ts";
import type { Lead } from "../topology/lead.ts";
import { leadershipPage, leadsText } from "../topology/words.ts";
import { bytesText, durationText } from "../text/quantities.ts";
import type { LastCheck } from "./last-check.ts";
import type { ClusterStatus, NodeState, NodeStatus, PoolerStatus, ProblemKind, SlotStatus, StatusProblem } from "./model.ts";
import { nodeStatuses, positive } from "./nodes.ts";
import { leadShown } from "./lead.ts";
import { poolerStatus } from "./pooler.ts";
import type { SeenNode, SeenSlot, StatusObservation } from "./observation.ts";

/** Combines what was observed with what is declared. */
export function clusterStatus(target: CheckTarget, seen: StatusObservation, lastCheck: LastCheck | null): ClusterStatus {
  const lead = leadShown(target, seen);
  const reference = referenceOf(lead);
  const nodes = nodeStatuses(target, seen, lead);
  const slots = slotStatuses(target, reference, seen);
  const pooler = poolerStatus(target, seen);
  const since = lead.leader === undefined ? undefined : valueOf(seen.nodes[lead.leader]);
  const problems = [
    ...leadProblems(lead, nodes),
    ...nodes.flatMap((node) => nodeProblems(node, lead, since)),
    ...slots.flatMap(slotProblems),
    ...poolerProblems(pooler),
  ];
  return {
    stack: target.stack,
    at: seen.at.toISOString(),
    ok: problems.length === 0,
    problems,
    leader: lead.leader ?? null,
    ledLast: lead.last ?? null,
    nodes,
    slots,
    pooler,
    lastCheck,
  };
}

/** Declared slots first, then undeclared ones. */
function slotStatuses({ nodes }: CheckTarget, reference: string | undefined, seen: StatusObservation): readonly SlotStatus[] {
  if (reference === undefined) return [];
  const leader = valueOf(seen.nodes[reference])?.sending;
  const declared = nodes.map(({ name }) => name).filter((name) => name !== reference);
  const others = (leader?.slots ?? []).map(({ name }) => name).filter((name) => !declared.includes(name));
  return [...declared, ...others].map((name) => {
    const found = leader?.slots.find((slot) => slot.name === name);
    return {
      name,
      declared: declared.includes(name),
      state: leader === undefined ? "unknown" : found === undefined ? "missing" : slotState(found),
      retainedBytes: found?.behindBytes == null ? null : positive(found.behindBytes),
      capBytes: leader?.slotCapBytes ?? null,
    };
  });
}

function slotState({ active, walStatus }: SeenSlot): SlotStatus["state"] {
  if (walStatus === "lost") return "lost";
  if (walStatus === "unreserved") return "at risk";
  return active ? "active" : "inactive";
}

/** What is wrong with a node in this state; undefined when nothing is. */
const wrongStates: Readonly<
  Record<NodeState, { readonly kind: ProblemKind; readonly text: (node: NodeStatus, lead: Lead) => string } | undefined>
> = {
  writable: undefined,
  streaming: undefined,
  "catching up": undefined,
  "no answer": { kind: "unreachable", text: ({ failure }) => `does not answer: ${failure ?? "no reason known"}` },
  starting: { kind: "unreachable", text: ({ failure }) => `starting: ${failure ?? "no reason known"}` },
  "another server": { kind: "replication", text: () => "another server answers in its place" },
  "read-only": { kind: "replication", text: () => "led last and is in recovery: no node takes writes" },
  "second primary": { kind: "replication", text: (_node, { leader = "another node" }) => `takes writes, and ${leader} takes writes too` },
  paused: { kind: "replication", text: ({ lag }) => `receives changes but does not apply them: replay is paused${behindText(lag)}` },
  disconnected: { kind: "replication", text: ({ lag }) => `receives nothing from the leader${behindText(lag)}` },
};

/** Where no other problem says so. */
function leadProblems({ leader, last }: Lead, nodes: readonly NodeStatus[]): readonly StatusProblem[] {
  if (leader !== undefined || last !== undefined || nodes.every(({ role }) => role === null)) return [];
  return [{ kind: "replication", where: "cluster", text: "no node takes writes, and it is not known which led last" }];
}

function nodeProblems(node: NodeStatus, lead: Lead, leader: SeenNode | undefined): readonly StatusProblem[] {
  const wrong = wrongStates[node.state];
  if (wrong === undefined) return [];
  return [{ kind: wrong.kind, where: node.name, text: `${wrong.text(node, lead)}${ledText(node, lead, leader)}` }];
}

/** What is known of a node that does not answer and has led. */
function ledText({ name, state }: NodeStatus, lead: Lead, leader: SeenNode | undefined): string {
  if (name === lead.former && lead.leader !== undefined && leader !== undefined) {
    const { leadsSince, timeline } = leader;
    const leads = leadsText(lead.leader, { since: leadsSince ?? undefined, timeline: timeline ?? undefined });
    return `; it led before: ${leads}. Before it is started: ${leadershipPage}`;
  }
  return name === lead.last && state !== "read-only" ? "; it led last: no node takes writes" : "";
}

function behindText({ bytes, seconds }: NodeStatus["lag"]): string {
  const parts = [bytes === null ? undefined : bytesText(bytes), seconds === null ? undefined : durationText(seconds)];
  const known = parts.filter((part) => part !== undefined);
  return known.length === 0 ? "" : `; ${known.join(" and ")} behind`;
}

function slotProblems({ name, state, declared }: SlotStatus): readonly StatusProblem[] {
  const problem = (text: string): readonly StatusProblem[] => [{ kind: "replication", where: `slot ${name}`, text }];
  if (state === "lost") return problem("the leader has removed WAL that its replica still needs: re-clone it");
  if (state === "at risk") return problem("the leader is about to remove WAL that its replica still needs");
  if (state === "missing") return problem("is missing: the leader keeps no WAL for the replica");
  // An inactive slot of a declared replica goes with the replica's own problem.
  return !declared && state === "inactive" ? problem("it is not declared, and the leader keeps WAL for it") : [];
}

function poolerProblems({ answers, failure, processes, routes }: PoolerStatus): readonly StatusProblem[] {
  if (!answers) return [{ kind: "unreachable", where: "pooler", text: `does not answer: ${failure ?? "no reason known"}` }];
  const silent = processes
    .filter((process) => !process.answers)
    .map(({ name, failure: why }) => ({ kind: "unreachable" as const, where: name, text: `does not answer: ${why ?? "no reason known"}` }));
  return [...silent, ...routeProblems(routes)];
}

function routeProblems(routes: PoolerStatus["routes"]): readonly StatusProblem[] {
  return routes.flatMap(({ name, state, waiting }) => {
    if (state === "open") return [];
    const text =
      state === "disabled"
        ? "disabled: new clients are refused"
        : `paused: ${waiting === 0 ? "new clients wait" : `${waiting} clients wait`}`;
    return [{ kind: "routing" as const, where: `route ${name}`, text }];
  });
}
