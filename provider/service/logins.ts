import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { containerState } from "../../src/engine/container.ts";
import { signalInside } from "../../src/engine/signal-inside.ts";
import { runSql, SqlError } from "../../src/engine/psql.ts";
import { readVolumeFile, writeVolumeFiles } from "../../src/engine/volume-files.ts";
import { UserError } from "../../src/errors.ts";
import { acceptsPassword } from "../../src/pgbouncer/accepts.ts";
import { PoolerConsole } from "../../src/pgbouncer/console.ts";
import { changedUsers, sharedUsers, withVerifiers } from "../../src/pgbouncer/userlist.ts";
import { otherVerifiersSql, parseOtherVerifiers, setVerifiersSql } from "../../src/postgres/passwords.ts";
import { withSession } from "../../src/postgres/session.ts";
import type { Context } from "../kind.ts";
import type { Pooler } from "./access.ts";
import { whileHeld } from "./hold.ts";
import { awaitReplay } from "./replay.ts";
import { isServing } from "./serving.ts";

export interface Logins {
  /** The leader's container. */
  readonly leader: string;
  /** The replicas' containers. */
  readonly replicas: readonly string[];
  readonly pooler: Pooler;
  /** Verifier of each role of the server. */
  readonly verifiers: Readonly<Record<string, string>>;
  /** The pooler's `userlist.txt`. */
  readonly userlist: string;
  /** Users that come through routes. */
  readonly users: Readonly<Record<string, { readonly password: string; readonly routes: readonly string[] }>>;
}

const file = "userlist.txt";
const admin = "pgbouncer";
const leaderTimeoutMs = 10_000;
const poolerTimeoutMs = 10_000;
/** Shorter than the deadline of a pause. */
const replayTimeoutMs = 15_000;

/**
 * Gives existing roles of a running cluster their passwords, on the servers and in the pooler at one moment as far as clients
 * can tell. Roles that do not exist yet are left to who creates them.
 *
 * @returns who has another password than before
 */
export async function switchLogins(context: Context, engine: Engine, logins: Logins): Promise<readonly string[]> {
  const before = await otherVerifiers(context, engine, logins);
  if (before === undefined) return [];
  const { pooler } = logins;
  const running = await readVolumeFile(engine, pooler.configVolume, pooler.image, file);
  const changed = running === undefined ? [] : changedUsers(running, logins.userlist);
  const names = [...new Set([...before.keys(), ...changed])].toSorted();
  if (names.length === 0) return [];
  if (running === undefined || (await containerState(engine, pooler.container))?.running !== true) {
    // Without a pooler there is one place where a password is, and the file is written before it starts.
    await setVerifiers(engine, logins.leader, wantedOf(before, logins));
    return names;
  }
  const list = changed.includes(admin) ? await switchAdmin(context, engine, logins, running) : running;
  await requireAnswer(engine, pooler);
  const shared = sharedUsers(running, logins.userlist);
  await switchUsers(context, engine, logins, { before, list, names: names.filter((name) => name !== admin && shared.includes(name)) });
  return names;
}

interface Switch {
  /** Verifiers that the leader has now, where they are not the wanted ones. */
  readonly before: ReadonlyMap<string, string>;
  /** The pooler's file as it is now. */
  readonly list: string;
  /** Users of the pooler that get another password. */
  readonly names: readonly string[];
}

/**
 * First the pooler's file: until the servers follow, it comes to them with the keys of the last login, which they still know.
 * Then the servers; then a login with the new password gives the pooler the new keys. What waits meanwhile goes on with those.
 */
async function switchUsers(context: Context, engine: Engine, logins: Logins, { before, list, names }: Switch): Promise<void> {
  const { leader, replicas, pooler } = logins;
  const running = (await PoolerConsole.with(pooler, (console) => console.routes())).map(({ name }) => name);
  const users = names.flatMap((name) => {
    const { password, routes = [] } = logins.users[name] ?? {};
    const usable = routes.filter((route) => running.includes(route));
    return password === undefined || usable.length === 0 ? [] : [{ name, password, routes: usable }];
  });
  const routes = [...new Set(users.flatMap((user) => user.routes))];
  if (routes.length > 0) await requireReplay(context, engine, logins);
  if (routes.length > 0) context.status(`clients of ${routes.join(", ")} wait`);
  const late = await whileHeld(context, engine, pooler, routes, async () => {
    const lsn = await withUndo(engine, logins, { before, list, names }, async () => {
      await writeUserlist(engine, pooler, withVerifiers(list, logins.userlist, names));
      const at = await setVerifiers(engine, leader, wantedOf(before, logins));
      for (const user of users) await requireAccepted(context, logins, user);
      return at;
    });
    // Reads would be refused by a replica that knows the old passwords.
    return lsn === undefined || routes.length === 0 ? [] : awaitReplay(context, engine, replicas, lsn, replayTimeoutMs);
  });
  if (late.length > 0) throw notReplayed(late, "reads that come to it with a new password are refused until it has replayed them");
  for (const user of users) await requireService(context, pooler, user);
}

/** Puts everything back when a step fails before the pooler knows the new keys: clients go on with the old password then. */
async function withUndo<T>(
  engine: Engine,
  { leader, pooler }: Logins,
  { before, list, names }: Switch,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await Promise.allSettled([setVerifiers(engine, leader, before), names.length === 0 ? undefined : writeUserlist(engine, pooler, list)]);
    throw error;
  }
}

/** The console's password first, and alone: what follows needs the console, and may not know the one before. */
async function switchAdmin(context: Context, engine: Engine, { pooler, userlist }: Logins, running: string): Promise<string> {
  const list = withVerifiers(running, userlist, [admin]);
  await writeUserlist(engine, pooler, list);
  const taken = await poll(async () => ((await isServing(engine, pooler)) ? true : undefined), {
    everyMs: 50,
    timeoutMs: poolerTimeoutMs,
    signal: context.signal,
  });
  if (taken === undefined) throw unreadable(pooler);
  return list;
}

async function requireAnswer(engine: Engine, pooler: Pooler): Promise<void> {
  if (await isServing(engine, pooler)) return;
  throw new UserError([
    {
      where: pooler.container,
      problem: "its console does not answer, so no password was changed",
      fix: `see its log: docker logs ${pooler.container}. Then deploy again`,
    },
  ]);
}

/** Verifiers on the leader that are not the wanted ones; undefined when there is no leader to ask. */
async function otherVerifiers(
  context: Context,
  engine: Engine,
  { leader, verifiers }: Logins,
): Promise<ReadonlyMap<string, string> | undefined> {
  const answer = await poll(
    async () => {
      if ((await containerState(engine, leader))?.running !== true) return "";
      try {
        return await runSql(engine, leader, otherVerifiersSql(verifiers), "postgres", context.signal);
      } catch (error) {
        if (error instanceof SqlError) return undefined;
        throw error;
      }
    },
    { everyMs: 200, timeoutMs: leaderTimeoutMs, signal: context.signal },
  );
  // Its gate says what is wrong with it, and `Roles` sets the passwords then.
  if (answer === undefined || answer === "") return undefined;
  const { inRecovery, verifiers: found } = parseOtherVerifiers(answer);
  return inRecovery ? undefined : found;
}

/** @returns where a replica must be to know them; undefined when there was nothing to set */
async function setVerifiers(engine: Engine, leader: string, verifiers: ReadonlyMap<string, string>): Promise<string | undefined> {
  return verifiers.size === 0 ? undefined : runSql(engine, leader, setVerifiersSql(verifiers));
}

function wantedOf(before: ReadonlyMap<string, string>, { verifiers }: Logins): ReadonlyMap<string, string> {
  return new Map([...before.keys()].map((role) => [role, verifiers[role] ?? ""]));
}

/** PgBouncer reads the file at a signal alone, and then only when it looks different. */
async function writeUserlist(engine: Engine, { configVolume, image, container }: Pooler, content: string): Promise<void> {
  await writeVolumeFiles(engine, configVolume, image, [{ path: file, content, mode: 0o600 }]);
  await signalInside(engine, container, "HUP");
}

interface User {
  readonly name: string;
  readonly password: string;
  readonly routes: readonly string[];
}

async function requireAccepted(context: Context, { pooler, verifiers }: Logins, { name, password, routes }: User): Promise<void> {
  const login = { ...pooler.address, user: name, password, database: routes[0] ?? "" };
  const accepted = await poll(async () => ((await acceptsPassword(login, verifiers[name] ?? "")) ? true : undefined), {
    everyMs: 50,
    timeoutMs: poolerTimeoutMs,
    signal: context.signal,
  });
  if (accepted === undefined) throw unreadable(pooler);
}

/** A statement through each route: from the client to the server with the new password. */
async function requireService(context: Context, pooler: Pooler, { name, password, routes }: User): Promise<void> {
  for (const route of routes) {
    let reason = "";
    const served = await poll(
      async () => {
        try {
          return await withSession({ ...pooler.address, user: name, password, database: route }, async (client) => {
            await client.query("select 1");
            return true;
          });
        } catch (error) {
          reason = (error as Error).message;
          return undefined;
        }
      },
      { everyMs: 200, timeoutMs: poolerTimeoutMs, signal: context.signal },
    );
    if (served === undefined)
      throw new UserError([
        {
          where: `${pooler.container}, route ${route}`,
          problem: `the new password of ${name} is set, but a login with it does not get to a server: ${reason}`,
          fix: "see what the check says (./pgstack check), then deploy again",
        },
      ]);
  }
}

/** Before anything is held: a replica that does not replay would hold readers up. */
async function requireReplay(context: Context, engine: Engine, { leader, replicas, pooler }: Logins): Promise<void> {
  const lsn = await runSql(engine, leader, "select pg_current_wal_flush_lsn();", "postgres", context.signal);
  const late = await awaitReplay(context, engine, replicas, lsn, pooler.drainTimeoutS * 1000);
  if (late.length > 0) throw notReplayed(late, "no password was changed: reads would be refused there");
}

function notReplayed(late: readonly string[], consequence: string): UserError {
  return new UserError(
    late.map((container) => ({
      where: container,
      problem: `it does not replay what the leader writes; ${consequence}`,
      fix: "end what holds it up (a paused replay, a long read that conflicts), then deploy again",
    })),
  );
}

function unreadable({ container }: Pooler): UserError {
  return new UserError([
    {
      where: container,
      problem: `it did not take its new userlist.txt within ${poolerTimeoutMs / 1000} s`,
      fix: `see its log: docker logs ${container}. Then deploy again`,
    },
  ]);
}
