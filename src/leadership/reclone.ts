import { leadershipProblems } from "./judge.ts";
import type { NodeView } from "./view.ts";
import { leadershipPage, rowsText } from "./words.ts";

/** Which nodes are to be cloned again, and what stack config says of leadership. */
export interface RecloneRequest {
  readonly nodes: readonly string[];
  readonly stack: string;
  /** The leader that the last deployment had. */
  readonly before: string;
  /** The leader that stack config names. */
  readonly wanted: string;
  /** Whether rows that only these nodes may have can be set aside. */
  readonly givesUpRows: boolean;
}

/** Why nodes are not cloned again, and what to do. */
export interface RecloneRefusal {
  readonly problem: string;
  readonly fix: string;
}

/**
 * Reasons not to re-clone nodes in the current state; empty when the leader takes writes and no other node is ahead.
 *
 * @param leaders - nodes that hold a leader's data: promoted ones, and those whose volume says so
 */
export function recloneRefusals(
  request: RecloneRequest,
  views: readonly NodeView[],
  leaders: ReadonlySet<string>,
): readonly RecloneRefusal[] {
  const { nodes, stack, before, wanted, givesUpRows } = request;
  if (nodes.includes(wanted))
    return [
      {
        problem: `${wanted} is the leader in stack config: the others are cloned from it, so its data stays. Nothing was changed`,
        fix: `look which node takes writes: ./pgstack status --stack ${stack}. Another one leads: ${leadershipPage}`,
      },
    ];
  const problems = leadershipProblems({ before, wanted, givenUp: nodes }, views);
  if (problems.length > 0)
    return problems.map((problem) => ({
      problem,
      fix: `look which node takes writes, then the same command again: ./pgstack status --stack ${stack}`,
    }));
  const leader = views.find(({ name }) => name === wanted);
  if (leader?.state !== "writable")
    return [
      {
        problem: `the leader ${wanted} does not take writes, so nothing can be cloned from it. Nothing was changed`,
        fix: `bring it back first: ./pgstack check --stack ${stack} says what is wrong`,
      },
    ];
  if (givesUpRows) return [];
  return nodes
    .filter((name) => leaders.has(name))
    .map((name) => {
      const branchedAt = [leader, views.find((view) => view.name === name)].map((view) => view?.tenure.branchedAt).find(Boolean);
      return {
        problem: `${name} holds a leader's data: ${rowsText(name, wanted, branchedAt)}. Nothing was changed`,
        fix: `look for such rows first: ${leadershipPage}. To set that data aside: the same command with --give-up-rows`,
      };
    });
}
