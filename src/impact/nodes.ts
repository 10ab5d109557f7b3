import type { ImpactClass, ImpactItem } from "./classes.ts";
import { changeText } from "./classes.ts";
import { containerChanges } from "./containers.ts";
import type { Declared, DeclaredNode } from "./declared.ts";
import type { SettingChange } from "./settings.ts";
import { keptNodes, withNodes } from "./settings.ts";
import { restartTurns } from "../rollout/restarts.ts";
import type { Waiting } from "../rollout/restarts.ts";
import { rolloutTurns } from "../rollout/turns.ts";
import { leaderReplaceWait, leaderRestartWait, noWait } from "./waits.ts";

/** A change with the nodes that it touches. */
interface NodeChange {
  readonly text: string;
  readonly nodes: readonly string[];
}

/** The node that leads, and whether that was seen. */
export interface Leader {
  readonly name: string;
  readonly isSeen: boolean;
}

/**
 * What restarts or replaces nodes that stay. A node that gets a new container starts it with its new settings: that is one
 * step, not two.
 */
export function nodeSteps(before: Declared, after: Declared, settings: readonly SettingChange[], leader: Leader): readonly ImpactItem[] {
  const kept = keptNodes(before, after);
  const cloned = kept.filter(([was, is]) => cloneText(was, is) !== undefined).map(([, { name }]) => name);
  const containers = containerChangesOf(before, after);
  const replaced = namesIn(after, containers.replacing).filter((name) => !cloned.includes(name));
  const restarts = settings.filter(({ effect }) => effect === "restart" || effect === "restart-leader-first");
  const restarted = namesIn(after, restarts).filter((name) => !replaced.includes(name) && !cloned.includes(name));
  const unchangedContainers = (names: readonly string[]): readonly string[] => names.filter((name) => !replaced.includes(name));
  return [
    ...restartSteps(leader, restarts, restarted),
    ...replaceSteps(leader, [...containers.replacing, ...containers.inPlace], restarts, replaced),
    ...cloneSteps(kept, cloned),
    ...inPlaceSteps(containers.inPlace, unchangedContainers(namesIn(after, containers.inPlace))),
  ];
}

function containerChangesOf(before: Declared, after: Declared): { readonly replacing: NodeChange[]; readonly inPlace: NodeChange[] } {
  const all = keptNodes(before, after).flatMap(([, { name }]) => {
    const [was, is] = [before.containers[name], after.containers[name]];
    return was === undefined || is === undefined ? [] : [{ name, ...containerChanges(was, is) }];
  });
  const collect = (kind: "replacing" | "inPlace"): NodeChange[] => {
    const texts = [...new Set(all.flatMap((one) => one[kind]))];
    return texts.map((text) => ({ text, nodes: all.filter((one) => one[kind].includes(text)).map(({ name }) => name) }));
  };
  return { replacing: collect("replacing"), inPlace: collect("inPlace") };
}

/** Names of nodes that a change touches, in the order of the plan. */
function namesIn(declared: Declared, changes: readonly NodeChange[]): readonly string[] {
  return declared.nodes.map(({ name }) => name).filter((name) => changes.some(({ nodes }) => nodes.includes(name)));
}

const pastThePooler = "sessions past the pooler end on a node that restarts";

function restartSteps(leader: Leader, restarts: readonly SettingChange[], restarted: readonly string[]): readonly ImpactItem[] {
  if (restarted.length === 0) return [];
  const changes = restarts.filter(({ nodes }) => nodes.some((name) => restarted.includes(name)));
  const lowered = loweredIn(changes);
  const kind: ImpactClass = lowered.length > 0 && lowered.length === changes.length ? "restart-leader-first" : "restart";
  return [
    {
      class: kind,
      changes: withNodes(changes, restarted),
      nodes: restartTurns(restarted.map((name) => waiting(leader, name, changes))),
      wait: restarted.includes(leader.name) ? leaderRestartWait : noWait,
      notes: [...orderNotes(kind, lowered), drainNote(leader, restarted), pastThePooler, ...leaderNote(leader)],
    },
  ];
}

function replaceSteps(
  leader: Leader,
  containers: readonly NodeChange[],
  restarts: readonly SettingChange[],
  replaced: readonly string[],
): readonly ImpactItem[] {
  if (replaced.length === 0) return [];
  const touches = ({ nodes }: NodeChange): boolean => nodes.some((name) => replaced.includes(name));
  const settings = restarts.filter(touches);
  const lowered = loweredIn(settings);
  const turns = rolloutTurns(
    replaced.map((name) => ({ name, container: "running", isRecloned: false })),
    leader.name,
  ).map(({ node }) => node);
  // A replica's new container keeps the larger limit: it has started before the leader's.
  const replicas = replaced.filter((name) => name !== leader.name);
  const again = restartTurns(replicas.map((node): Waiting => ({ node, role: "replica", any: false, lowered: lowered.length > 0 })));
  return [
    {
      class: "replace",
      changes: withNodes([...containers.filter(touches), ...settings], replaced),
      nodes: [...turns.filter((name) => replaced.includes(name)), ...again],
      wait: replaced.includes(leader.name) ? leaderReplaceWait : noWait,
      notes: [
        ...(settings.length === 0 ? [] : ["the new containers start with the new settings: there is no further restart"]),
        ...orderNotes("replace", lowered),
        drainNote(leader, replaced),
        "data volumes stay",
        pastThePooler,
        ...leaderNote(leader),
      ],
    },
  ];
}

/** What waits on a node for a restart. */
function waiting(leader: Leader, node: string, changes: readonly SettingChange[]): Waiting {
  const own = changes.filter(({ nodes }) => nodes.includes(node));
  return {
    node,
    role: node === leader.name ? "leader" : "replica",
    any: own.some(({ effect }) => effect === "restart"),
    lowered: own.some(({ effect }) => effect === "restart-leader-first"),
  };
}

function leaderNote({ name, isSeen }: Leader): readonly string[] {
  return isSeen ? [] : [`in this order if ${name} leads: who does is asked when it is deployed`];
}

function loweredIn(changes: readonly SettingChange[]): readonly string[] {
  return changes.filter(({ effect }) => effect === "restart-leader-first").map(({ name }) => name);
}

function orderNotes(kind: ImpactClass, lowered: readonly string[]): readonly string[] {
  if (lowered.length === 0) return [];
  const why = `a replica does not run with less than its leader has (${lowered.join(", ")})`;
  if (kind === "restart-leader-first") return [`leader first: ${why}`];
  return [`replicas keep the larger value until the leader has the lower one, then restart once more: ${why}`];
}

function drainNote(leader: Leader, touched: readonly string[]): string {
  if (touched.every((name) => name === leader.name)) return "the pooler holds its clients' queries meanwhile; none is disconnected";
  return "each replica is out of rotation while it is away; the pooler holds writes while the leader is away, and disconnects nobody";
}

function cloneSteps(kept: readonly (readonly [DeclaredNode, DeclaredNode])[], cloned: readonly string[]): readonly ImpactItem[] {
  if (cloned.length === 0) return [];
  const changed = kept.filter(([, { name }]) => cloned.includes(name));
  return [
    {
      class: "reclone",
      changes: changed.flatMap(([was, is]) => cloneText(was, is) ?? []),
      nodes: cloned,
      wait: noWait,
      notes: ["each replica is out of rotation until it is cloned; its old data stays", pastThePooler],
    },
  ];
}

/** Why a node is cloned again; undefined when it is not. */
function cloneText(was: DeclaredNode, is: DeclaredNode): string | undefined {
  return is.reclone === undefined || is.reclone === was.reclone ? undefined : changeText(`reclone of ${is.name}`, was.reclone, is.reclone);
}

function inPlaceSteps(changes: readonly NodeChange[], touched: readonly string[]): readonly ImpactItem[] {
  if (touched.length === 0) return [];
  const here = changes.filter(({ nodes }) => nodes.some((name) => touched.includes(name)));
  return [
    { class: "no-effect", changes: withNodes(here, touched), nodes: touched, wait: noWait, notes: ["changed on the running containers"] },
  ];
}

/** Replicas that come and go. */
export function scaling(
  before: Declared,
  after: Declared,
): { readonly added: readonly ImpactItem[]; readonly removed: readonly ImpactItem[] } {
  const missingIn = (nodes: readonly DeclaredNode[], of: readonly DeclaredNode[]): readonly DeclaredNode[] =>
    of.filter(({ name }) => !nodes.some((node) => node.name === name));
  const added = missingIn(before.nodes, after.nodes);
  const removed = missingIn(after.nodes, before.nodes);
  return {
    added: scaled(added, "added", ["cloned from the leader; reads go there once it is proven that it streams"]),
    removed: scaled(removed, "removed", [
      `drained first; the slot is dropped, the data ${removed.length === 1 ? "volume stays" : "volumes stay"}: ${removed.map(({ dataVolume }) => dataVolume).join(", ")}`,
      "sessions past the pooler end on a node that goes",
    ]),
  };
}

function scaled(nodes: readonly DeclaredNode[], how: string, notes: readonly string[]): readonly ImpactItem[] {
  if (nodes.length === 0) return [];
  return [
    {
      class: "no-effect",
      changes: nodes.map(({ name }) => `replica ${name} ${how}`),
      nodes: nodes.map(({ name }) => name),
      wait: noWait,
      notes,
    },
  ];
}
