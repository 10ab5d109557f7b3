import type pg from "pg";

import type { NodeRole } from "../node-role.ts";
import type { Login } from "./session.ts";
import { withSession } from "./session.ts";
import { walDistance } from "./wal.ts";

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

/** What a leader says of its WAL. */
export interface LeaderWal {
  readonly system: string;
  readonly timeline: number;
  /** Up to where it is on the leader's disk. */
  readonly flushed: string;
}

/** What a replica says of what it has of it. */
export interface ReplicaWal {
  readonly recovering: boolean;
  readonly system: string;
  readonly receiver: string | null;
  /** Timeline of what it receives. */
  readonly timeline: number | null;
  readonly replayed: string | null;
}

async function replicaReadiness(client: pg.Client, leader: Login): Promise<Readiness> {
  const askLeader = (): Promise<LeaderWal | undefined> =>
    withSession(
      leader,
      async (on) =>
        (
          await on.query<LeaderWal>(
            `select pg_current_wal_flush_lsn()::text as flushed,
                    system_identifier::text as system,
                    ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int as timeline
               from pg_control_system()`,
          )
        ).rows[0],
      limits,
    );
  const before = await askLeader();
  const { rows } = await client.query<ReplicaWal>(
    `select pg_is_in_recovery() as recovering,
            (select system_identifier::text from pg_control_system()) as system,
            (select status from pg_stat_wal_receiver) as receiver,
            (select received_tli from pg_stat_wal_receiver) as timeline,
            pg_last_wal_replay_lsn()::text as replayed`,
  );
  const row = rows[0];
  if (row === undefined || before === undefined) return waiting("no answer");
  return judgeReplica(row, before, askLeader);
}

/**
 * @param before - the leader before the replica was asked
 * @param askAgain - the leader now. It goes on writing: a replica may well be past where it was, never past where it is now
 */
export async function judgeReplica(
  replica: ReplicaWal,
  before: LeaderWal,
  askAgain: () => Promise<LeaderWal | undefined>,
): Promise<Readiness> {
  if (!replica.recovering) return wrong("it accepts writes: its data is a leader's");
  if (replica.system !== before.system)
    return wrong(`it holds the data of another cluster (system identifier ${replica.system}, the leader has ${before.system})`);
  const { replayed } = replica;
  const behind = replayed === null ? undefined : walDistance(before.flushed, replayed);
  // Before its receiver is judged: one that asks for WAL beyond the leader's is refused until the leader has written over it.
  const ahead = replayed !== null && behind !== undefined && behind < 0 ? await bytesAhead(replayed, askAgain) : 0;
  if (ahead > 0)
    return wrong(
      `it holds ${ahead} bytes of WAL that the leader lacks: the leader's data is older than what it sent, as after a volume that was put back from a copy`,
    );
  return judgeProgress(replica, before, behind);
}

async function bytesAhead(replayed: string, askLeader: () => Promise<LeaderWal | undefined>): Promise<number> {
  const leader = await askLeader();
  return leader === undefined ? 0 : walDistance(replayed, leader.flushed);
}

function judgeProgress({ receiver, timeline }: ReplicaWal, leader: LeaderWal, behind: number | undefined): Readiness {
  if (receiver !== "streaming") return waiting(`its WAL receiver is ${receiver ?? "not running"}`);
  if (timeline !== null && timeline !== leader.timeline)
    return waiting(`it receives timeline ${timeline}, the leader's is ${leader.timeline}`);
  if (behind === undefined) return waiting("it has replayed nothing yet");
  return behind <= 0 ? ready : waiting(`${behind} bytes behind the leader`);
}
