import type pg from "pg";

import type { NodeRole } from "../node-role.ts";
import type { Login } from "./endpoint.ts";
import { withSession } from "./session.ts";
import { walDistance } from "./wal.ts";

/** How far a node is on its way to serving. */
export type Readiness =
  /** Either it takes writes and no other node does, or it follows the one that does. */
  | { readonly state: "ready"; readonly role: NodeRole }
  | { readonly state: "waiting"; readonly reason: string }
  /** It will never arrive by itself. */
  | { readonly state: "wrong"; readonly reason: string };

const waiting = (reason: string): Readiness => ({ state: "waiting", reason });
const wrong = (reason: string): Readiness => ({ state: "wrong", reason });

const limits = { connectTimeoutMs: 1000, statementTimeoutMs: 2000 };

/** The other node that takes writes, and how to log in to it; or, while none does, why. */
export type OtherLeader =
  | { readonly name: string; readonly login: Login }
  | {
      readonly name: undefined;
      /** The states of the other nodes, for people. */
      readonly seen: string;
    };

/** What a node waits for while no node takes writes. */
export const noLeader = "it is a replica, and no node takes writes";

/**
 * Asks a node over TCP whether it serves in the role that its data gives it: it takes writes, and no other node does; or it
 * streams from the node that does, and has replayed what that one had written when it was asked.
 *
 * @param otherLeader - who else takes writes
 * @param follow - has a replica follow this leader; false when there was nothing to change
 * @param whenNoRoles - asks a fresh leader whose roles do not exist yet (it refuses the login, which proves that it is up)
 */
export async function nodeReadiness(
  node: Login,
  otherLeader: () => Promise<OtherLeader>,
  whenNoRoles: () => Promise<{ inRecovery: boolean }>,
  follow: (leader: string) => Promise<boolean>,
): Promise<Readiness> {
  try {
    return await withSession(
      node,
      async (client) => {
        const { rows } = await client.query<{ recovering: boolean }>("select pg_is_in_recovery() as recovering");
        const other = await otherLeader();
        if (rows[0]?.recovering === false) return aloneOrForked(other);
        if (other.name === undefined) return waiting(`${noLeader} (${other.seen})`);
        const readiness = await replicaReadiness(client, other.login);
        if (readiness.state === "waiting" && (await follow(other.name))) return waiting(`it follows ${other.name} from now on`);
        return readiness;
      },
      limits,
    );
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    if (message.startsWith("pg_hba.conf rejects connection")) return wrong(`${message}: list this machine's network in clientNetworks`);
    if (isRefusedLogin(code) && !(await whenNoRoles()).inRecovery) return aloneOrForked(await otherLeader());
    return waiting(code === "28P01" ? "it does not accept the monitoring role's password yet" : message);
  }
}

function aloneOrForked({ name }: OtherLeader): Readiness {
  return name === undefined ? { state: "ready", role: "leader" } : wrong(`it accepts writes, and so does ${name}`);
}

/** invalid_password or invalid_authorization_specification: the server is up and knows no such role. */
function isRefusedLogin(code: string | undefined): boolean {
  return code === "28P01" || code === "28000";
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
 * @param askAgain - the leader now. It keeps writing: a replica may well be past where it was, never past where it is now
 */
export async function judgeReplica(
  replica: ReplicaWal,
  before: LeaderWal,
  askAgain: () => Promise<LeaderWal | undefined>,
): Promise<Readiness> {
  if (!replica.recovering) return waiting("it has just been promoted");
  if (replica.system !== before.system)
    return wrong(`it holds the data of another cluster (system identifier ${replica.system}, the leader has ${before.system})`);
  const { replayed } = replica;
  const behind = replayed === null ? undefined : walDistance(before.flushed, replayed);
  // Before its receiver is judged: one that asks for WAL beyond the leader's is refused until the leader has written over it.
  const ahead = replayed !== null && behind !== undefined && behind < 0 ? await bytesAhead(replayed, askAgain) : 0;
  if (ahead > 0)
    return wrong(
      `it holds ${ahead} bytes of WAL that the leader does not have: the leader's data is older than what it sent, for example because a volume was restored from a copy`,
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
  return behind <= 0 ? { state: "ready", role: "replica" } : waiting(`${behind} bytes behind the leader`);
}
