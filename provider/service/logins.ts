import { poll } from "../../src/deadline.ts";
import { SqlError } from "../../src/engine/psql.ts";
import { UserError } from "../../src/errors.ts";
import { changedUsers, sharedUsers, withVerifiers } from "../../src/pgbouncer/userlist.ts";
import { otherVerifiersSql, parseOtherVerifiers, setVerifiersSql } from "../../src/postgres/passwords.ts";
import type { Context } from "../kind.ts";
import type { LoginsWorld } from "./logins-world.ts";

export interface Logins {
  /** The leader's container. */
  readonly leader: string;
  /** The replicas' containers. */
  readonly replicas: readonly string[];
  readonly pooler: {
    /** The container that publishes its port. */
    readonly listener: string;
    /** How long transactions may take to end, in seconds. */
    readonly drainTimeoutS: number;
  };
  /** Verifier of each role of the server. */
  readonly verifiers: Readonly<Record<string, string>>;
  /** The pooler's `userlist.txt`. */
  readonly userlist: string;
  /** Users that connect through routes. */
  readonly users: Readonly<Record<string, { readonly password: string; readonly routes: readonly string[] }>>;
}

const admin = "pgbouncer";

/** How long to wait for what, in milliseconds. */
export interface LoginsLimits {
  readonly leaderMs: number;
  readonly poolerMs: number;
  /** Shorter than the deadline of a pause. */
  readonly replayMs: number;
}

const usual: LoginsLimits = { leaderMs: 10_000, poolerMs: 10_000, replayMs: 15_000 };

/** One change of passwords. */
interface Work {
  readonly context: Context;
  readonly world: LoginsWorld;
  readonly logins: Logins;
  readonly limits: LoginsLimits;
}

/**
 * Sets the passwords of existing roles of a running cluster, on the servers and in the pooler; for clients the change is atomic.
 * Roles that do not exist yet get theirs when they are created.
 *
 * @returns roles whose password has changed
 */
export async function switchLogins(context: Context, world: LoginsWorld, logins: Logins, limits = usual): Promise<readonly string[]> {
  const work = { context, world, logins, limits };
  const before = await otherVerifiers(work);
  if (before === undefined) return [];
  const running = await world.readUserlist();
  const changed = running === undefined ? [] : changedUsers(running, logins.userlist);
  const names = [...new Set([...before.keys(), ...changed])].toSorted();
  if (names.length === 0) return [];
  if (running === undefined || !(await world.runs())) {
    // Without a pooler there is one place where a password is, and the file is written before it starts.
    await setVerifiers(work, wantedOf(before, logins));
    return names;
  }
  const list = changed.includes(admin) ? await switchAdmin(work, running) : running;
  await requireAnswer(work);
  const shared = sharedUsers(running, logins.userlist);
  await switchUsers(work, { before, list, names: names.filter((name) => name !== admin && shared.includes(name)) });
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
 * First the pooler's file: until the servers change, the pooler logs in to them with the keys of the last login, which are still
 * valid. Then the servers; then a login with the new password gives the pooler the new keys, which waiting statements use.
 */
async function switchUsers(work: Work, { before, list, names }: Switch): Promise<void> {
  const { context, world, logins, limits } = work;
  const running = await world.routes();
  const users = names.flatMap((name) => {
    const { password, routes = [] } = logins.users[name] ?? {};
    const usable = routes.filter((route) => running.includes(route));
    return password === undefined || usable.length === 0 ? [] : [{ name, password, routes: usable }];
  });
  const routes = [...new Set(users.flatMap((user) => user.routes))];
  if (routes.length > 0) await requireReplay(work);
  if (routes.length > 0) context.status(`clients of ${routes.join(", ")} wait`);
  const late = await world.whileHeld(routes, async () => {
    const lsn = await withUndo(work, { before, list, names }, async () => {
      await world.writeUserlist(withVerifiers(list, logins.userlist, names));
      const at = await setVerifiers(work, wantedOf(before, logins));
      for (const user of users) await requireAccepted(work, user);
      return at;
    });
    // Reads would be refused by a replica that knows the old passwords.
    return lsn === undefined || routes.length === 0 ? [] : world.awaitReplay(logins.replicas, lsn, limits.replayMs);
  });
  if (late.length > 0) throw notReplayed(late, "reads that come to it with a new password are refused until it has replayed them");
  for (const user of users) await requireService(work, user);
}

/** Puts everything back when a step fails before the pooler knows the new keys: clients go on with the old password then. */
async function withUndo<T>(work: Work, { before, list, names }: Switch, steps: () => Promise<T>): Promise<T> {
  try {
    return await steps();
  } catch (error) {
    await Promise.allSettled([setVerifiers(work, before), names.length === 0 ? undefined : work.world.writeUserlist(list)]);
    throw error;
  }
}

/** The console's password first, and alone: what follows needs the console, and may not know the one before. */
async function switchAdmin(work: Work, running: string): Promise<string> {
  const { context, world, logins, limits } = work;
  const list = withVerifiers(running, logins.userlist, [admin]);
  await world.writeUserlist(list);
  const taken = await poll(async () => ((await world.isServing()) ? true : undefined), {
    everyMs: 50,
    timeoutMs: limits.poolerMs,
    signal: context.signal,
  });
  if (taken === undefined) throw unreadable(work);
  return list;
}

async function requireAnswer({ world, logins: { pooler } }: Work): Promise<void> {
  if (await world.isServing()) return;
  throw new UserError([
    {
      where: pooler.listener,
      problem: "not all of its processes answer on their consoles, so no password was changed",
      fix: "see the logs of its processes: ./pgstack logs. Then deploy again",
    },
  ]);
}

/** Verifiers on the leader that are not the wanted ones; undefined when there is no leader to ask. */
async function otherVerifiers({ context, world, logins, limits }: Work): Promise<ReadonlyMap<string, string> | undefined> {
  const { leader, verifiers } = logins;
  const answer = await poll(
    async () => {
      if (!(await world.isRunning(leader))) return "";
      try {
        return await world.sql(leader, otherVerifiersSql(verifiers), context.signal);
      } catch (error) {
        if (error instanceof SqlError) return undefined;
        throw error;
      }
    },
    { everyMs: 200, timeoutMs: limits.leaderMs, signal: context.signal },
  );
  // Its gate reports what is wrong with it, and `Roles` sets the passwords later.
  if (answer === undefined || answer === "") return undefined;
  const { inRecovery, verifiers: found } = parseOtherVerifiers(answer);
  return inRecovery ? undefined : found;
}

/** @returns where a replica must be to know them; undefined when there was nothing to set */
async function setVerifiers({ world, logins }: Work, verifiers: ReadonlyMap<string, string>): Promise<string | undefined> {
  return verifiers.size === 0 ? undefined : world.sql(logins.leader, setVerifiersSql(verifiers));
}

function wantedOf(before: ReadonlyMap<string, string>, { verifiers }: Logins): ReadonlyMap<string, string> {
  return new Map([...before.keys()].map((role) => [role, verifiers[role] ?? ""]));
}

interface User {
  readonly name: string;
  readonly password: string;
  readonly routes: readonly string[];
}

async function requireAccepted(work: Work, { name, password, routes }: User): Promise<void> {
  const { context, world, logins, limits } = work;
  const login = { user: name, password, route: routes[0] ?? "" };
  const accepted = await poll(async () => ((await world.accepts(login, logins.verifiers[name] ?? "")) ? true : undefined), {
    everyMs: 50,
    timeoutMs: limits.poolerMs,
    signal: context.signal,
  });
  if (accepted === undefined) throw unreadable(work);
}

/** A statement through each route: from the client to the server with the new password. */
async function requireService({ context, world, logins: { pooler }, limits }: Work, { name, password, routes }: User): Promise<void> {
  for (const route of routes) {
    let reason = "";
    const served = await poll(
      async () => {
        try {
          await world.query({ user: name, password, route });
          return true;
        } catch (error) {
          reason = (error as Error).message;
          return undefined;
        }
      },
      { everyMs: 200, timeoutMs: limits.poolerMs, signal: context.signal },
    );
    if (served === undefined)
      throw new UserError([
        {
          where: `${pooler.listener}, route ${route}`,
          problem: `the new password of ${name} is set, but a login with it does not get to a server: ${reason}`,
          fix: "see what the check says (./pgstack check), then deploy again",
        },
      ]);
  }
}

/** Before anything is held: a replica that does not replay would hold readers up. */
async function requireReplay({ context, world, logins: { leader, replicas, pooler } }: Work): Promise<void> {
  const lsn = await world.sql(leader, "select pg_current_wal_flush_lsn();", context.signal);
  const late = await world.awaitReplay(replicas, lsn, pooler.drainTimeoutS * 1000);
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

function unreadable({ logins: { pooler }, limits }: Work): UserError {
  return new UserError([
    {
      where: pooler.listener,
      problem: `the pooler did not take its new userlist.txt within ${limits.poolerMs / 1000} s`,
      fix: "see the logs of its processes: ./pgstack logs. Then deploy again",
    },
  ]);
}
