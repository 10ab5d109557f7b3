import type { UserError } from "../errors.ts";
import type { Impact } from "./classes.ts";
import { impactFrom } from "./classes.ts";
import type { Declared } from "./declared.ts";
import { nodeFiles } from "./files.ts";
import { refusal, refusedChanges, renameProblems } from "./fixed.ts";
import { nodeSteps, scaling } from "./nodes.ts";
import { poolerChanges } from "./pooler.ts";
import { roleChanges } from "./roles.ts";
import { serviceChanges } from "./services.ts";
import { reloadedSettings, settingChanges } from "./settings.ts";

/**
 * What it means for sessions to come from what was declared to what is declared now. Pure: without engine, state or credentials
 * all that is not known is who leads.
 *
 * @param before - undefined for a cluster that does not exist yet: it has no clients, so nothing has an impact
 * @param leads - the node that leads; undefined where nobody asked: then it is said that the first node is taken for it
 */
export function impactOf(before: Declared | undefined, after: Declared, leads?: string): Impact {
  if (before === undefined) return impactFrom([]);
  const renames = renameProblems(before, after);
  // Then everything on the engine has another name, and nothing else can be compared.
  if (renames.length > 0) return impactFrom(renames);
  const refused = refusedChanges(before, after);
  // With these nearly every file differs, and none of it says anything.
  if (before.fixed.postgresVersion !== after.fixed.postgresVersion) return impactFrom(refused);
  const leader = { name: leads ?? after.nodes[0]?.name ?? "", isSeen: leads !== undefined };
  const settings = settingChanges(before, after);
  const { added, removed } = scaling(before, after);
  return impactFrom([
    ...refused,
    ...reloadedSettings(before, after, settings),
    ...nodeFiles(before, after, settings),
    ...nodeSteps(before, after, settings, leader),
    ...roleChanges(before, after, leader.name),
    ...added,
    ...poolerChanges(before, after),
    ...serviceChanges(before, after),
    ...removed,
  ]);
}

/** A stack file that cannot be planned: each of its problems is a refused change. */
export function refusedImpact(error: UserError): Impact {
  return impactFrom(error.problems.map(({ where, problem, fix }) => refusal([where], [], problem, fix)));
}
