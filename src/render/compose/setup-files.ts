import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { SetupSecrets, SetupSpec } from "../../agents/setup/spec.ts";
import { setupFiles } from "../../agents/setup/spec.ts";
import type { FileSpec } from "../../files/file-spec.ts";
import { plain, secret } from "../../files/file-spec.ts";
import { processInside } from "../../plan/endpoints.ts";
import { services } from "../../plan/names.ts";
import { routesOf } from "../../plan/routes.ts";
import type { ClusterPlan } from "../../plan/types.ts";
import { restartSettings } from "../../rollout/restart-settings.ts";
import { agentProgram } from "../agent-program.ts";
import { rolesSpec, serverVerifiers } from "../roles-spec.ts";
import { templatesFolder } from "../template.ts";

/** How long `setup` sees nothing change before it gives up, in seconds. */
const patienceS = 120;

/** A script of `templates/compose`, as it is. */
export function script(name: string): string {
  return readFileSync(join(templatesFolder, "compose", name), "utf8");
}

/** Files of the service `setup`. */
export function renderSetupFiles(plan: ClusterPlan): readonly FileSpec[] {
  return [
    plain(setupFiles.program, agentProgram("setup")),
    plain(setupFiles.spec, json(setupSpecOf(plan))),
    secret(setupFiles.secrets, 0o400, (secrets) => {
      const own: SetupSecrets = { verifiers: serverVerifiers(plan, secrets), poolerPassword: secrets.passwords.pgbouncer };
      return json(own);
    }),
  ];
}

function setupSpecOf(plan: ClusterPlan): SetupSpec {
  const { databases = [], users = [], extensions, ...roles } = rolesSpec(plan);
  return {
    stack: plan.stack,
    major: plan.major,
    nodes: plan.nodes.map(({ name }) => name),
    roles: {
      ...roles,
      extensions: [...extensions],
      ...(databases.length === 0 ? {} : { databases: [...databases] }),
      ...(users.length === 0 ? {} : { users: [...users] }),
    },
    restartSettings: restartSettings(plan),
    processes: plan.pooler.processes.map(({ number, settings }) => ({
      number,
      service: services.pgbouncer(number),
      ...processInside(number),
      settings: Object.fromEntries([...plan.pooler.settings, ...settings].map(({ name, value }) => [name, value])),
    })),
    routes: routesOf(plan).map((route) => ({ ...route, parameters: { ...route.parameters } })),
    patienceS,
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
