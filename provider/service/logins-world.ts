import type { Engine } from "../../src/engine/connect.ts";
import { signalInside } from "../../src/engine/signal-inside.ts";
import { readVolumeFile, writeVolumeFiles } from "../../src/engine/volume-files.ts";
import { acceptsPassword } from "../../src/pgbouncer/accepts.ts";
import { withSession } from "../../src/postgres/session.ts";
import type { Context } from "../kind.ts";
import { whileHeld } from "../traffic/hold.ts";
import { isServing } from "../traffic/serving.ts";
import { routesOn, serversOn, trafficOn } from "../traffic/world.ts";
import type { Servers } from "../traffic/world.ts";
import type { Pooler } from "./access.ts";
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
  /** Writes it and has the pooler read it. */
  readonly writeUserlist: (content: string) => Promise<void>;
  /** Whether the pooler runs and its console answers. */
  readonly isServing: () => Promise<boolean>;
  readonly routes: () => Promise<readonly string[]>;
  /** Whether the pooler lets this login in by this verifier; what it comes to servers with is new from then on. */
  readonly accepts: (login: RouteLogin, verifier: string) => Promise<boolean>;
  /** Runs a statement through a route. @throws what the driver throws */
  readonly query: (login: RouteLogin) => Promise<void>;
  /** Runs work while the pooler opens no connection to a server for these routes. */
  readonly whileHeld: <T>(routes: readonly string[], work: () => Promise<T>) => Promise<T>;
  /** The replicas that have not replayed up to `lsn` when the time, in milliseconds, is over. */
  readonly awaitReplay: (replicas: readonly string[], lsn: string, timeoutMs: number) => Promise<readonly string[]>;
}

const file = "userlist.txt";

/** The cluster on an engine. */
export function loginsWorld(context: Context, engine: Engine, pooler: Pooler): LoginsWorld {
  const { container, configVolume, image, address } = pooler;
  return {
    ...serversOn(engine),
    readUserlist: () => readVolumeFile(engine, configVolume, image, file),
    writeUserlist: async (content) => {
      await writeVolumeFiles(engine, configVolume, image, [{ path: file, content, mode: 0o600 }]);
      // PgBouncer reads the file at a signal alone, and then only when it looks different.
      await signalInside(engine, container, "HUP");
    },
    isServing: () => isServing(engine, pooler),
    routes: async () => (await routesOn(pooler)).map(({ name }) => name),
    accepts: ({ user, password, route }, verifier) => acceptsPassword({ ...address, user, password, database: route }, verifier),
    query: ({ user, password, route }) =>
      withSession({ ...address, user, password, database: route }, async (client) => void (await client.query("select 1"))),
    whileHeld: (routes, work) => whileHeld(trafficOn(context, engine, pooler), routes, work),
    awaitReplay: (replicas, lsn, timeoutMs) => awaitReplay(context, engine, replicas, lsn, timeoutMs),
  };
}
