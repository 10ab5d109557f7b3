import type { Engine } from "../../src/engine/connect.ts";
import { signalInside } from "../../src/engine/signal-inside.ts";
import { readVolumeFile, writeVolumeFiles } from "../../src/engine/volume-files.ts";
import { acceptsPassword } from "../../src/pgbouncer/accepts.ts";
import { withSession } from "../../src/postgres/session.ts";
import type { Context } from "../kind.ts";
import { whileHeld } from "../traffic/hold.ts";
import { allServe, routesOn, runningProcesses } from "../traffic/serving.ts";
import { serversOn, trafficOn } from "../traffic/world.ts";
import type { Servers } from "../traffic/world.ts";
import type { PoolerAccess, PoolerProcess } from "../../resources/parts.ts";
import { awaitReplay } from "./replay.ts";

/** A login through a route of the pooler. */
export interface RouteLogin {
  readonly user: string;
  readonly password: string;
  readonly route: string;
}

/** What a change of passwords asks of a cluster and does to it. Tests have one of their own. */
export interface LoginsWorld extends Servers {
  /** The pooler's `userlist.txt`; undefined when it has none. */
  readonly readUserlist: () => Promise<string | undefined>;
  /** Writes it and has every process read it. */
  readonly writeUserlist: (content: string) => Promise<void>;
  /** Whether any process of the pooler runs. */
  readonly runs: () => Promise<boolean>;
  /** Whether the pooler runs and all of it answers. */
  readonly isServing: () => Promise<boolean>;
  readonly routes: () => Promise<readonly string[]>;
  /** Whether every process lets this login in by this verifier; what they come to servers with is new from then on. */
  readonly accepts: (login: RouteLogin, verifier: string) => Promise<boolean>;
  /** Runs a statement through a route of every process. @throws what the driver throws */
  readonly query: (login: RouteLogin) => Promise<void>;
  /** Runs work while the pooler opens no connection to a server for these routes. */
  readonly whileHeld: <T>(routes: readonly string[], work: () => Promise<T>) => Promise<T>;
  /** The replicas that have not replayed up to `lsn` when the time, in milliseconds, is over. */
  readonly awaitReplay: (replicas: readonly string[], lsn: string, timeoutMs: number) => Promise<readonly string[]>;
}

const file = "userlist.txt";

/** The cluster on an engine. */
export function loginsWorld(context: Context, engine: Engine, pooler: PoolerAccess): LoginsWorld {
  const { configVolume, image } = pooler;
  const running = (): Promise<readonly PoolerProcess[]> => runningProcesses(engine, pooler);
  return {
    ...serversOn(engine),
    readUserlist: () => readVolumeFile(engine, configVolume, image, file),
    writeUserlist: async (content) => {
      await writeVolumeFiles(engine, configVolume, image, [{ path: file, content, mode: 0o600 }]);
      // PgBouncer reads the file at a signal alone, and then only when it looks different.
      await Promise.all((await running()).map(({ container }) => signalInside(engine, container, "HUP")));
    },
    isServing: () => allServe(engine, pooler),
    runs: async () => (await running()).length > 0,
    routes: async () => (await routesOn(engine, pooler))[0]?.routes.map(({ name }) => name) ?? [],
    accepts: async ({ user, password, route }, verifier) => {
      const logins = (await running()).map(({ address }) => ({ ...address, user, password, database: route }));
      return (await Promise.all(logins.map((login) => acceptsPassword(login, verifier)))).every(Boolean);
    },
    query: async ({ user, password, route }) => {
      const logins = (await running()).map(({ address }) => ({ ...address, user, password, database: route }));
      await Promise.all(logins.map((login) => withSession(login, async (client) => void (await client.query("select 1")))));
    },
    whileHeld: (routes, work) => whileHeld(trafficOn(context, engine, pooler), routes, work),
    awaitReplay: (replicas, lsn, timeoutMs) => awaitReplay(context, engine, replicas, lsn, timeoutMs),
  };
}
