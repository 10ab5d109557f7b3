import type { NodeView } from "./view.ts";
import { adoptText, chooseText, formerText, leadershipPage, leadsText, recloneText, rowsText } from "./words.ts";

/** What stack config says of leadership, and what it said when it was last deployed. */
export interface DeclaredLeadership {
  readonly before: string;
  readonly wanted: string;
  /** Nodes with a new value in `reclone`: their data is about to be set aside. */
  readonly givenUp: readonly string[];
}

/** Reasons not to deploy, as the nodes are now; empty when stack config and the nodes agree. */
export function leadershipProblems(declared: DeclaredLeadership, views: readonly NodeView[]): readonly string[] {
  const writable = views.filter(({ state }) => state === "writable");
  const others = writable.filter(({ name }) => name !== declared.wanted);
  const leads = writable.some(({ name }) => name === declared.wanted);
  if (declared.before !== declared.wanted) return adoptionProblems(declared, views, { others, leads });
  const wanted = viewOf(views, declared.wanted);
  // Only while the leader is up: while it is down, the data of the others exists nowhere else.
  const kept = leads ? others.filter(({ name }) => !declared.givenUp.includes(name)) : others;
  return kept.map((other) =>
    leads
      ? `pgstack:leader: ${declared.wanted} and ${other.name} both take writes: ${leadsText(other.name, other.tenure)}, and ${declared.wanted} is the leader in stack config; ` +
        `${rowsText(declared.wanted, other.name, other.tenure.branchedAt)}. Nothing was changed. ${chooseText(declared.wanted, other.name)}`
      : `pgstack:leader: ${leadsText(other.name, other.tenure)}; ${formerText(wanted)}. ` +
        `${capital(rowsText(declared.wanted, other.name, other.tenure.branchedAt))}. Nothing was changed. ${adoptText(other.name, declared.wanted)}`,
  );
}

/** `leader` may name another node only if that one already leads, and no other node does. */
function adoptionProblems(
  { before, wanted }: DeclaredLeadership,
  views: readonly NodeView[],
  { others, leads }: { readonly others: readonly NodeView[]; readonly leads: boolean },
): readonly string[] {
  const silent = views.filter(({ name, state }) => name !== wanted && state === "silent");
  if (leads && others.length === 0 && silent.length === 0) return [];
  const refused = `pgstack:leader: cannot change from ${before} to ${wanted}`;
  if (leads && others.length > 0) {
    const names = others.map(({ name }) => name).join(", ");
    return [
      `${refused}: ${names} takes writes too. Stop the node whose rows are not to stay, look for rows that it alone has, then deploy again: ${leadershipPage}`,
    ];
  }
  if (leads) {
    const names = silent.map(({ name }) => name).join(", ");
    return [
      `${refused}: ${wanted} leads, but ${names} runs and does not answer, so it is not known whether it takes writes too. Stop it (docker stop -t 120 ${silent.map(({ container }) => container).join(" ")}), then deploy again: ${leadershipPage}`,
    ];
  }
  const [leader] = others;
  if (leader !== undefined)
    return [
      `${refused}: ${leadsText(leader.name, leader.tenure)}, and ${wanted} ${stateText(viewOf(views, wanted))}. Stack config follows the node that leads, it does not make one: set leader to ${leader.name}, or see ${leadershipPage}`,
    ];
  return [
    `${refused}: no node takes writes, and ${wanted} ${stateText(viewOf(views, wanted))}. Stack config follows the node that leads, it does not make one: set leader back to ${before}, or see ${leadershipPage}`,
  ];
}

function stateText({ state }: NodeView): string {
  switch (state) {
    case "writable":
      return "takes writes";
    case "recovery":
      return "is a replica (it is in recovery)";
    case "silent":
      return "does not answer";
    case "refused":
      return "is refused by its start script";
    case "stopped":
      return "does not run";
    case "absent":
      return "has no container";
  }
}

/** The old leader's data, as far as its volume shows it. */
export interface FormerData {
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
export function formerProblems({ name, leader, isLeaders, word, usedWord }: FormerData): readonly string[] {
  if (!isLeaders || (word !== undefined && word !== usedWord)) return [];
  const given = word === undefined ? "" : ` ("${word}" in stack config was used before: each word does it once)`;
  return [
    `pgstack:reclone.${name}: ${name} led before ${leader} and holds a leader's data: ${rowsText(name, leader)}. ` +
      `It can only be cloned from ${leader}, which sets that data aside: ${recloneText(name)}${given}. Nothing was changed: ${leadershipPage}`,
  ];
}

function viewOf(views: readonly NodeView[], name: string): NodeView {
  const view = views.find((candidate) => candidate.name === name);
  if (view === undefined) throw new Error(`${name} was not looked at`);
  return view;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
