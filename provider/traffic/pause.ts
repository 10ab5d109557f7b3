import { UserError } from "../../src/errors.ts";
import type { ServiceNode } from "../../resources/parts.ts";
import { longTransactionsAfter } from "./calm.ts";
import { longTransactions } from "./sessions.ts";
import type { Traffic } from "./world.ts";

/** The pooler resumes by itself after this time, even if the process that paused it is gone; in seconds. */
export const pauseDeadlineS = 30;

/** How long it may take until a pause is complete: meanwhile new statements already wait. */
const pauseTimeoutMs = 3000;

/**
 * Pauses every route to the leader: transactions end, new ones wait. A watchdog in the pooler's container ends the pause after
 * `pauseDeadlineS`, so a deployment that is killed does not leave a cluster that hangs.
 *
 * @returns the routes that are paused; none without a running pooler
 * @throws UserError when transactions do not end; the routes are then resumed
 */
export async function pauseLeader(traffic: Traffic, leader: ServiceNode): Promise<readonly string[]> {
  const { context, world } = traffic;
  if (!(await world.isServing())) return [];
  const all = (await world.processes()).flatMap(({ routes: of }) => of);
  const routes = [...new Set(all.filter(({ host }) => host === leader.name).map(({ name }) => name))];
  if (routes.length === 0) return [];
  await awaitCalm(traffic, leader);
  // What is flushed now need not be flushed while clients wait.
  await world.sql(leader.container, "checkpoint;", context.signal);
  await arm(traffic, routes);
  context.status(`clients of ${routes.join(", ")} wait`);
  await world.awaitNoLogins();
  try {
    await Promise.all(routes.map((route) => world.pause(route, pauseTimeoutMs)));
  } catch {
    // Asked while they still hold it up. Nobody is to wait longer because that fails.
    const blocking = await longTransactions(world, leader.container, 0).catch(() => "it does not say which");
    await world.resume(routes);
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
export async function resumeLeader({ world }: Traffic, leader: ServiceNode): Promise<void> {
  if (!(await world.isServing())) return;
  const all = (await world.processes()).flatMap(({ routes }) => routes);
  const held = new Set(all.filter(({ host, isPaused }) => isPaused && host === leader.name).map(({ name }) => name));
  await world.resume([...held]);
}

async function awaitCalm(traffic: Traffic, leader: ServiceNode): Promise<void> {
  const { pooler } = traffic;
  const seen = await longTransactionsAfter(traffic, { nodes: [leader], timeoutS: pooler.drainTimeoutS });
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
export async function arm({ world, pooler }: Traffic, routes: readonly string[]): Promise<void> {
  try {
    await world.resumeLater(routes, pauseDeadlineS);
  } catch (error) {
    throw new UserError([
      {
        where: pooler.listener,
        problem: `a pause of the pooler cannot be given a deadline, so nothing was paused: ${(error as Error).message}`,
        fix: "the pooler's image needs perl (Debian's images have it); see images.pooler",
      },
    ]);
  }
}
