import type { Impact, ImpactItem } from "../../../src/impact/classes.ts";
import type { Declared } from "../../../src/impact/declared.ts";
import { declaredOf } from "../../../src/impact/declared.ts";
import { impactOf } from "../../../src/impact/impact.ts";
import { renderFiles } from "../../../src/render/files.ts";
import type { StackKeys } from "../../../testing/stacks.ts";
import { aPlan } from "../../../testing/stacks.ts";

/** What a stack named `test` with these keys declares. */
export function aDeclared(keys: StackKeys = {}): Declared {
  const plan = aPlan(keys);
  return declaredOf(plan, renderFiles(plan));
}

/** The impact of a change of stack config. */
export function impactBetween(before: StackKeys, after: StackKeys): Impact {
  return impactOf(aDeclared(before), aDeclared(after));
}

/** The impact of a change of what is declared, on two replicas. */
export function impactOfEdit(edit: (declared: Declared) => Declared, keys: StackKeys = { replicas: 2 }): Impact {
  const before = aDeclared(keys);
  return impactOf(before, edit(before));
}

/** `class: changes @ nodes` of every item. */
export function summary({ items }: Impact): string[] {
  return items.map(({ class: kind, changes, nodes }) => `${kind}: ${changes.join("; ")} @ ${nodes.join(" ")}`);
}

/** The one item of a class. */
export function itemOf({ items }: Impact, kind: ImpactItem["class"]): ImpactItem {
  const [found, ...more] = items.filter((item) => item.class === kind);
  if (found === undefined || more.length > 0) throw new Error(`${found === undefined ? "no" : "more than one"} ${kind}`);
  return found;
}
