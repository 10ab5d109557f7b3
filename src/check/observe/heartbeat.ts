import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import type { Client } from "pg";

import { failed, seen } from "../observation.ts";
import type { HeartbeatObservation, Observed } from "../observation.ts";
import type { CheckNode } from "../../target/target.ts";
import { applicationAt, applicationThrough } from "../../target/logins.ts";
import { pooled, withConnection } from "./connection.ts";
import type { CheckLogin } from "./connection.ts";
import { remainingMs } from "./context.ts";
import type { ObserveContext } from "./context.ts";

/** How often a node is asked for the row. */
const pollMs = 10;

/** How long the write waits for connections to the nodes: a frozen one must not use up the time of all. */
const connectMs = 500;

/** What is kept for the nodes' last answers when the deadline is near. */
const reserveMs = 200;

// written_at only grows, so that a later heartbeat of another check proves the same as the own one.
const writeQuery = `
insert into pgstack.heartbeat as h (node, token, written_at) values (current_setting('cluster_name'), $1, clock_timestamp())
on conflict (node) do update
   set token = excluded.token,
       written_at = greatest(clock_timestamp(), h.written_at + interval '1 microsecond')
returning current_setting('cluster_name') as reached, extract(epoch from written_at)::text as written_at`;

const readQuery = `
select exists (select from pgstack.heartbeat
                where node = $1 and (token = $2::uuid or extract(epoch from written_at) >= $3::numeric)) as visible`;

interface Beat {
  readonly reached: string;
  readonly token: string;
  readonly writtenAt: string;
  /** When the write was confirmed. */
  readonly at: number;
}

type Visibility = HeartbeatObservation["replicas"][string];

/**
 * Writes a row as an application does, through the pooler, and waits until the other nodes show it: which one takes it is known
 * only afterwards. All are connected before the write, so that the times measure replication and not logins.
 */
export async function observeHeartbeat(context: ObserveContext): Promise<HeartbeatObservation> {
  const { nodes } = context.target;
  const written = Promise.withResolvers<Observed<Beat>>();
  const ready = nodes.map(() => Promise.withResolvers<void>());
  const watching = nodes.map(async (node, index) => {
    const result = await watch(context, node, { written: written.promise, ready: ready[index] });
    // A node that could not be connected does not hold up the others.
    ready[index]?.resolve();
    return result;
  });
  await Promise.race([Promise.all(ready.map(async ({ promise }) => promise)), sleep(connectMs)]);
  const beat = await write(context);
  written.resolve(beat);
  const seenBy = await Promise.all(watching);
  if (!beat.ok) return { write: beat, replicas: {} };
  const { reached } = beat.value;
  const others = nodes.map(({ name }, index) => [name, seenBy[index] ?? notVisible(0)] as const).filter(([name]) => name !== reached);
  return { write: seen({ reached }), replicas: Object.fromEntries(others) };
}

/** Only asks who answers at the end of the write route. */
export async function observeWriteRoute(context: ObserveContext): Promise<HeartbeatObservation> {
  const write = await withConnection(context, writeLogin(context), async (client) => {
    const query = "select current_setting('cluster_name') as reached";
    const { rows } = await client.query<{ reached: string }>(query);
    return { reached: rows[0]?.reached ?? "" };
  });
  return { write, replicas: {} };
}

function writeLogin({ target, secrets }: ObserveContext): CheckLogin {
  return pooled(applicationThrough(target, secrets, target.writeRoute));
}

async function write(context: ObserveContext): Promise<Observed<Beat>> {
  const token = randomUUID();
  return withConnection(context, writeLogin(context), async (client) => {
    const { rows } = await client.query<{ reached: string; written_at: string }>(writeQuery, [token]);
    const [row] = rows;
    if (row === undefined) throw new Error("the write returned no row");
    return { reached: row.reached, token, writtenAt: row.written_at, at: performance.now() };
  });
}

interface Watch {
  readonly written: Promise<Observed<Beat>>;
  readonly ready: { readonly resolve: () => void } | undefined;
}

async function watch(context: ObserveContext, node: CheckNode, { written, ready }: Watch): Promise<Visibility> {
  const login = applicationAt(context.target, context.secrets, node);
  const result = await withConnection(context, login, async (client) => {
    ready?.resolve();
    const beat = await written;
    return beat.ok ? await waitFor(context, client, beat.value) : notVisible(0);
  });
  return result.ok ? result.value : failed(result.failure);
}

async function waitFor(context: ObserveContext, client: Client, beat: Beat): Promise<Visibility> {
  for (;;) {
    const { rows } = await client.query<{ visible: boolean }>(readQuery, [beat.reached, beat.token, beat.writtenAt]);
    const ms = performance.now() - beat.at;
    if (rows[0]?.visible === true) return seen({ visible: true, ms });
    if (context.signal.aborted || remainingMs(context) <= reserveMs) return notVisible(ms);
    await sleep(pollMs);
  }
}

function notVisible(ms: number): Visibility {
  return seen({ visible: false, ms });
}
