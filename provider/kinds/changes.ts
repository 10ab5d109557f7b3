import { declaredSchema } from "../../src/impact/declared.ts";
import { impactOf } from "../../src/impact/impact.ts";
import { impactText } from "../../src/impact/report.ts";
import type { Kind } from "../kind.ts";
import { topologySeen } from "../topology.ts";

/**
 * What the last successful deployment declared, and what a change of it does to sessions. It does nothing itself: its inputs
 * are the record, and its check reports the impact, in preview and in `up`. As it comes after everything else, a deployment
 * that fails keeps the old inputs, and the next preview still reports everything that may be left to do.
 */
export const changes: Kind = {
  check: (context, olds, news) => {
    const after = declaredSchema.parse(news["declared"]);
    if (olds === undefined) return Promise.resolve([]);
    const before = declaredSchema.safeParse(olds["declared"]);
    if (!before.success) {
      context.log(
        "info",
        "the last deployment was one of another version of pgstack: what changes is shown above, its impact is not known",
      );
      return Promise.resolve([]);
    }
    const impact = impactOf(before.data, after, topologySeen(String(news["prefix"]))?.leader?.name);
    if (impact.items.length > 0) context.log("info", `impact on sessions: ${impactText(impact)}`);
    return Promise.resolve([]);
  },

  apply: () => Promise.resolve({}),
};
