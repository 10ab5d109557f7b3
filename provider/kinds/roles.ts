import { rolesInputs } from "../../resources/roles.ts";
import { connectEngine } from "../../src/engine/connect.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { runSql, SqlError } from "../../src/engine/psql.ts";
import { declaredDatabases } from "../../src/postgres/declared.ts";
import { rolesDrift } from "../../src/postgres/roles-drift.ts";
import type { RolesSpec } from "../../src/postgres/roles.ts";
import { rolesSql } from "../../src/postgres/roles.ts";
import { parseInputs } from "../inputs.ts";
import type { Context, Kind } from "../kind.ts";
import { requireLeader, topologyNow } from "../topology.ts";
import type { Properties } from "../wire.ts";

/** Roles, databases, extensions and grants on the leader; replicas get them by replication. */
export const roles: Kind = {
  needsWork: async (context, olds, news) => {
    if (olds["drift"] !== "") return true;
    const { host, prefix, ...spec } = parseInputs(rolesInputs, news);
    // A removed declaration is work too: its key is gone, which does not count as a changed input.
    if (hasGone(olds, news)) return true;
    // Additional databases and users are checked each time, so that a plain `up` repairs them.
    if (declaredDatabases(spec).length === 0) return false;
    return (await liveDrift(context, { host, prefix, spec })) !== "";
  },

  apply: async (context, properties) => {
    const { host, prefix, ...spec } = parseInputs(rolesInputs, properties);
    const engine = await connectEngine(host);
    const { container } = await requireLeader(context, { engine, prefix }, "roles and databases cannot be set up");
    await runSql(engine, container, rolesSql(spec), "postgres", context.signal);
    return { drift: "" };
  },

  read: async (context, stored) => {
    const { host, prefix, ...spec } = parseInputs(rolesInputs, stored);
    const engine = await connectEngine(host);
    const { leader } = await topologyNow({ engine, prefix });
    // Without a leader nothing is known about roles: the check reports that, not this resource.
    if (leader === undefined) return { drift: stored["drift"] ?? "" };
    try {
      return { drift: await driftOf(engine, leader.container, spec, context.signal) };
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
  { host, prefix, spec }: { readonly host: string; readonly prefix: string; readonly spec: RolesSpec },
): Promise<string> {
  try {
    const engine = await connectEngine(host);
    const { leader } = await topologyNow({ engine, prefix });
    if (leader === undefined) return "";
    const drift = await driftOf(engine, leader.container, spec, context.signal);
    if (drift !== "") context.log("warning", `differs from what is declared and will be set right: ${drift}`);
    return drift;
  } catch {
    return "";
  }
}

async function driftOf(engine: Engine, container: string, spec: RolesSpec, signal: AbortSignal): Promise<string> {
  return rolesDrift((sql, database) => runSql(engine, container, sql, database, signal), spec);
}
