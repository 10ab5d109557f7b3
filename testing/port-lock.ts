import type { Server } from "node:net";
import { createServer } from "node:net";

import { poll } from "../src/deadline.ts";

/** Below the blocks of `free-block.ts`. */
const removalPort = 10_099;

/**
 * Listens on a port of this machine; undefined when another process does. As a lock between processes it cannot go stale: the
 * kernel frees it however the process ends.
 */
export function listenOn(port: number): Promise<Server | undefined> {
  const { promise, resolve } = Promise.withResolvers<Server | undefined>();
  const server = createServer();
  // What is held keeps no process alive.
  server.unref();
  server.once("error", () => resolve(undefined));
  server.listen({ port, host: "127.0.0.1", exclusive: true }, () => resolve(server));
  return promise;
}

/**
 * Removes something from the engine while no other test process does. Engine 20.10 can lock up for good when two containers leave
 * a network at the same time.
 */
export async function whileNobodyRemoves<T>(remove: () => Promise<T>): Promise<T> {
  const held = await poll(() => listenOn(removalPort), { everyMs: 50, timeoutMs: 120_000 });
  if (held === undefined) throw new Error(`another test run removes containers, or port ${removalPort} is taken`);
  try {
    return await remove();
  } finally {
    await new Promise((resolve) => held.close(resolve));
  }
}
