import { monitoringConnections } from "../plan/connections.ts";
import { declaredSpec } from "../plan/declared-spec.ts";
import type { ClusterPlan, ClusterSecrets } from "../plan/types.ts";
import type { RolesSpec } from "../postgres/roles.ts";
import { roleName, roleVerifiers, userVerifiers } from "./pooler-files.ts";

/** What the leader must hold, without its secret part. */
export function rolesSpec(plan: ClusterPlan): Omit<RolesSpec, "verifiers"> {
  const { name, owner, extensions } = plan.database;
  return { database: name, owner, extensions, monitoringConnections, ...declaredSpec(plan) };
}

/** The verifiers of the server's roles by name; the pooler's admin is not one of them. */
export function serverVerifiers(plan: ClusterPlan, secrets: ClusterSecrets): RolesSpec["verifiers"] {
  const byRole = roleVerifiers(plan, secrets);
  const first = Object.fromEntries((["app", "replicator", "monitoring"] as const).map((role) => [roleName(plan, role), byRole[role]]));
  return { ...first, ...userVerifiers(plan, secrets) };
}
