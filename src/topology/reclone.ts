import type { NodeView } from "./view.ts";
import { chooseText, leadershipPage, leadsText, rowsText, statesText } from "./words.ts";

/** Which nodes are to be cloned again. */
export interface RecloneRequest {
  readonly nodes: readonly string[];
  readonly stack: string;
  /** Whether rows that only these nodes may have can be set aside. */
  readonly givesUpRows: boolean;
}

/** Why nodes are not cloned again, and what to do. */
export interface RecloneRefusal {
  readonly problem: string;
  readonly fix: string;
}

/** The node that others are cloned from: the one that takes writes and is not itself cloned; undefined unless there is exactly one. */
export function sourceOf(nodes: readonly string[], views: readonly NodeView[]): NodeView | undefined {
  const [source, ...more] = views.filter(({ name, state }) => state === "writable" && !nodes.includes(name));
  return more.length === 0 ? source : undefined;
}

/**
 * Reasons not to re-clone nodes in the current state; empty when another node takes writes and no given one is ahead.
 *
 * @param leaders - nodes that hold a leader's data: promoted ones, and those whose volume says so
 */
export function recloneRefusals(
  { nodes, stack, givesUpRows }: RecloneRequest,
  views: readonly NodeView[],
  leaders: ReadonlySet<string>,
): readonly RecloneRefusal[] {
  const source = sourceOf(nodes, views);
  if (source === undefined) return [withoutSource(nodes, stack, views)];
  if (givesUpRows) return [];
  return nodes
    .filter((name) => leaders.has(name))
    .map((name) => {
      const branchedAt = [source, views.find((view) => view.name === name)].map((view) => view?.tenure.branchedAt).find(Boolean);
      return {
        problem: `${name} holds a leader's data: ${rowsText(name, source.name, branchedAt)}. Nothing was changed`,
        fix: `look for such rows first: ${leadershipPage}. To set that data aside: the same command with --give-up-rows`,
      };
    });
}

function withoutSource(nodes: readonly string[], stack: string, views: readonly NodeView[]): RecloneRefusal {
  const [first, second] = views.filter(({ name, state }) => state === "writable" && !nodes.includes(name));
  if (first !== undefined && second !== undefined)
    return {
      problem: `${first.name} and ${second.name} both take writes. Nothing was changed`,
      fix: chooseText(first.name, second.name, stack),
    };
  const given = views.find(({ name, state }) => state === "writable" && nodes.includes(name));
  if (given !== undefined)
    return {
      problem: `${leadsText(given.name, given.tenure)}: the others are cloned from it, so its data stays. Nothing was changed`,
      fix: `name replicas. Which they are: ./pgstack status --stack ${stack}`,
    };
  return {
    problem: `no node takes writes (${statesText(views)}), so nothing can be cloned. Nothing was changed`,
    fix: `bring the leader back first: ./pgstack check --stack ${stack} says what is wrong`,
  };
}
