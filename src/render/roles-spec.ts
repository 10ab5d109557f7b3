import { monitoringConnections } from "../plan/connections.ts";
import { declaredSpec } from "../plan/declared-spec.ts";
import { entriesOf } from "../plan/declared.ts";
import { routesOf } from "../plan/routes.ts";
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

/** Users that come through routes, each with its password and the routes that are open to it. */
export function routedUsers(
  plan: ClusterPlan,
  { passwords, users }: ClusterSecrets,
): Readonly<Record<string, { readonly password: string; readonly routes: readonly string[] }>> {
  const all = routesOf(plan);
  const routed = [
    { name: plan.database.owner, password: passwords.app },
    ...plan.users.filter(({ pooled }) => pooled).map(({ name }) => ({ name, password: users[name] ?? "" })),
  ];
  return Object.fromEntries(
    routed.map(({ name, password }) => {
      const open = entriesOf(plan, name).map(({ database }) => database);
      return [name, { password, routes: all.filter(({ database }) => open.includes(database)).map((route) => route.name) }];
    }),
  );
}
