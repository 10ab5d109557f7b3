import type { Engine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { startInContainer } from "../../src/engine/exec.ts";
import { runSql } from "../../src/engine/psql.ts";
import { readVolumeFile, writeVolumeFiles } from "../../src/engine/volume-files.ts";
import { paths } from "../../src/layout.ts";
import type { PoolerConsole, RunningProcess, ServerConnection } from "../../src/pgbouncer/console.ts";
import { routesFile } from "../../src/pgbouncer/routes.ts";
import type { RoutesText } from "../../src/pgbouncer/routes.ts";
import type { Context } from "../kind.ts";
import type { PoolerAccess } from "../../resources/parts.ts";
import { awaitNoLogins, reloadQuietly } from "./quiet.ts";
import { isServing, onConsoles, routesOn, runningProcesses } from "./serving.ts";

/** Servers, by their containers. */
export interface Servers {
  readonly isRunning: (container: string) => Promise<boolean>;
  /** Runs SQL as the superuser. @throws SqlError when the server does not answer or refuses */
  readonly sql: (container: string, text: string, signal?: AbortSignal) => Promise<string>;
}

/** What stopping and letting go clients asks of a cluster and does to it. Tests have one of their own. */
export interface TrafficWorld extends Servers {
  /** Whether any process of the pooler answers. */
  readonly isServing: () => Promise<boolean>;
  /** Of each process that runs. */
  readonly processes: () => Promise<readonly RunningProcess[]>;
  /** The pooler's connections to servers, those of all processes. */
  readonly servers: () => Promise<readonly ServerConnection[]>;
  /** Holds a route in every process, and returns when its transactions have ended. @throws when they do not within `timeoutMs` */
  readonly pause: (route: string, timeoutMs: number) => Promise<void>;
  readonly resume: (routes: readonly string[]) => Promise<void>;
  /** Starts a process next to the pooler that resumes the routes after so many seconds. */
  readonly resumeLater: (routes: readonly string[], seconds: number) => Promise<void>;
  /** Waits for a moment in which no process opens a connection. */
  readonly awaitNoLogins: () => Promise<void>;
  /** The wanted routes as they are in the pooler's config volume; undefined when it has none. */
  readonly readFile: () => Promise<string | undefined>;
  readonly writeFiles: (files: readonly RoutesText[]) => Promise<void>;
  /** Has each process that runs read its files again. False when none runs. */
  readonly reload: () => Promise<boolean>;
}

/** A cluster whose clients are stopped and let go. */
export interface Traffic {
  readonly context: Context;
  readonly world: TrafficWorld;
  readonly pooler: Pick<PoolerAccess, "listener" | "processes" | "drainTimeoutS">;
}

const watchTimeoutMs = 5000;

/** The servers of an engine. */
export function serversOn(engine: Engine): Servers {
  return {
    isRunning: (name) => isRunning(engine, name),
    sql: (name, text, signal) => runSql(engine, name, text, "postgres", signal),
  };
}

/** The cluster on an engine. */
export function trafficOn(context: Context, engine: Engine, pooler: PoolerAccess): Traffic {
  const { configVolume, image } = pooler;
  const each = <T>(work: (console: PoolerConsole) => Promise<T>, timeoutMs?: number): Promise<readonly T[]> =>
    onConsoles(engine, pooler, work, timeoutMs);
  const world: TrafficWorld = {
    ...serversOn(engine),
    isServing: () => isServing(engine, pooler),
    processes: () => routesOn(engine, pooler),
    servers: async () => (await each((console) => console.servers())).flat(),
    pause: async (route, timeoutMs) => void (await each((console) => console.pause(route), timeoutMs)),
    resume: async (routes) =>
      void (await each(async (console) => {
        for (const route of routes) await console.resume(route);
      })),
    resumeLater: async (routes, seconds) => {
      const command = ["perl", `${paths.config}/resume-later.pl`, String(seconds), ...routes];
      const running = await runningProcesses(engine, pooler);
      await Promise.all(running.map(({ container }) => startInContainer(engine, container, command, watchTimeoutMs)));
    },
    awaitNoLogins: async () => void (await each((console) => awaitNoLogins(context, console))),
    readFile: () => readVolumeFile(engine, configVolume, image, routesFile),
    writeFiles: (files) =>
      writeVolumeFiles(
        engine,
        configVolume,
        image,
        files.map((file) => ({ ...file, mode: 0o644 })),
      ),
    reload: () => reloadQuietly(context, engine, pooler),
  };
  return { context, world, pooler };
}
