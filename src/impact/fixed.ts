import type { ImpactItem } from "./classes.ts";
import { changeText } from "./classes.ts";
import type { Declared } from "./declared.ts";
import { noWait } from "./waits.ts";

/** What is fixed once a cluster exists, by key of the stack file. */
export type Fixed = Declared["fixed"];

/** A change that is refused. */
export interface FixedProblem {
  readonly key: string;
  readonly was: string;
  readonly is: string;
  readonly why: string;
  readonly way: string;
}

const reasons: Readonly<Record<keyof Fixed, string>> = {
  dockerHost: "the cluster lives on that engine; this would leave it behind. Deploy another stack on the new engine and move the data",
  subnet: "a network cannot change under running containers. `pulumi destroy` keeps the data; then deploy with the new subnet",
  postgresVersion: "the data directory belongs to that version; a major upgrade is not a change of version number",
  locale: "indexes are built on it. Deploy another stack with the new locale and move the data",
};

/** A stack or a project that is renamed: everything on the engine has that name. */
export const renamed = {
  why: "the cluster's data is in volumes of the first name, and the second would begin an empty cluster",
  way: (was: string): string =>
    `Rename it back, so that names begin with ${was} again: pulumi stack rename <its first name>. For another name deploy another stack and move the data`,
};

/** Changes of what is fixed once a cluster exists, each with the way that there is instead. */
export function fixedProblems(before: Fixed, wanted: Fixed): readonly FixedProblem[] {
  return (Object.keys(reasons) as (keyof Fixed)[])
    .filter((key) => before[key] !== wanted[key])
    .map((key) => {
      const was = String(before[key]);
      return { key, was, is: String(wanted[key]), why: reasons[key], way: `Set it back to ${was}` };
    });
}

/** A node's data stays in its volume: it cannot become another one. */
export function renameProblems(before: Declared, after: Declared): readonly ImpactItem[] {
  const moved = after.nodes.flatMap(({ name, dataVolume }) => {
    const old = before.nodes.find((node) => node.name === name);
    return old === undefined || old.dataVolume === dataVolume ? [] : [{ name, was: old.dataVolume, is: dataVolume }];
  });
  const [first] = moved;
  if (first === undefined) return [];
  const changes = moved.map(({ name, was, is }) => changeText(`data volume of ${name}`, was, is));
  const way = renamed.way(first.was.slice(0, -`-${first.name}-data`.length));
  return [
    refusal(
      changes,
      moved.map(({ name }) => name),
      renamed.why,
      way,
    ),
  ];
}

/** Everything in a change that cannot be applied to existing data. */
export function refusedChanges(before: Declared, after: Declared): readonly ImpactItem[] {
  return fixedProblems(before.fixed, after.fixed).map(({ key, was, is, why, way }) => refusal([changeText(key, was, is)], [], why, way));
}

export function refusal(changes: readonly string[], nodes: readonly string[], because: string, way: string): ImpactItem {
  return { class: "refused", changes, nodes, wait: noWait, notes: [], refusal: { because, way } };
}
