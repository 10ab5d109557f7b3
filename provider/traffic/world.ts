import type { Engine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { startInContainer } from "../../src/engine/exec.ts";
import { runSql } from "../../src/engine/psql.ts";
import { readVolumeFile, writeVolumeFiles } from "../../src/engine/volume-files.ts";
import { paths } from "../../src/layout.ts";
import type { RunningRoute, ServerConnection } from "../../src/pgbouncer/console.ts";
import { PoolerConsole } from "../../src/pgbouncer/console.ts";
import type { Context } from "../kind.ts";
import type { Pooler } from "../service/access.ts";
import { awaitNoLogins, reloadQuietly } from "./quiet.ts";
import { isServing } from "./serving.ts";

/** Servers, by their containers. */
export interface Servers {
  readonly isRunning: (container: string) => Promise<boolean>;
  /** Runs SQL as the superuser. @throws SqlError when the server does not answer or refuses */
  readonly sql: (container: string, text: string, signal?: AbortSignal) => Promise<string>;
}

/** What stopping and letting go clients asks of a cluster and does to it. Tests have one of their own. */
export interface TrafficWorld extends Servers {
  /** Whether the pooler runs and its console answers. */
  readonly isServing: () => Promise<boolean>;
  readonly routes: () => Promise<readonly RunningRoute[]>;
  /** The pooler's connections to servers. */
  readonly servers: () => Promise<readonly ServerConnection[]>;
  /** Holds a route, and returns when its transactions have ended. @throws when they do not within `timeoutMs` */
  readonly pause: (route: string, timeoutMs: number) => Promise<void>;
  readonly resume: (routes: readonly string[]) => Promise<void>;
  /** Starts a process next to the pooler that resumes the routes after so many seconds. */
  readonly resumeLater: (routes: readonly string[], seconds: number) => Promise<void>;
  /** Waits for a moment in which the pooler opens no connection. */
  readonly awaitNoLogins: () => Promise<void>;
  /** The pooler's `pgbouncer.ini`; undefined when it has none. */
  readonly readFile: () => Promise<string | undefined>;
  readonly writeFile: (content: string) => Promise<void>;
  /** Has a running pooler read its files again. False when it does not run. */
  readonly reload: () => Promise<boolean>;
}

/** A cluster whose clients are stopped and let go. */
export interface Traffic {
  readonly context: Context;
  readonly world: TrafficWorld;
  readonly pooler: Pick<Pooler, "container" | "drainTimeoutS" | "routes">;
}

const file = "pgbouncer.ini";
const watchTimeoutMs = 5000;

/** The servers of an engine. */
export function serversOn(engine: Engine): Servers {
  return {
    isRunning: (name) => isRunning(engine, name),
    sql: (name, text, signal) => runSql(engine, name, text, "postgres", signal),
  };
}

/** Routes as a pooler that answers has them. */
export function routesOn(pooler: Pooler): Promise<readonly RunningRoute[]> {
  return PoolerConsole.with(pooler, (console) => console.routes());
}

/** The cluster on an engine. */
export function trafficOn(context: Context, engine: Engine, pooler: Pooler): Traffic {
  const { container, configVolume, image } = pooler;
  const world: TrafficWorld = {
    ...serversOn(engine),
    isServing: () => isServing(engine, pooler),
    routes: () => routesOn(pooler),
    servers: () => PoolerConsole.with(pooler, (console) => console.servers()),
    pause: (route, timeoutMs) => PoolerConsole.with(pooler, (console) => console.pause(route), timeoutMs),
    resume: (routes) =>
      PoolerConsole.with(pooler, async (console) => {
        for (const route of routes) await console.resume(route);
      }),
    resumeLater: async (routes, seconds) => {
      const command = ["perl", `${paths.config}/resume-later.pl`, String(seconds), ...routes];
      await startInContainer(engine, container, command, watchTimeoutMs);
    },
    awaitNoLogins: () => PoolerConsole.with(pooler, (console) => awaitNoLogins(context, console)),
    readFile: () => readVolumeFile(engine, configVolume, image, file),
    writeFile: (content) => writeVolumeFiles(engine, configVolume, image, [{ path: file, content, mode: 0o644 }]),
    reload: () => reloadQuietly(context, engine, pooler),
  };
  return { context, world, pooler };
}
