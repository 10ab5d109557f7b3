import { seen } from "../observation.ts";
import type { Observed } from "../observation.ts";
import type { CheckNode } from "../../target/target.ts";
import { applicationAt } from "../../target/logins.ts";
import { withConnection } from "./connection.ts";
import type { ObserveContext } from "./context.ts";

const insertQuery = `
insert into pgstack.heartbeat (node, token, written_at) values ('pgstack-check', gen_random_uuid(), now())`;

/** Tries to add a row on a node, directly and as the application's role, and takes it back. */
export async function observeInsert(context: ObserveContext, node: CheckNode): Promise<Observed<true>> {
  const login = applicationAt(context.target, context.secrets, node);
  const result = await withConnection(context, login, async (client) => {
    await client.query("begin");
    await client.query(insertQuery);
    await client.query("rollback");
  });
  return result.ok ? seen(true) : result;
}
