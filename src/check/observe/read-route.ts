import type { Client } from "pg";

import type { Failure, Observed, PoolerFacts, ReachedNode, ReadRouteObservation } from "../observation.ts";
import { withConnection } from "./connection.ts";
import type { Endpoint } from "./connection.ts";
import type { ObserveContext } from "./context.ts";

/** How long one connection may wait: those before it are held meanwhile, and applications may want them. */
const limitMs = 1000;

/** Where the pooler gives a server connection back after each statement, a statement must last to hold one. */
const holdSeconds = 0.2;

const whoQuery = "select current_setting('cluster_name') as node, pg_is_in_recovery() as in_recovery";

interface WhoRow {
  readonly node: string;
  readonly in_recovery: boolean;
}

/**
 * How many connections to try. The pooler uses up the server connections it has before it opens one to a node that
 * has none, for example because it was restarted; beyond the size of the pool a client only waits.
 */
function connectionsFor(rotation: number, pooler: PoolerFacts | undefined): number {
  const enough = 3 * rotation + 2 + (pooler?.readServers ?? 0);
  return Math.min(enough, pooler?.readPoolSize ?? enough);
}

/**
 * Opens one transaction after the other through the read route, holding each, so that the pooler must use further
 * server connections, until every node of the rotation has answered.
 */
export async function observeReadRoute(context: ObserveContext, pooler: PoolerFacts | undefined): Promise<ReadRouteObservation> {
  const connections = connectionsFor(context.target.rotation.length, pooler);
  const reached: ReachedNode[] = [];
  const failure = await holdAndGoOn(context, reached, connections);
  if (reached.length === 0 && failure !== undefined && isStatementMode(failure)) return holdTogether(context, connections);
  return { reached, failure: isComplete(context, reached) ? undefined : failure };
}

async function holdAndGoOn(context: ObserveContext, reached: ReachedNode[], left: number): Promise<Failure | undefined> {
  const result = await withConnection(context, endpointOf(context), async (client) => {
    await client.query("begin read only");
    reached.push(await askWho(client, whoQuery));
    const more = left > 1 && !isComplete(context, reached);
    const failure = more ? await holdAndGoOn(context, reached, left - 1) : undefined;
    // The pooler would drop the server connection of a client that leaves amid a transaction.
    await client.query("rollback");
    return failure;
  });
  return result.ok ? result.value : result.failure;
}

async function holdTogether(context: ObserveContext, connections: number): Promise<ReadRouteObservation> {
  const query = `${whoQuery} from pg_sleep(${holdSeconds})`;
  const answers: readonly Observed<ReachedNode>[] = await Promise.all(
    Array.from({ length: connections }, async () => withConnection(context, endpointOf(context), async (client) => askWho(client, query))),
  );
  const reached = answers.flatMap((answer) => (answer.ok ? [answer.value] : []));
  const failures = answers.flatMap((answer) => (answer.ok ? [] : [answer.failure]));
  return { reached, failure: isComplete(context, reached) ? undefined : failures[0] };
}

async function askWho(client: Client, query: string): Promise<ReachedNode> {
  const { rows } = await client.query<WhoRow>(query);
  const [row] = rows;
  if (row === undefined) throw new Error("the read route gave no answer");
  return { node: row.node, inRecovery: row.in_recovery };
}

function isComplete({ target }: ObserveContext, reached: readonly ReachedNode[]): boolean {
  const names = new Set(reached.map(({ node }) => node));
  return target.rotation.every((name) => names.has(name));
}

function isStatementMode({ message }: Failure): boolean {
  return message.includes("statement pooling mode");
}

function endpointOf({ target, secrets }: ObserveContext): Endpoint {
  return {
    port: target.poolerPort,
    database: target.readRoute,
    user: target.appUser,
    password: secrets.app,
    pooled: true,
    limitMs,
  };
}
