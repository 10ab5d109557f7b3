import { isDeepStrictEqual } from "node:util";

import { poll } from "../../src/deadline.ts";
import { UserError } from "../../src/errors.ts";
import type { RunningProcess, ServerConnection } from "../../src/pgbouncer/console.ts";
import type { Routes, RoutesText } from "../../src/pgbouncer/routes.ts";
import { processRoutes, readRoutes, routesFile, routesFiles, servedOtherwise, servedRoutes } from "../../src/pgbouncer/routes.ts";
import type { Traffic } from "./world.ts";

const reloadTimeoutMs = 10_000;

/** The last change of each pooler's routes in this process: nodes are let in at the same time. */
const turns = new Map<string, Promise<void>>();

/**
 * Changes the pooler's routes, and returns once it serves them. Nothing happens when the change is none, or without a file.
 *
 * @param unreadable - what to do with a file that was changed by hand: `Routes`, after all gates, writes it again
 * @throws UserError when the pooler does not take them; the file is then as it was
 */
export async function changeRoutes(
  traffic: Traffic,
  change: (routes: Routes) => Routes,
  unreadable: "refuse" | "leave" = "refuse",
): Promise<void> {
  await inTurn(traffic.pooler.listener, async () => {
    const before = await traffic.world.readFile();
    if (before === undefined) return;
    const routes = readRoutes(before);
    if (routes === undefined && unreadable === "leave") return;
    if (routes === undefined) throw byHand(traffic);
    const after = change(routes);
    if (!isDeepStrictEqual(after, routes)) await serve(traffic, routes, after);
  });
}

/** Has the pooler serve these routes, made from those in its file, whatever the file and the pooler have now. */
export async function setRoutes(traffic: Traffic, make: (present: Routes | undefined) => Routes): Promise<void> {
  await inTurn(traffic.pooler.listener, async () => {
    const before = readRoutes((await traffic.world.readFile()) ?? "");
    await serve(traffic, before, make(before));
  });
}

async function inTurn(pooler: string, work: () => Promise<void>): Promise<void> {
  const mine = (turns.get(pooler) ?? Promise.resolve()).then(work);
  turns.set(
    pooler,
    mine.catch(() => undefined),
  );
  await mine;
}

async function serve({ context, world, pooler }: Traffic, before: Routes | undefined, routes: Routes): Promise<void> {
  const files = (of: Routes): readonly RoutesText[] => [...routesFiles(of), ...retiredFiles(of, pooler)];
  await world.writeFiles(files(routes));
  if (!(await world.reload())) return;
  let problem = "";
  const taken = await poll(
    async () => {
      try {
        problem = servedOtherwiseText(await world.processes(), routes);
        return problem === "" ? true : undefined;
      } catch (error) {
        problem = (error as Error).message;
        return undefined;
      }
    },
    { everyMs: 50, timeoutMs: reloadTimeoutMs, signal: context.signal },
  );
  if (taken === true) return;
  // It would not start with routes that it refuses.
  if (before !== undefined)
    await world
      .writeFiles(files(before))
      .then(world.reload)
      .catch(() => undefined);
  throw new UserError([
    {
      where: pooler.listener,
      problem: `the pooler did not take its routes within ${reloadTimeoutMs / 1000} s: ${problem}`,
      fix: "see the logs of its processes: ./pgstack logs",
    },
  ]);
}

/** Files of processes that are no longer declared: until they are removed, they must not lead to what is removed before them. */
function retiredFiles(routes: Routes, { processes }: Traffic["pooler"]): readonly RoutesText[] {
  const numbers = processes.map(({ number }) => number).filter((number) => number > routes.processes);
  return numbers.map((number) => processRoutes(routes, [], number));
}

/** Processes that serve other routes than they should, for people; empty when none does. */
export function servedOtherwiseText(running: readonly RunningProcess[], routes: Routes): string {
  return running
    .flatMap(({ number, routes: served }) => {
      const others = servedOtherwise(served, servedRoutes(routes, [], number));
      return others.length === 0 ? [] : [`process ${number} serves ${others.join(", ")} otherwise`];
    })
    .join("; ");
}

function byHand({ pooler }: Traffic): UserError {
  return new UserError([
    {
      where: pooler.listener,
      problem: `${routesFile} in its config volume is not as pgstack wrote it, so no node can be taken out of its routes`,
      fix: "write it again first: pulumi up --target '**pooler-routes'",
    },
  ]);
}

/** Names of routes that at least one process holds. */
export function pausedRoutes(running: readonly RunningProcess[]): readonly string[] {
  return [...new Set(running.flatMap(({ routes }) => routes.filter(({ isPaused }) => isPaused).map(({ name }) => name)))];
}

/** Ends a pause that an interrupted change has left: its clients wait for nothing. */
export async function resumeAll({ world }: Traffic): Promise<void> {
  const paused = pausedRoutes(await world.processes());
  if (paused.length > 0) await world.resume(paused);
}

/**
 * Waits for transactions on servers that are no longer in a route: a server that is removed afterwards has no clients.
 *
 * @param keepsSessions - whether a connection belongs to its client until the client disconnects
 */
export async function awaitLeaving({ context, world, pooler }: Traffic, keepsSessions: boolean): Promise<void> {
  let left: readonly ServerConnection[] = [];
  const gone = await poll(
    async () => {
      left = (await world.servers()).filter(({ isLeaving }) => isLeaving);
      if (left.length > 0) context.status(`waiting for ${left.length} transactions on servers that leave`);
      return left.length === 0 ? true : undefined;
    },
    { everyMs: 50, timeoutMs: pooler.drainTimeoutS * 1000, signal: context.signal },
  );
  if (gone === true) return;
  const who = [...new Set(left.map(({ route, user, address }) => `${user} in ${route} on ${address}`))].join(", ");
  if (keepsSessions) {
    context.log("warning", `clients keep connections to servers that leave, and will lose them: ${who}`);
    return;
  }
  throw new UserError([
    {
      where: pooler.listener,
      problem: `transactions on servers that leave the routes did not end within ${pooler.drainTimeoutS} s, so nothing was removed: ${who}`,
      fix: "deploy again when they have ended, or end them: select pg_terminate_backend(<pid>) on that node",
    },
  ]);
}
