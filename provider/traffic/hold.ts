import { poll } from "../../src/deadline.ts";
import { UserError } from "../../src/errors.ts";
import { arm, pauseDeadlineS } from "./pause.ts";
import type { Traffic } from "./world.ts";

const heldTimeoutMs = 3000;

/**
 * Runs work while the pooler opens no connection to a server for these routes: statements that need one wait. Unlike a pause
 * that is awaited, running transactions continue, however long. The watchdog in the pooler ends it if this process dies.
 */
export async function whileHeld<T>(traffic: Traffic, routes: readonly string[], work: () => Promise<T>): Promise<T> {
  if (routes.length === 0) return work();
  await arm(traffic, routes);
  try {
    await hold(traffic, routes);
    return await work();
  } finally {
    await traffic.world.resume(routes);
  }
}

/** PAUSE answers only when all transactions have ended; what it is for here it does at once. */
async function hold({ context, world, pooler }: Traffic, routes: readonly string[]): Promise<void> {
  /** Those that every process holds. */
  const paused = async (): Promise<readonly string[]> => {
    const all = await world.processes();
    return routes.filter((route) => all.every((process) => process.routes.some(({ name, isPaused }) => name === route && isPaused)));
  };
  const before = await paused();
  for (const route of routes.filter((name) => !before.includes(name)))
    void world.pause(route, pauseDeadlineS * 1000).catch(() => undefined);
  const held = await poll(
    async () => {
      const now = await paused();
      return routes.every((route) => now.includes(route)) ? true : undefined;
    },
    { everyMs: 10, timeoutMs: heldTimeoutMs, signal: context.signal },
  );
  if (held === undefined) {
    throw new UserError([
      {
        where: pooler.listener,
        problem: `the pooler did not hold ${routes.join(", ")} within ${heldTimeoutMs / 1000} s, so no password was changed`,
        fix: "see the logs of its processes: ./pgstack logs",
      },
    ]);
  }
}
