import type pg from "pg";

import type { NodeRole } from "../plan/types.ts";
import type { Login } from "./session.ts";
import { withSession } from "./session.ts";

/** How far a node is on its way to its declared role; `undefined` as reason means it has arrived. */
export type Readiness =
  | { readonly state: "ready" }
  | { readonly state: "waiting"; readonly reason: string }
  /** It will never arrive by itself. */
  | { readonly state: "wrong"; readonly reason: string };

const ready: Readiness = { state: "ready" };
const waiting = (reason: string): Readiness => ({ state: "waiting", reason });
const wrong = (reason: string): Readiness => ({ state: "wrong", reason });

const limits = { connectTimeoutMs: 1000, statementTimeoutMs: 2000 };

export interface NodeLogins {
  readonly node: Login;
  readonly leader: Login;
}

/**
 * Asks a node over TCP whether it plays its declared role; a replica must stream from this leader and have replayed what
 * the leader had written when it was asked.
 *
 * @param whenNoRoles - asks a fresh leader whose roles do not exist yet (it refuses the login, which proves that it is up)
 */
export async function nodeReadiness(
  role: NodeRole,
  logins: NodeLogins,
  whenNoRoles: () => Promise<{ inRecovery: boolean }>,
): Promise<Readiness> {
  try {
    return await withSession(
      logins.node,
      (client) => (role === "leader" ? leaderReadiness(client) : replicaReadiness(client, logins.leader)),
      limits,
    );
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    if (message.startsWith("pg_hba.conf rejects connection")) return wrong(`${message}: list this machine's network in clientNetworks`);
    if (role === "leader" && isRefusedLogin(code)) {
      const { inRecovery } = await whenNoRoles();
      return inRecovery ? wrong("it is in recovery: its data is a replica's") : ready;
    }
    return waiting(code === "28P01" ? "it does not accept the monitoring role's password yet" : message);
  }
}

/** invalid_password or invalid_authorization_specification: the server is up and knows no such role. */
function isRefusedLogin(code: string | undefined): boolean {
  return code === "28P01" || code === "28000";
}

async function leaderReadiness(client: pg.Client): Promise<Readiness> {
  const { rows } = await client.query<{ recovering: boolean }>("select pg_is_in_recovery() as recovering");
  return rows[0]?.recovering === false ? ready : wrong("it is in recovery: its data is a replica's");
}

interface ReplicaRow {
  readonly recovering: boolean;
  readonly system: string;
  readonly receiver: string | null;
  readonly replayed: string | null;
}

async function replicaReadiness(client: pg.Client, leader: Login): Promise<Readiness> {
  const flushed = await withSession(
    leader,
    async (on) =>
      (
        await on.query<{ lsn: string; system: string }>(
          "select pg_current_wal_flush_lsn()::text as lsn, system_identifier::text as system from pg_control_system()",
        )
      ).rows[0],
    limits,
  );
  const { rows } = await client.query<ReplicaRow & { behind: string | null }>(
    `select pg_is_in_recovery() as recovering,
            (select system_identifier::text from pg_control_system()) as system,
            (select status from pg_stat_wal_receiver) as receiver,
            pg_last_wal_replay_lsn()::text as replayed,
            pg_wal_lsn_diff($1::pg_lsn, pg_last_wal_replay_lsn())::text as behind`,
    [flushed?.lsn],
  );
  const row = rows[0];
  if (row === undefined || flushed === undefined) return waiting("no answer");
  if (!row.recovering) return wrong("it accepts writes: its data is a leader's");
  if (row.system !== flushed.system)
    return wrong(`it holds the data of another cluster (system identifier ${row.system}, the leader has ${flushed.system})`);
  if (row.receiver !== "streaming") return waiting(`its WAL receiver is ${row.receiver ?? "not running"}`);
  return Number(row.behind) <= 0 ? ready : waiting(`${row.behind} bytes behind the leader`);
}
