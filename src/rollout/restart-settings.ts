import type { ClusterPlan } from "../plan/types.ts";
import { settingsOf } from "../postgres/settings.ts";
import { standbyLimits } from "./standby-limits.ts";

/** Settings that take effect only at a restart: the same for all nodes. */
export function restartSettings({ nodes: [node], major }: Pick<ClusterPlan, "nodes" | "major">): Readonly<Record<string, string>> {
  if (node === undefined) return {};
  const known = settingsOf(major);
  const shared = node.settings.filter(({ section }) => section !== "this node");
  return {
    ...standbyLimits(node),
    // Of a version without a table any setting may be one of them.
    ...Object.fromEntries(
      shared.filter(({ name }) => known === undefined || known[name]?.context === "postmaster").map(({ name, value }) => [name, value]),
    ),
  };
}
