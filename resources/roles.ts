import { z } from "zod";

import { databaseSpec, userSpec } from "../src/postgres/declared.ts";
import { ofStack } from "./parts.ts";

/** Roles, databases, extensions and grants on the leader. */
export const rolesInputs = z.object({
  ...ofStack,
  database: z.string(),
  owner: z.string(),
  extensions: z.array(z.string()),
  monitoringConnections: z.number(),
  /** Version of the objects that monitoring reads: a running cluster gets a new version. */
  monitoring: z.string().optional(),
  verifiers: z.record(z.string(), z.string()),
  databases: z.array(databaseSpec).optional(),
  users: z.array(userSpec).optional(),
});
