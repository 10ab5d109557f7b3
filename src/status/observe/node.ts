import type { Client } from "pg";

import type { Observed } from "../../check/observation.ts";
import { withConnection } from "../../check/observe/connection.ts";
import type { ObserveContext } from "../../check/observe/context.ts";
import { monitoringAt } from "../../target/logins.ts";
import { followsSql } from "../../topology/view.ts";
import type { CheckNode } from "../../target/target.ts";
import type { SeenNode, SeenSender, SeenSending, SeenSlot } from "../observation.ts";
import { observeOwn } from "./own.ts";

interface NodeRow {
  readonly clusterName: string;
  readonly inRecovery: boolean;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly timeline: number | null;
  readonly receiver: string | null;
  readonly replayPaused: boolean | null;
  readonly connectionsUsed: number;
  readonly connectionsMax: number;
  readonly pendingRestarts: number;
  readonly walBytes: number | null;
  readonly leadsSince: string | null;
  readonly position: string | null;
  readonly follows: string | null;
}

/** CASE, because these functions raise an error in the other role. `reserved_connections` exists from 16 on. */
const nodeQuery = `
select current_setting('cluster_name') as "clusterName",
       pg_is_in_recovery() as "inRecovery",
       current_setting('server_version') as version,
       extract(epoch from clock_timestamp() - pg_postmaster_start_time())::float8 as "uptimeSeconds",
       case when pg_is_in_recovery() then r.received_tli
            else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end as timeline,
       r.status as receiver,
       case when pg_is_in_recovery() then pg_is_wal_replay_paused() end as "replayPaused",
       (select count(*) from pg_stat_activity where backend_type = 'client backend')::int as "connectionsUsed",
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
         - coalesce(current_setting('reserved_connections', true)::int, 0) as "connectionsMax",
       (select count(*) from pg_settings where pending_restart)::int as "pendingRestarts",
       (select sum(size) from pg_ls_waldir())::float8 as "walBytes",
       case when not pg_is_in_recovery()
            then (select to_char(max(modification) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') from pg_ls_waldir()
                   where name = substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '.history') end as "leadsSince",
       case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end::text as position,
       ${followsSql} as follows
  from (select) as one left join pg_stat_wal_receiver r on true`;

/** The end of the node's WAL; one that is in recovery has received it. */
const walEnd = "case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end";

// Temporary slots belong to a running base backup and leave with it.
const slotQuery = `
select slot_name::text as name, active, wal_status as "walStatus",
       pg_wal_lsn_diff(${walEnd}, restart_lsn)::float8 as "behindBytes"
  from pg_replication_slots where slot_type = 'physical' and not temporary order by slot_name`;

const senderQuery = `
select application_name as "applicationName", coalesce(state, 'unknown') as state,
       pg_wal_lsn_diff(${walEnd}, replay_lsn)::float8 as "behindBytes"
  from pg_stat_replication order by pid`;

const capQuery = `
select case when setting::int >= 0 then setting::float8 * 1024 * 1024 end as cap
  from pg_settings where name = 'max_slot_wal_keep_size'`;

/** Asks a node about itself and those that it sends WAL to, as `monitoring` and not through the pooler. */
export async function observeNode(context: ObserveContext, node: CheckNode): Promise<Observed<SeenNode>> {
  return withConnection(context, monitoringAt(context.target, context.secrets, node), async (client) => {
    const { rows } = await client.query<NodeRow>(nodeQuery);
    const [row] = rows;
    if (row === undefined) throw new Error("the node gave no answer about itself");
    return {
      ...row,
      // Debian adds its package version: `17.6 (Debian 17.6-0+deb13u1)`.
      version: row.version.split(" ")[0] ?? row.version,
      replayPaused: row.replayPaused ?? false,
      ...(await observeOwn(client)),
      sending: await sendingOf(client),
    };
  });
}

async function sendingOf(client: Client): Promise<SeenSending> {
  const slots = await client.query<SeenSlot>(slotQuery);
  const senders = await client.query<SeenSender>(senderQuery);
  const cap = await client.query<{ cap: number | null }>(capQuery);
  return { slots: slots.rows, senders: senders.rows, slotCapBytes: cap.rows[0]?.cap ?? null };
}
