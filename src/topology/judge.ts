import type { NodeView } from "./view.ts";
import { chooseText, leadershipPage, leadsText, recloneText, rowsText, statesText } from "./words.ts";

/** What a deployment asks of the nodes. */
export interface DeclaredLeadership {
  /** The leader that stack config asks for, if that is new in this deployment. */
  readonly newWish: string | undefined;
  /** Nodes that this deployment removes. */
  readonly removed: readonly string[];
  /** Nodes with a new value in `reclone`: their data is about to be set aside. */
  readonly givenUp: readonly string[];
}

/** Reasons not to deploy, as the nodes are now; empty when nothing of it depends on who leads, or the nodes agree. */
export function leadershipProblems(declared: DeclaredLeadership, views: readonly NodeView[]): readonly string[] {
  const writable = views.filter(({ state }) => state === "writable");
  const kept = writable.filter(({ name }) => !declared.givenUp.includes(name));
  const [leader, rival] = kept;
  if (leader !== undefined && rival !== undefined) return [forkText(leader, rival)];
  return [
    ...recloneProblems(declared, views, kept),
    ...removalProblems(declared, views, leader),
    ...(declared.newWish === undefined || declared.newWish === leader?.name ? [] : [wishText(declared.newWish, views, leader)]),
  ];
}

function forkText(one: NodeView, other: NodeView): string {
  const [older, newer] = (one.tenure.timeline ?? 0) > (other.tenure.timeline ?? 0) ? [other, one] : [one, other];
  return (
    `pgstack: ${older.name} and ${newer.name} both take writes: ${leadsText(newer.name, newer.tenure)}; ` +
    `${rowsText(older.name, newer.name, newer.tenure.branchedAt)}. Nothing was changed. ${chooseText(older.name, newer.name)}`
  );
}

/** The only node that takes writes has nobody to be cloned from. */
function recloneProblems({ givenUp }: DeclaredLeadership, views: readonly NodeView[], kept: readonly NodeView[]): readonly string[] {
  if (kept.length > 0) return [];
  return views
    .filter(({ name, state }) => state === "writable" && givenUp.includes(name))
    .map(
      ({ name }) =>
        `pgstack:reclone.${name}: ${name} takes writes, and no other node does: there is none that it could be cloned from. ` +
        `Nothing was changed. Remove the entry: pulumi config rm --path reclone.${name}`,
    );
}

/** A removed node's data is left behind: it must be known that another one leads. */
function removalProblems({ removed }: DeclaredLeadership, views: readonly NodeView[], leader: NodeView | undefined): readonly string[] {
  if (removed.length === 0) return [];
  if (leader === undefined)
    return [
      `pgstack:replicas: ${removed.join(", ")} would be removed, and no node takes writes (${statesText(views)}), so one of them may hold the newest rows. ` +
        `Nothing was changed. Start the node that led last, then deploy again: ${leadershipPage}`,
    ];
  if (!removed.includes(leader.name)) return [];
  return [
    `pgstack:replicas: ${removed.join(", ")} would be removed, and ${leadsText(leader.name, leader.tenure)}. ` +
      `Nothing was changed. Keep as many replicas as there are, or make another node the leader first: ${leadershipPage}`,
  ];
}

function wishText(wish: string, views: readonly NodeView[], leader: NodeView | undefined): string {
  const now = leader === undefined ? `no node takes writes (${statesText(views)})` : leadsText(leader.name, leader.tenure);
  const fix = leader === undefined ? "Remove the key" : `Set it to ${leader.name}, or remove it: pulumi config rm leader`;
  return `pgstack:leader: ${wish} does not lead: ${now}. A deployment follows the node that leads, it does not make one. Nothing was changed. ${fix}: ${leadershipPage}`;
}

/** The data of a node that does not run, as far as its volume shows it. */
export interface StoppedData {
  readonly name: string;
  readonly leader: string;
  /** Whether the volume holds a database that is not a replica's. */
  readonly isLeaders: boolean;
  /** The value in stack config. */
  readonly word: string | undefined;
  /** The value for which the volume was last cloned. */
  readonly usedWord: string | undefined;
}

/** A leader's data becomes a replica's only if it is explicitly given up. */
export function stoppedProblems({ name, leader, isLeaders, word, usedWord }: StoppedData): readonly string[] {
  if (!isLeaders || (word !== undefined && word !== usedWord)) return [];
  const given = word === undefined ? "" : ` ("${word}" in stack config was used before: each word does it once)`;
  return [
    `pgstack:reclone.${name}: ${name} does not answer and holds a leader's data, and ${leader} leads: ${rowsText(name, leader)}. ` +
      `Do not start it. It can only be cloned from ${leader}, which sets that data aside: ${recloneText(name)}${given}. Nothing was changed. ` +
      `The other way, and how to look for rows: ${leadershipPage}`,
  ];
}
