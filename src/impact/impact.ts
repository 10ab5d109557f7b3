import type { UserError } from "../errors.ts";
import { adoption } from "./adoption.ts";
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
 * What it means for sessions to come from what was declared to what is declared now. Pure, so that a preview without engine,
 * state or credentials gives the same answer as one with them.
 *
 * @param before - undefined for a cluster that does not exist yet: it has no clients, so nothing has an impact
 */
export function impactOf(before: Declared | undefined, after: Declared): Impact {
  if (before === undefined) return impactFrom([]);
  const renames = renameProblems(before, after);
  // Then everything on the engine has another name, and nothing else can be compared.
  if (renames.length > 0) return impactFrom(renames);
  const refused = refusedChanges(before, after);
  // With these nearly every file differs, and none of it says anything.
  if (before.fixed.leader !== after.fixed.leader || before.fixed.postgresVersion !== after.fixed.postgresVersion)
    return impactFrom([...refused, ...adoption(before, after)]);
  const settings = settingChanges(before, after);
  const { added, removed } = scaling(before, after);
  return impactFrom([
    ...refused,
    ...reloadedSettings(before, after, settings),
    ...nodeFiles(before, after, settings),
    ...nodeSteps(before, after, settings),
    ...roleChanges(before, after),
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
