import type { Observed, ReachedNode } from "../observation.ts";
import { applicationOf } from "../../target/logins.ts";
import type { CheckProcess } from "../../target/target.ts";
import { pooled, withConnection } from "./connection.ts";
import type { ObserveContext } from "./context.ts";

const whoQuery = "select current_setting('cluster_name') as node, pg_is_in_recovery() as in_recovery";

interface WhoRow {
  readonly node: string;
  readonly in_recovery: boolean;
}

/** Which node the read route of one process leads to: it is one at a time. */
export async function observeReadRoute(context: ObserveContext, process: CheckProcess): Promise<Observed<ReachedNode>> {
  const { target, secrets } = context;
  return withConnection(context, pooled(applicationOf(target, secrets, { process, route: target.readRoute })), async (client) => {
    const [row] = (await client.query<WhoRow>(whoQuery)).rows;
    if (row === undefined) throw new Error("the read route gave no answer");
    return { node: row.node, inRecovery: row.in_recovery };
  });
}
