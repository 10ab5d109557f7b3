import { leadershipPage } from "../leadership/words.ts";
import type { ImpactItem } from "./classes.ts";
import { changeText } from "./classes.ts";
import type { Declared } from "./declared.ts";
import { noWait } from "./waits.ts";

/**
 * Stack config changes to name the node that already leads. Only the nodes show whether it does: a deployment's preflight
 * asks them, and refuses otherwise.
 */
export function adoption(before: Declared, after: Declared): readonly ImpactItem[] {
  const [was, is] = [before.fixed.leader, after.fixed.leader];
  if (was === is) return [];
  const former = after.nodes.find(({ name }) => name === was);
  const isGivenUp = former?.reclone !== undefined && former.reclone !== before.nodes.find(({ name }) => name === was)?.reclone;
  const others = after.nodes.map(({ name }) => name).filter((name) => name !== is && name !== was);
  return [
    {
      class: "adopt",
      changes: [changeText("leader", was, is)],
      nodes: [...others, is, ...(former === undefined ? [] : [was])],
      wait: noWait,
      notes: [
        `carried out only if ${is} takes writes already and no other node does: \`pulumi preview\` looks at them (${leadershipPage})`,
        `the other replicas follow ${is}, the pooler's routes lead to it`,
        ...(former === undefined ? [] : [formerNote(was, is, isGivenUp)]),
      ],
    },
  ];
}

function formerNote(was: string, is: string, isGivenUp: boolean): string {
  if (isGivenUp) return `${was}'s data is set aside, and ${was} is cloned from ${is} at the end`;
  return `while ${was} holds a leader's data, this is refused until ./pgstack reclone ${was} gives its data up: it is set aside then`;
}
