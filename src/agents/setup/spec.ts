// As a namespace: of the other form the bundler of programs for containers leaves nothing out.
import * as z from "zod";

import { routeSpec } from "../../pgbouncer/routes.ts";
import { databaseSpec, userSpec } from "../../postgres/declared.ts";

/** Files in the config volume of the bundle's `setup`. */
export const setupFiles = { program: "setup.cjs", spec: "setup.json", secrets: "secrets.json" } as const;

/** What the bundle's `setup` brings a cluster to: the part of the plan that it needs, without secrets. Who leads is not in it. */
export const setupSpec = z.object({
  stack: z.string(),
  /** PostgreSQL's major version. */
  major: z.number(),
  /** All nodes, in the order in which routes list them. */
  nodes: z.array(z.string()).min(1),
  roles: z.object({
    database: z.string(),
    owner: z.string(),
    extensions: z.array(z.string()),
    monitoringConnections: z.number(),
    databases: z.array(databaseSpec).optional(),
    users: z.array(userSpec).optional(),
  }),
  /** Settings that take effect only at a restart, as they are declared. */
  restartSettings: z.record(z.string(), z.string()),
  /** The pooler's. */
  processes: z
    .array(
      z.object({
        number: z.number(),
        /** Its service, for messages. */
        service: z.string(),
        /** Where its console is reached. */
        host: z.string(),
        port: z.number(),
        /** `[pgbouncer]` settings. */
        settings: z.record(z.string(), z.string()),
      }),
    )
    .min(1),
  routes: z.array(routeSpec),
  /** How long nothing may change before a wait is given up, in seconds. */
  patienceS: z.number(),
});

export type SetupSpec = Readonly<z.output<typeof setupSpec>>;

/** What of it is secret; in a file that only its reader may open. */
export const setupSecrets = z.object({
  /** SCRAM-SHA-256 verifier of each role that logs in to a server, by name. */
  verifiers: z.record(z.string(), z.string()),
  /** Password of the pooler's admin. */
  poolerPassword: z.string(),
});

export type SetupSecrets = Readonly<z.output<typeof setupSecrets>>;
