import { z } from "zod";

import { connectEngine } from "../../src/engine/connect.ts";
import { containerState } from "../../src/engine/container.ts";
import { runSql } from "../../src/engine/psql.ts";
import { extensionDriftSql, rolesDriftSql, rolesSql } from "../../src/postgres/roles.ts";
import { parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";

const inputs = z.object({
  host: z.string(),
  /** The leader's container. */
  container: z.string(),
  database: z.string(),
  owner: z.string(),
  extensions: z.array(z.string()),
  monitoringConnections: z.number(),
  verifiers: z.record(z.string(), z.string()),
});

/** Roles, the application's database, extensions and grants on the leader; replicas get them by replication. */
export const roles: Kind = {
  needsWork: (_context, olds) => Promise.resolve(olds["drift"] !== ""),

  apply: async (context, properties) => {
    const { host, container, ...spec } = parseInputs(inputs, properties);
    const engine = await connectEngine(host);
    await runSql(engine, container, rolesSql(spec), "postgres", context.signal);
    return { drift: "" };
  },

  read: async (context, stored) => {
    const { host, container, ...spec } = parseInputs(inputs, stored);
    const engine = await connectEngine(host);
    // Without its server nothing can be said about roles: the check names that, not this resource.
    if ((await containerState(engine, container))?.running !== true) return { drift: stored["drift"] ?? "" };
    const missing = await runSql(engine, container, rolesDriftSql(spec), "postgres", context.signal);
    const extensions = missing.includes("database ")
      ? ""
      : await runSql(engine, container, extensionDriftSql(spec), spec.database, context.signal);
    return {
      drift: [missing, extensions]
        .filter((text) => text !== "")
        .join("\n")
        .replaceAll("\n", "; "),
    };
  },
};
