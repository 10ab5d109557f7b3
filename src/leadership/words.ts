import type { NodeView, Tenure } from "./view.ts";

/** The one place that says what to do when another node leads than stack config names. */
export const leadershipPage = "docs/operations.md#another-node-leads";

/** `pg2 leads since 2026-11-28 20:10:03 UTC, timeline 2`. */
export function leadsText(name: string, { since, timeline }: Pick<Tenure, "since" | "timeline">): string {
  return `${name} leads${since === undefined ? "" : ` since ${since}`}${timeline === undefined ? "" : `, timeline ${timeline}`}`;
}

/** The state of the former leader; `unseen` where its container cannot be looked at and its server does not answer. */
export function formerText({
  name,
  state,
  stoppedAt,
}: Pick<NodeView, "name" | "stoppedAt"> & { readonly state: NodeView["state"] | "unseen" }): string {
  switch (state) {
    case "unseen":
      return `${name} was the leader and does not answer`;
    case "stopped":
      return `${name} was the leader until ${stoppedAt ?? "its container ended"}`;
    case "refused":
      return `${name} was the leader, and its start script refuses to start it`;
    case "absent":
      return `${name} was the leader, and its container is gone`;
    case "silent":
      return `${name} was the leader; its container runs, but it does not answer`;
    case "recovery":
      return `${name} was the leader and is a replica now`;
    case "writable":
      return `${name} takes writes too`;
  }
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

/** How to make stack config name the node that leads. */
export function adoptText(leader: string, former: string, stack?: string): string {
  return (
    `Do not start ${former}. To go on with ${leader}: pulumi config set leader ${leader}; ${recloneText(former, stack)}. ` +
    `${former}'s data is set aside and ${former} is cloned from ${leader}. The other way, and how to look for rows: ${leadershipPage}`
  );
}

/** How one of two nodes that take writes becomes a replica of the other. */
export function chooseText(declared: string, other: string, stack?: string): string {
  return (
    `Decide whose rows stay, before either is stopped. ${declared}'s: ${recloneText(other, stack)}. ` +
    `${other}'s: stop ${declared}, then pulumi config set leader ${other}; ${recloneText(declared, stack)}. ` +
    `Either way the other data is set aside: ${leadershipPage}`
  );
}
