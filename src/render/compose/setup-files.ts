import { readFileSync } from "node:fs";
import { join } from "node:path";

import { services } from "../../plan/names.ts";
import { routesOf } from "../../plan/pooler.ts";
import { poolerPort } from "../../plan/pgbouncer-defaults.ts";
import type { ClusterPlan } from "../../plan/types.ts";
import { liftedOptions } from "../../postgres/lifted-settings.ts";
import { quietSession } from "../../postgres/quiet-session.ts";
import { rolesSql } from "../../postgres/roles.ts";
import { pgpass } from "../../formats/escape.ts";
import type { FileSpec } from "../../files/file-spec.ts";
import { plain, secret } from "../../files/file-spec.ts";
import { rolesSpec, serverVerifiers } from "../roles-spec.ts";
import { renderTemplate, templatesFolder } from "../template.ts";

/** How long `setup` sees nothing change before it gives up, in seconds. */
const patienceS = 120;

/** A script of `templates/compose`, as it is. */
export function script(name: string): string {
  return readFileSync(join(templatesFolder, "compose", name), "utf8");
}

/** Files of the service `setup`. */
export function renderSetupFiles(plan: ClusterPlan): readonly FileSpec[] {
  const { nodes } = plan;
  return [
    plain("setup.sh", script("setup.sh")),
    plain(
      "setup.env",
      renderTemplate("compose/setup.env", {
        stack: plan.stack,
        major: plan.major,
        leader: plan.leader,
        replicas: nodes
          .filter(({ role }) => role === "replica")
          .map(({ name }) => name)
          .join(" "),
        pooler: services.pooler,
        poolerPort,
        routes: routesOf(plan)
          .map(({ name, hosts }) => `${name}|${hosts.join(",")}`)
          .join(" "),
        patience: patienceS,
        sessionOptions: liftedOptions(plan.major),
      }),
    ),
    // Verifiers, no passwords; the session that reads them writes no log.
    secret(
      "roles.sql",
      0o400,
      (secrets) => `${quietSession}${rolesSql({ ...rolesSpec(plan), verifiers: serverVerifiers(plan, secrets) })}\n`,
    ),
    secret("pooler.pgpass", 0o400, ({ passwords }) => `*:*:*:pgbouncer:${pgpass(passwords.pgbouncer)}\n`),
  ];
}
