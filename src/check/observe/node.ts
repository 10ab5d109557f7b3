import type { Client } from "pg";

import { walDistance } from "../../postgres/wal.ts";
import { valueOf } from "../observation.ts";
import type { DamageFacts, NodeFacts, Observed, SenderFacts, SendingFacts, SlotFacts } from "../observation.ts";
import { followsSql } from "../../topology/view.ts";
import type { CheckNode } from "../../target/target.ts";
import { monitoringAt } from "../../target/logins.ts";
import { leadSeen } from "../lead.ts";
import { withConnection } from "./connection.ts";
import type { ObserveContext } from "./context.ts";
import { observeDamage } from "./damage.ts";

interface NodeRow {
  readonly cluster_name: string;
  readonly in_recovery: boolean;
  readonly system_identifier: string;
  readonly written_timeline: number | null;
  readonly leads_since: string | null;
  readonly version: string;
  readonly version_num: number;
  readonly lsn: string | null;
  readonly receiver_status: string | null;
  readonly received_tli: number | null;
  readonly replay_pause: string | null;
  readonly follows: string | null;
  readonly pending_restart: readonly string[];
  readonly overridden: readonly string[];
}

/**
 * The timeline of a primary is that of the WAL it writes, not of its last checkpoint, which is older after a
 * promotion. Its history file is written at the promotion. CASE, because these functions raise an error in the other role.
 */
const nodeQuery = `
select current_setting('cluster_name') as cluster_name,
       pg_is_in_recovery() as in_recovery,
       (select system_identifier::text from pg_control_system()) as system_identifier,
       case when not pg_is_in_recovery()
            then ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end as written_timeline,
       case when not pg_is_in_recovery()
            then (select to_char(max(modification) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') from pg_ls_waldir()
                   where name = substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '.history') end as leads_since,
       current_setting('server_version') as version,
       current_setting('server_version_num')::int as version_num,
       case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end::text as lsn,
       r.status as receiver_status,
       r.received_tli,
       case when pg_is_in_recovery() then pg_get_wal_replay_pause_state() end as replay_pause,
       ${followsSql} as follows,
       array(select name::text from pg_settings where pending_restart order by name) as pending_restart,
       array(select name::text from pg_settings where sourcefile like '%/postgresql.auto.conf' order by name) as overridden
  from (select) as one left join pg_stat_wal_receiver r on true`;

// Temporary slots belong to a running base backup and leave with it.
const slotQuery = `
select slot_name::text as name, slot_type as type, active, wal_status, safe_wal_size::text as safe_wal_size
  from pg_replication_slots where not temporary order by slot_name`;

const senderQuery = `
select application_name, coalesce(state, 'unknown') as state from pg_stat_replication order by pid`;

const positionQuery = `select case when not pg_is_in_recovery() then pg_current_wal_lsn() end::text as lsn`;

const fileErrorsQuery = "select line from pgstack.file_errors()";

/** No such schema or function, or no right to it: a cluster that has not been deployed since there is one. */
const unknownHere = new Set(["3F000", "42883", "42501"]);

/** Asks a node about itself and those that it sends WAL to, as `monitoring` and not through the pooler. */
export async function observeNode(context: ObserveContext, node: CheckNode): Promise<Observed<NodeFacts>> {
  return withConnection(context, monitoringAt(context.target, context.secrets, node), async (client) => {
    const { rows } = await client.query<NodeRow>(nodeQuery);
    const [row] = rows;
    if (row === undefined) throw new Error("the node gave no answer about itself");
    const found = { fileErrors: await fileErrors(client), damage: await observeDamage(client) };
    return nodeFacts(row, found, await sendingFacts(client));
  });
}

async function fileErrors(client: Client): Promise<readonly string[]> {
  try {
    const { rows } = await client.query<{ line: string }>(fileErrorsQuery);
    return rows.map(({ line }) => line);
  } catch (error) {
    if (unknownHere.has((error as { readonly code?: string }).code ?? "")) return [];
    throw error;
  }
}

/**
 * The same with a position of the leader that was read after those of its replicas: theirs are never past it then, unless they
 * hold what it does not have.
 */
export async function withLaterPosition(
  context: ObserveContext,
  nodes: Readonly<Record<string, Observed<NodeFacts>>>,
): Promise<Readonly<Record<string, Observed<NodeFacts>>>> {
  const { leader = "" } = leadSeen(context.target, { nodes });
  const node = context.target.nodes.find(({ name }) => name === leader);
  const seen = valueOf(nodes[leader]);
  const isPast = (lsn: string | undefined): boolean => lsn !== undefined && seen?.lsn !== undefined && walDistance(lsn, seen.lsn) > 0;
  if (node === undefined || seen === undefined || !Object.values(nodes).some((replica) => isPast(valueOf(replica)?.lsn))) return nodes;
  const later = await withConnection(context, monitoringAt(context.target, context.secrets, node), async (client) => {
    const { rows } = await client.query<{ lsn: string }>(positionQuery);
    return rows[0]?.lsn;
  });
  return { ...nodes, [leader]: { ok: true, value: { ...seen, lsn: valueOf(later) } } };
}

function nodeFacts(
  row: NodeRow,
  found: { readonly fileErrors: readonly string[]; readonly damage: DamageFacts },
  sending: SendingFacts,
): NodeFacts {
  const received = row.received_tli ?? undefined;
  return {
    clusterName: row.cluster_name,
    inRecovery: row.in_recovery,
    systemIdentifier: row.system_identifier,
    timeline: row.in_recovery ? received : (row.written_timeline ?? undefined),
    leadsSince: row.leads_since ?? undefined,
    // Debian adds its package version: `17.6 (Debian 17.6-0+deb13u1)`.
    version: row.version.split(" ")[0] ?? row.version,
    major: Math.floor(row.version_num / 10_000),
    lsn: row.lsn ?? undefined,
    receiver: row.receiver_status === null ? undefined : { status: row.receiver_status, timeline: received },
    replayPause: row.replay_pause ?? undefined,
    pendingRestart: row.pending_restart,
    ...found,
    overridden: row.overridden,
    follows: row.follows ?? undefined,
    sending,
  };
}

interface SlotRow {
  readonly name: string;
  readonly type: string;
  readonly active: boolean;
  readonly wal_status: string | null;
  readonly safe_wal_size: string | null;
}

interface SenderRow {
  readonly application_name: string;
  readonly state: string;
}

async function sendingFacts(client: Client): Promise<SendingFacts> {
  const slots = await client.query<SlotRow>(slotQuery);
  const senders = await client.query<SenderRow>(senderQuery);
  return { slots: slots.rows.map(slotFacts), senders: senders.rows.map(senderFacts) };
}

function slotFacts({ name, type, active, wal_status, safe_wal_size }: SlotRow): SlotFacts {
  return {
    name,
    type,
    active,
    walStatus: wal_status ?? undefined,
    safeWalBytes: safe_wal_size === null ? undefined : Number(safe_wal_size),
  };
}

function senderFacts({ application_name, state }: SenderRow): SenderFacts {
  return { applicationName: application_name, state };
}
