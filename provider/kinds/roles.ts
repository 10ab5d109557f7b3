import { z } from "zod";

import { connectEngine } from "../../src/engine/connect.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { runSql, SqlError } from "../../src/engine/psql.ts";
import { contentDriftSql, databaseSpec, declaredDatabases, userSpec } from "../../src/postgres/declared.ts";
import { monitoringDriftSql } from "../../src/postgres/monitoring.ts";
import type { RolesSpec } from "../../src/postgres/roles.ts";
import { extensionDriftSql, rolesDriftSql, rolesSql } from "../../src/postgres/roles.ts";
import { parseInputs } from "../inputs.ts";
import type { Context, Kind } from "../kind.ts";
import type { Properties } from "../wire.ts";

const inputs = z.object({
  host: z.string(),
  /** The leader's container. */
  container: z.string(),
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

/** Roles, databases, extensions and grants on the leader; replicas get them by replication. */
export const roles: Kind = {
  needsWork: async (context, olds, news) => {
    if (olds["drift"] !== "") return true;
    const { host, container, ...spec } = parseInputs(inputs, news);
    // A removed declaration is work too: its key is gone, which does not count as a changed input.
    if (hasGone(olds, news)) return true;
    // Additional databases and users are checked each time, so that a plain `up` repairs them.
    if (declaredDatabases(spec).length === 0) return false;
    return (await liveDrift(context, { host, container, spec })) !== "";
  },

  apply: async (context, properties) => {
    const { host, container, ...spec } = parseInputs(inputs, properties);
    const engine = await connectEngine(host);
    await runSql(engine, container, rolesSql(spec), "postgres", context.signal);
    return { drift: "" };
  },

  read: async (context, stored) => {
    const { host, container, ...spec } = parseInputs(inputs, stored);
    const engine = await connectEngine(host);
    // Without its server nothing is known about roles: the check reports that, not this resource.
    if (!(await isRunning(engine, container))) return { drift: stored["drift"] ?? "" };
    try {
      return { drift: await driftOf(engine, container, spec, context.signal) };
    } catch (error) {
      // A start script that refuses to start is restarted repeatedly.
      if (error instanceof SqlError && error.isUnreachable) return { drift: stored["drift"] ?? "" };
      throw error;
    }
  },
};

function hasGone(olds: Properties, news: Properties): boolean {
  return ["databases", "users"].some((key) => olds[key] !== undefined && news[key] === undefined);
}

/** Current drift; none when the leader cannot be queried, for example in a preview on another machine. */
async function liveDrift(
  context: Context,
  { host, container, spec }: { readonly host: string; readonly container: string; readonly spec: RolesSpec },
): Promise<string> {
  try {
    const drift = await driftOf(await connectEngine(host), container, spec, context.signal);
    if (drift !== "") context.log("warning", `differs from what is declared and will be set right: ${drift}`);
    return drift;
  } catch {
    return "";
  }
}

async function driftOf(engine: Engine, container: string, spec: RolesSpec, signal: AbortSignal): Promise<string> {
  const ask = (sql: string, database: string): Promise<string> => runSql(engine, container, sql, database, signal);
  const common = [await ask(rolesDriftSql(spec), "postgres"), await ask(monitoringDriftSql, "postgres")];
  const present = (await ask("select datname from pg_database where datallowconn;", "postgres")).split("\n");
  const first = present.includes(spec.database) ? [await ask(extensionDriftSql(spec), spec.database)] : [];
  const contents = await Promise.all(
    declaredDatabases(spec)
      .filter((database) => present.includes(database))
      .map((database) => ask(contentDriftSql(spec, database) ?? "", database)),
  );
  return [...common, ...first, ...contents]
    .filter((text) => text !== "")
    .join("\n")
    .replaceAll("\n", "; ");
}
