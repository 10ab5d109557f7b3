import type { ImpactClass, ImpactItem, Wait } from "./classes.ts";
import { changeText } from "./classes.ts";
import { containerChanges } from "./containers.ts";
import type { Declared, DeclaredNode } from "./declared.ts";
import type { SettingChange } from "./settings.ts";
import { keptNodes, withNodes } from "./settings.ts";
import { leaderReplaceWait, leaderRestartWait, noWait } from "./waits.ts";

/** A change with the nodes that it touches. */
interface NodeChange {
  readonly text: string;
  readonly nodes: readonly string[];
}

/**
 * What restarts or replaces nodes that stay. A node that gets a new container starts it with its new settings: that is one
 * step, not two.
 */
export function nodeSteps(before: Declared, after: Declared, settings: readonly SettingChange[]): readonly ImpactItem[] {
  const kept = keptNodes(before, after);
  const cloned = kept.filter(([was, is]) => cloneText(was, is) !== undefined).map(([, { name }]) => name);
  const containers = containerChangesOf(before, after);
  const replaced = namesIn(after, containers.replacing).filter((name) => !cloned.includes(name));
  const restarts = settings.filter(({ effect }) => effect === "restart" || effect === "restart-leader-first");
  const restarted = namesIn(after, restarts).filter((name) => !replaced.includes(name) && !cloned.includes(name));
  const unchangedContainers = (names: readonly string[]): readonly string[] => names.filter((name) => !replaced.includes(name));
  return [
    ...restartSteps(after, restarts, restarted),
    ...replaceSteps(after, [...containers.replacing, ...containers.inPlace], restarts, replaced),
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

function restartSteps(after: Declared, restarts: readonly SettingChange[], restarted: readonly string[]): readonly ImpactItem[] {
  if (restarted.length === 0) return [];
  const changes = restarts.filter(({ nodes }) => nodes.some((name) => restarted.includes(name)));
  const lowered = loweredIn(changes);
  const kind: ImpactClass = lowered.length > 0 && lowered.length === changes.length ? "restart-leader-first" : "restart";
  return [
    step(kind, after, restarted, changes, {
      wait: leaderRestartWait,
      notes: [...orderNotes(kind, lowered), drainNote(after, restarted), pastThePooler],
      replicasAgain: kind === "restart" && lowered.length > 0,
    }),
  ];
}

function replaceSteps(
  after: Declared,
  containers: readonly NodeChange[],
  restarts: readonly SettingChange[],
  replaced: readonly string[],
): readonly ImpactItem[] {
  if (replaced.length === 0) return [];
  const touches = ({ nodes }: NodeChange): boolean => nodes.some((name) => replaced.includes(name));
  const settings = restarts.filter(touches);
  const lowered = loweredIn(settings);
  const notes = [
    ...(settings.length === 0 ? [] : ["the new containers start with the new settings: there is no restart beside it"]),
    ...orderNotes("replace", lowered),
    drainNote(after, replaced),
    "data volumes stay",
    pastThePooler,
  ];
  return [
    step("replace", after, replaced, [...containers.filter(touches), ...settings], {
      wait: leaderReplaceWait,
      notes,
      replicasAgain: lowered.length > 0,
    }),
  ];
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

function drainNote(after: Declared, touched: readonly string[]): string {
  const replicas = after.nodes.filter(({ name, role }) => role === "replica" && touched.includes(name)).length;
  if (replicas === 0) return "the pooler holds its clients' queries meanwhile; none is disconnected";
  return "each replica is out of rotation while it is away; the pooler holds writes while the leader is away, and disconnects nobody";
}

interface StepDetails {
  readonly wait: Wait;
  readonly notes: readonly string[];
  /** Whether replicas have another turn after the leader. */
  readonly replicasAgain?: boolean;
}

/** A step over nodes in their order; clients wait only for the leader. */
function step(
  kind: ImpactClass,
  after: Declared,
  touched: readonly string[],
  changes: readonly NodeChange[],
  { wait, notes, replicasAgain = false }: StepDetails,
): ImpactItem {
  const isLeader = (name: string): boolean => after.nodes.some((node) => node.name === name && node.role === "leader");
  const replicas = touched.filter((name) => !isLeader(name));
  const leader = touched.filter(isLeader);
  return {
    class: kind,
    changes: withNodes(changes, touched),
    nodes: kind === "restart-leader-first" ? [...leader, ...replicas] : [...replicas, ...leader, ...(replicasAgain ? replicas : [])],
    wait: leader.length === 0 ? noWait : wait,
    notes,
  };
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

/** Why a replica is re-cloned; undefined when it is not. */
function cloneText(was: DeclaredNode, is: DeclaredNode): string | undefined {
  if (is.role === "leader") return undefined;
  if (was.dataVolume !== is.dataVolume) return changeText(`data volume of ${is.name}`, was.dataVolume, is.dataVolume);
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
      changes: nodes.map(({ name, role }) => `${role} ${name} ${how}`),
      nodes: nodes.map(({ name }) => name),
      wait: noWait,
      notes,
    },
  ];
}
