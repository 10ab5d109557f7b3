import { readFileSync } from "node:fs";
import { join } from "node:path";

import { paths, processFile } from "../layout.ts";
import { processRoutesFile } from "../pgbouncer/routes.ts";
import { processInside } from "../plan/endpoints.ts";
import { passwordRoles } from "../plan/types.ts";
import type { ClusterPlan, ClusterSecrets, PasswordRole, PoolerProcessPlan } from "../plan/types.ts";
import type { Server } from "../postgres/endpoint.ts";
import { roleSalt, scramVerifier } from "../postgres/scram.ts";
import type { FileSpec } from "../files/file-spec.ts";
import { plain, secret } from "../files/file-spec.ts";
import { renderTemplate, templatesFolder } from "./template.ts";

/** Files of the pooler's config volume that are declared; the routes are not among them, since they follow the leader. */
export function renderPoolerFiles(plan: ClusterPlan): readonly FileSpec[] {
  const { pooler, stack } = plan;
  return [
    plain(
      "pgbouncer.ini",
      renderTemplate("pgbouncer/pgbouncer.ini", {
        stack,
        settings: pooler.settings.map(({ name, value, why }) => ({ name, value, comment: why })),
      }),
    ),
    ...pooler.processes.map((process) => plain(processFile(process.number), processIni(plan, process))),
    ...["console.pl", "launch.pl", "resume-later.pl"].map((name) =>
      plain(name, readFileSync(join(templatesFolder, "pgbouncer", name), "utf8")),
    ),
    // Verifiers only: the pooler passes SCRAM logins through to the server without knowing a password.
    secret("userlist.txt", 0o600, (secrets) => {
      const verifiers = roleVerifiers(plan, secrets);
      const roles = (["app", "monitoring", "pgbouncer"] as const).map((role) => ({
        role: roleName(plan, role),
        verifier: verifiers[role],
      }));
      const users = userVerifiers(plan, secrets);
      const declared = plan.users.filter(({ pooled }) => pooled).map(({ name }) => ({ role: name, verifier: users[name] ?? "" }));
      return renderTemplate("pgbouncer/userlist.txt", { stack, entries: [...roles, ...declared] });
    }),
  ];
}

function processIni({ stack, pooler }: ClusterPlan, { number, settings, userLimits }: PoolerProcessPlan): string {
  const users = userLimits.map(({ user, connections }) => ({ name: user, params: [{ key: "max_user_connections", value: connections }] }));
  return renderTemplate("pgbouncer/process.ini", {
    stack,
    common: `${paths.config}/pgbouncer.ini`,
    ...(users.length === 0 ? {} : { users }),
    peers: pooler.processes.map((peer) => ({
      number: peer.number,
      params: serverParams(processInside(peer.number)),
    })),
    settings: settings.map(({ name, value, why }) => ({ name, value, comment: why })),
    routes: `${paths.config}/${processRoutesFile(number)}`,
  });
}

function serverParams({ host, port }: Server): readonly { readonly key: string; readonly value: string | number }[] {
  return [
    { key: "host", value: host },
    { key: "port", value: port },
  ];
}

/** The rendered `userlist.txt` among the pooler's files. */
export function userlistOf(files: readonly FileSpec[], secrets: ClusterSecrets): string {
  const file = files.find(({ path }) => path === "userlist.txt");
  if (file?.kind !== "secret") throw new Error("a pooler without userlist.txt");
  return file.render(secrets);
}

/** The role's name on the server: the application's comes from stack config. */
export function roleName(plan: Pick<ClusterPlan, "database">, role: PasswordRole): string {
  return role === "app" ? plan.database.owner : role;
}

/** The SCRAM-SHA-256 verifier of each role: the same text goes to the role and to the pooler's userlist. */
export function roleVerifiers(
  plan: Pick<ClusterPlan, "database" | "scramIterations">,
  secrets: ClusterSecrets,
): Readonly<Record<PasswordRole, string>> {
  const entries = passwordRoles.map((role) => {
    const salt = roleSalt(secrets.saltSeed, roleName(plan, role));
    return [role, scramVerifier({ password: secrets.passwords[role], salt, iterations: plan.scramIterations })] as const;
  });
  return Object.fromEntries(entries) as Record<PasswordRole, string>;
}

/** The SCRAM-SHA-256 verifier of each declared user, by name. */
export function userVerifiers(
  plan: Pick<ClusterPlan, "users" | "scramIterations">,
  secrets: ClusterSecrets,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    plan.users.map(({ name }) => {
      const password = secrets.users[name];
      if (password === undefined) throw new Error(`no password of the user ${name}`);
      return [name, scramVerifier({ password, salt: roleSalt(secrets.saltSeed, name), iterations: plan.scramIterations })];
    }),
  );
}
