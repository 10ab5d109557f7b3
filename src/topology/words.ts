import type { Problem } from "../errors.ts";
import type { NodeView, Tenure } from "./view.ts";

/** The one place that says what to do when another node leads than before. */
export const leadershipPage = "docs/operations.md#another-node-leads";

/** `pg2 leads since 2026-11-28 20:10:03 UTC, timeline 2`. */
export function leadsText(name: string, { since, timeline }: Pick<Tenure, "since" | "timeline">): string {
  return `${name} leads${since === undefined ? "" : ` since ${since}`}${timeline === undefined ? "" : `, timeline ${timeline}`}`;
}

/** Which rows only one node has. */
export function rowsText(former: string, leader: string, branchedAt?: string): string {
  const from = branchedAt === undefined ? `after the last that ${leader} received` : `after WAL position ${branchedAt}`;
  return `what ${former} wrote ${from} is on ${former} alone, what ${leader} writes since then is not on ${former}`;
}

/** How a node is re-cloned; the data of a promoted one has to be given up explicitly. */
export function recloneText(node: string, stack = "<stack>"): string {
  return `./pgstack reclone ${node} --stack ${stack} --give-up-rows`;
}

/** How to go on with the node that leads. */
export function adoptText(leader: string, former: string, stack?: string): string {
  return (
    `Do not start ${former}. To continue with ${leader}: ${recloneText(former, stack)}. ` +
    `${former}'s data is set aside and ${former} is cloned from ${leader}. The other way, and how to look for rows: ${leadershipPage}`
  );
}

/** How one of two nodes that take writes becomes a replica of the other. */
export function chooseText(one: string, other: string, stack?: string): string {
  const keep = (kept: string, lost: string): string => `${kept}'s: stop ${lost}, then ${recloneText(lost, stack)}`;
  return (
    `Decide whose rows stay, before either is stopped. ${keep(one, other)}. ${keep(other, one)}. ` +
    `Either way the other data is set aside: ${leadershipPage}`
  );
}

const stateWords: Readonly<Record<NodeView["state"], string>> = {
  writable: "takes writes",
  recovery: "a replica",
  silent: "does not answer",
  refused: "refuses to start",
  stopped: "stopped",
  absent: "no container",
};

/** `pg1: stopped, pg2: a replica` */
export function statesText(seen: readonly Pick<NodeView, "name" | "state">[]): string {
  return seen.length === 0 ? "there is no other node" : seen.map(({ name, state }) => `${name}: ${stateWords[state]}`).join(", ");
}

/** A fork, as a problem for users. */
export function twoLeaders(writable: readonly NodeView[]): Problem {
  const names = writable.map(({ name }) => name);
  return {
    where: names.join(", "),
    problem: `${names.join(" and ")} both take writes: the cluster is forked`,
    fix: `decide whose rows stay before either is stopped: ${leadershipPage}`,
  };
}
