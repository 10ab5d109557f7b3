import { failureText, valueOf } from "../check/observation.ts";
import type { CheckTarget } from "../target/target.ts";
import { replicasOf } from "../target/target.ts";
import { bytesText, durationText } from "../text/quantities.ts";
import type { LastCheck } from "./last-check.ts";
import type { ClusterStatus, NodeState, NodeStatus, PoolerStatus, ProblemKind, RouteStatus, SlotStatus, StatusProblem } from "./model.ts";
import { nodeStatuses, positive } from "./nodes.ts";
import type { SeenLeader, SeenRoute, SeenSlot, StatusObservation } from "./observation.ts";

/** Combines what was observed with what is declared. */
export function clusterStatus(target: CheckTarget, seen: StatusObservation, lastCheck: LastCheck | null): ClusterStatus {
  const nodes = nodeStatuses(target, seen);
  const slots = slotStatuses(target, valueOf(seen.nodes[target.leader])?.leader);
  const pooler = poolerStatus(target, seen);
  const problems = [...nodes.flatMap(nodeProblems), ...slots.flatMap(slotProblems), ...poolerProblems(pooler)];
  return { stack: target.stack, at: seen.at.toISOString(), ok: problems.length === 0, problems, nodes, slots, pooler, lastCheck };
}

/** Declared slots first, then undeclared ones. */
function slotStatuses(target: CheckTarget, leader: SeenLeader | undefined): readonly SlotStatus[] {
  const declared = replicasOf(target).flatMap(({ slot }) => slot ?? []);
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

function poolerStatus({ poolerContainer }: CheckTarget, { pooler }: StatusObservation): PoolerStatus {
  const container = poolerContainer;
  if (!pooler.ok) return { container, answers: false, failure: failureText(pooler.failure), version: null, clients: null, routes: [] };
  const { version, clientsUsed, clientsMax, routes, isHeld } = pooler.value;
  return {
    container,
    answers: true,
    failure: null,
    version,
    clients: { used: clientsUsed, max: clientsMax },
    routes: routes.map((route) => routeStatus(route, isHeld)),
  };
}

function routeStatus({ paused, disabled, clientsActive, clientsWaiting, ...route }: SeenRoute, isHeld: boolean): RouteStatus {
  return { ...route, state: disabled ? "disabled" : paused || isHeld ? "paused" : "open", active: clientsActive, waiting: clientsWaiting };
}

/** What is wrong with a node in this state; undefined when nothing is. */
const wrongStates: Readonly<Record<NodeState, { readonly kind: ProblemKind; readonly text: (node: NodeStatus) => string } | undefined>> = {
  writable: undefined,
  streaming: undefined,
  "catching up": undefined,
  "no answer": { kind: "unreachable", text: ({ failure }) => `does not answer: ${failure ?? "no reason known"}` },
  starting: { kind: "unreachable", text: ({ failure }) => `starting: ${failure ?? "no reason known"}` },
  "another server": { kind: "replication", text: () => "another server answers in its place" },
  "read-only": { kind: "replication", text: ({ role }) => `is declared ${role} but is in recovery: it takes no writes` },
  "second primary": { kind: "replication", text: () => "takes writes, but is not the leader" },
  paused: { kind: "replication", text: ({ lag }) => `receives changes but does not apply them: replay is paused${behindText(lag)}` },
  disconnected: { kind: "replication", text: ({ lag }) => `receives nothing from the leader${behindText(lag)}` },
};

function nodeProblems(node: NodeStatus): readonly StatusProblem[] {
  const wrong = wrongStates[node.state];
  return wrong === undefined ? [] : [{ kind: wrong.kind, where: node.name, text: wrong.text(node) }];
}

function behindText({ bytes, seconds }: NodeStatus["lag"]): string {
  const parts = [bytes === null ? undefined : bytesText(bytes), seconds === null ? undefined : durationText(seconds)];
  const known = parts.filter((part) => part !== undefined);
  return known.length === 0 ? "" : `; ${known.join(" and ")} behind`;
}

function slotProblems({ name, state, declared }: SlotStatus): readonly StatusProblem[] {
  const problem = (text: string): readonly StatusProblem[] => [{ kind: "replication", where: `slot ${name}`, text }];
  if (state === "lost") return problem("the leader has removed WAL that its replica still needs: clone it again");
  if (state === "at risk") return problem("the leader is about to remove WAL that its replica still needs");
  if (state === "missing") return problem("is missing: the leader keeps no WAL for the replica");
  // An inactive slot of a declared replica goes with the replica's own problem.
  return !declared && state === "inactive" ? problem("nobody declared it, and the leader keeps WAL for it") : [];
}

function poolerProblems({ answers, failure, routes }: PoolerStatus): readonly StatusProblem[] {
  if (!answers) return [{ kind: "unreachable", where: "pooler", text: `does not answer: ${failure ?? "no reason known"}` }];
  return routes.flatMap(({ name, state, waiting }) => {
    if (state === "open") return [];
    const text =
      state === "disabled"
        ? "disabled: new clients are refused"
        : `paused: ${waiting === 0 ? "new clients wait" : `${waiting} clients wait`}`;
    return [{ kind: "routing" as const, where: `route ${name}`, text }];
  });
}
