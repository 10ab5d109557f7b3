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
  const cloned = kept.filter(([was, is]) => is.role === "replica" && was.dataVolume !== is.dataVolume).map(([, { name }]) => name);
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
  const kind: ImpactClass = lowered.length > 0 ? "restart-leader-first" : "restart";
  return [
    step(kind, after, restarted, changes, {
      wait: leaderRestartWait,
      notes: [...orderNotes(lowered, changes), drainNote(after, restarted), pastThePooler],
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
  const notes = [
    ...(settings.length === 0 ? [] : ["the new containers start with the new settings: there is no restart beside it"]),
    ...orderNotes(loweredIn(settings), settings),
    drainNote(after, replaced),
    "data volumes stay",
    pastThePooler,
  ];
  return [
    step("replace", after, replaced, [...containers.filter(touches), ...settings], {
      wait: leaderReplaceWait,
      notes,
      leaderFirst: loweredIn(settings).length > 0,
    }),
  ];
}

function loweredIn(changes: readonly SettingChange[]): readonly string[] {
  return changes.filter(({ effect }) => effect === "restart-leader-first").map(({ name }) => name);
}

function orderNotes(lowered: readonly string[], changes: readonly SettingChange[]): readonly string[] {
  if (lowered.length === 0) return [];
  const others =
    changes.length > lowered.length ? "; a replica whose leader has more of another setting waits with its replay until it restarts" : "";
  return [`leader first: a replica does not start with less than its leader has (${lowered.join(", ")})${others}`];
}

function drainNote(after: Declared, touched: readonly string[]): string {
  const replicas = after.nodes.filter(({ name, role }) => role === "replica" && touched.includes(name)).length;
  if (replicas === 0) return "the pooler holds its clients' queries meanwhile; none is disconnected";
  return "each replica is out of rotation while it is away; the pooler holds writes while the leader is away, and disconnects nobody";
}

interface StepDetails {
  readonly wait: Wait;
  readonly notes: readonly string[];
  readonly leaderFirst?: boolean;
}

/** A step over nodes in their order; clients wait only for the leader. */
function step(
  kind: ImpactClass,
  after: Declared,
  touched: readonly string[],
  changes: readonly NodeChange[],
  { wait, notes, leaderFirst = kind === "restart-leader-first" }: StepDetails,
): ImpactItem {
  const isLeader = (name: string): boolean => after.nodes.some((node) => node.name === name && node.role === "leader");
  const replicas = touched.filter((name) => !isLeader(name));
  const leader = touched.filter(isLeader);
  return {
    class: kind,
    changes: withNodes(changes, touched),
    nodes: leaderFirst ? [...leader, ...replicas] : [...replicas, ...leader],
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
      changes: changed.map(([was, is]) => changeText(`data volume of ${is.name}`, was.dataVolume, is.dataVolume)),
      nodes: cloned,
      wait: noWait,
      notes: ["each replica is out of rotation until it is cloned; the old volume stays", pastThePooler],
    },
  ];
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
