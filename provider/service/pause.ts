import type { Engine } from "../../src/engine/connect.ts";
import { startInContainer } from "../../src/engine/exec.ts";
import { runSql } from "../../src/engine/psql.ts";
import { UserError } from "../../src/errors.ts";
import { paths } from "../../src/layout.ts";
import { PoolerConsole } from "../../src/pgbouncer/console.ts";
import type { Context } from "../kind.ts";
import type { Pooler, ServiceNode } from "./access.ts";
import { awaitNoLogins } from "./quiet.ts";
import { isServing } from "./serving.ts";
import { longTransactionsAfter } from "./calm.ts";
import { longTransactions } from "./sessions.ts";

/** The pooler resumes by itself after this time, whatever became of whoever paused it, in seconds. */
export const pauseDeadlineS = 30;

/** How long a pause may take to come about: meanwhile new statements already wait. */
const pauseTimeoutMs = 3000;
const watchTimeoutMs = 5000;

/**
 * Holds every route to the leader: transactions end, new ones wait. A watch inside the pooler's container ends the pause
 * after `pauseDeadlineS`, so a deployment that dies leaves no cluster that hangs.
 *
 * @returns the routes that are paused; none without a running pooler
 * @throws UserError when transactions do not end; everything runs on as before then
 */
export async function pauseLeader(context: Context, engine: Engine, pooler: Pooler, leader: ServiceNode): Promise<readonly string[]> {
  if (!(await isServing(engine, pooler))) return [];
  const all = await PoolerConsole.with(pooler, (console) => console.routes());
  const routes = all.filter(({ hosts }) => hosts.includes(leader.name)).map(({ name }) => name);
  if (routes.length === 0) return [];
  await awaitCalm(context, engine, pooler, leader);
  // What is flushed now need not be flushed while clients wait.
  await runSql(engine, leader.container, "checkpoint;", "postgres", context.signal);
  await arm(engine, pooler, routes);
  context.status(`clients of ${routes.join(", ")} wait`);
  await PoolerConsole.with(pooler, async (console) => awaitNoLogins(context, console));
  try {
    await Promise.all(routes.map((route) => PoolerConsole.with(pooler, (console) => console.pause(route), pauseTimeoutMs)));
  } catch {
    const blocking = await longTransactions(engine, leader.container, 0);
    await resume(pooler, routes);
    throw new UserError([
      {
        where: leader.name,
        problem: `transactions did not end within ${pauseTimeoutMs / 1000} s, so nothing was changed on it and clients go on: ${blocking === "" ? "the last one has just ended" : blocking}`,
        fix: "deploy again: it goes on here. A session that idles in a transaction can be ended: select pg_terminate_backend(<pid>)",
      },
    ]);
  }
  return routes;
}

/** Ends the pause of every route to the leader. */
export async function resumeLeader(engine: Engine, pooler: Pooler, leader: ServiceNode): Promise<void> {
  if (!(await isServing(engine, pooler))) return;
  const all = await PoolerConsole.with(pooler, (console) => console.routes());
  const held = all.filter(({ hosts, isPaused }) => isPaused && hosts.includes(leader.name)).map(({ name }) => name);
  await resume(pooler, held);
}

export async function resume(pooler: Pooler, routes: readonly string[]): Promise<void> {
  await PoolerConsole.with(pooler, async (console) => {
    for (const route of routes) await console.resume(route);
  });
}

async function awaitCalm(context: Context, engine: Engine, pooler: Pooler, leader: ServiceNode): Promise<void> {
  const seen = await longTransactionsAfter(context, engine, { nodes: [leader], timeoutS: pooler.drainTimeoutS });
  if (seen === "") return;
  throw new UserError([
    {
      where: leader.name,
      problem: `a restart would cut long transactions, and they did not end within ${pooler.drainTimeoutS} s, so nothing was changed on it: ${seen}`,
      fix: "deploy again when they have ended, or end them: select pg_terminate_backend(<pid>) on the leader",
    },
  ]);
}

/** Starts the watch; without it there is no pause. */
export async function arm(engine: Engine, pooler: Pooler, routes: readonly string[]): Promise<void> {
  const command = ["perl", `${paths.config}/resume-later.pl`, String(pauseDeadlineS), ...routes];
  try {
    await startInContainer(engine, pooler.container, command, watchTimeoutMs);
  } catch (error) {
    throw new UserError([
      {
        where: pooler.container,
        problem: `a pause of the pooler cannot be given a deadline, so nothing was paused: ${(error as Error).message}`,
        fix: "the pooler's image needs perl (Debian's images have it); see images.pooler",
      },
    ]);
  }
}
