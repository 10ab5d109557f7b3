import { randomUUID } from "node:crypto";
import { get } from "node:http";

import pg from "pg";

import { isUp } from "../../src/check/observe/exporters.ts";
import { poll } from "../../src/deadline.ts";
import type { Access, Credentials } from "./access.ts";

/** Between two attempts. */
const everyMs = 50;

/** How long a cluster may take to become what the verification asks for. */
const timeoutMs = 120_000;

/** How long one login or statement may take. */
const statementMs = 2000;

/** What the verification proves, for the method's text. */
export const whatIsVerified =
  "a row written through the pooler's write route is read on every replica; every replica says that it is in recovery and its WAL " +
  "receiver that it is streaming; an INSERT is refused on every replica; the read route reaches every replica and nothing else; every " +
  "exporter says that its server is up";

/**
 * Tries until the cluster is verified: the same for every contestant, however it was set up, from outside, through published
 * ports. Each attempt proves everything.
 *
 * @throws with the last reason when the time is over
 */
export async function verify(access: Access): Promise<void> {
  const token = randomUUID();
  let reason = "";
  const verified = await poll(
    async () => {
      try {
        await attempt(access, token);
        return true;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
        return undefined;
      }
    },
    { everyMs, timeoutMs },
  );
  if (verified === undefined) throw new Error(`not verified within ${timeoutMs / 1000} s: ${reason}`);
}

/** Replicas before the read route: a pooler that once found none of them up would not try again for a while. */
async function attempt(access: Access, token: string): Promise<void> {
  await writeRow(access, token);
  await Promise.all(access.replicas.map((replica) => checkReplica(access, replica, token)));
  await checkReadRoute(access, new Set(), 3 * access.replicas.length + 2);
  await Promise.all(access.metrics.map(({ port, name }) => checkMetric(access.host, port, name)));
}

function writeRow(access: Access, token: string): Promise<void> {
  return connected(access, access.poolerPort, access.routes.write, access.app, async (client) => {
    await client.query("create table if not exists bench_verification (token uuid primary key)");
    await client.query(`insert into bench_verification values ('${token}') on conflict do nothing`);
  });
}

async function checkReplica(access: Access, { name, port }: Access["replicas"][number], token: string): Promise<void> {
  await connected(access, port, access.database, access.app, async (client) => {
    const { rows } = await client.query<{ recovering: boolean; seen: boolean }>(
      `select pg_is_in_recovery() as recovering, exists (select from bench_verification where token = '${token}') as seen`,
    );
    if (rows[0]?.recovering !== true) throw new Error(`${name} is not in recovery`);
    if (!rows[0].seen) throw new Error(`${name} does not show the row yet`);
    await refusesInsert(client, name);
  });
  await connected(access, port, "postgres", access.monitoring, async (client) => {
    const { rows } = await client.query<{ status: string }>("select status from pg_stat_wal_receiver");
    if (rows[0]?.status !== "streaming") throw new Error(`${name} does not stream`);
  });
}

/** SQLSTATE of "cannot execute INSERT in a read-only transaction". */
const readOnly = "25006";

async function refusesInsert(client: pg.Client, name: string): Promise<void> {
  try {
    await client.query("insert into bench_verification values (gen_random_uuid())");
  } catch (error) {
    if ((error as { readonly code?: string }).code === readOnly) return;
    throw error;
  }
  throw new Error(`${name} accepts writes`);
}

/** Holds one transaction after the other, so that the pooler has to use further server connections. */
function checkReadRoute(access: Access, reached: Set<string>, left: number): Promise<void> {
  return connected(access, access.poolerPort, access.routes.read, access.app, async (client) => {
    await client.query("begin read only");
    const { rows } = await client.query<{ address: string; recovering: boolean }>(
      "select inet_server_addr()::text as address, pg_is_in_recovery() as recovering",
    );
    if (rows[0]?.recovering !== true) throw new Error("the read route reaches a node that is no replica");
    reached.add(rows[0].address);
    if (reached.size < access.replicas.length) {
      if (left <= 1) throw new Error(`the read route reaches ${reached.size} of ${access.replicas.length} replicas`);
      await checkReadRoute(access, reached, left - 1);
    }
    await client.query("rollback");
  });
}

async function checkMetric(host: string, port: number, name: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = get({ host, port, path: "/metrics", agent: false, timeout: statementMs }, (response) => {
    let text = "";
    response
      .setEncoding("utf8")
      .on("data", (part: string) => (text += part))
      .on("end", () => resolve(text))
      .on("error", reject);
  });
  request.on("timeout", () => request.destroy(new Error("no answer")));
  request.on("error", reject);
  if (isUp(await promise, name) !== true) throw new Error(`${name} at port ${port} is not 1`);
}

/** Runs `use` on a connection of its own. */
export async function connected<T>(
  { host }: Pick<Access, "host">,
  port: number,
  database: string,
  credentials: Credentials,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    host,
    port,
    database,
    ...credentials,
    ssl: false,
    connectionTimeoutMillis: statementMs,
    query_timeout: statementMs,
  });
  // A server that goes away between two statements must not end this process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
