import { z } from "zod";

import { connectEngine } from "../../src/engine/connect.ts";
import { isRunning, restartContainer } from "../../src/engine/container.ts";
import { UserError } from "../../src/errors.ts";
import { parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";
import { longTransactionsAfter } from "../traffic/calm.ts";
import { serversOn } from "../traffic/world.ts";

const inputs = z.object({
  host: z.string(),
  /** The pooler's container. */
  container: z.string(),
  /** What the container is made from: when it changes, the container is about to be replaced. */
  spec: z.string(),
  nodes: z.array(z.object({ name: z.string(), container: z.string() })),
  /** The pooler's address in the cluster's network: sessions from it are those of its clients. */
  address: z.string(),
  timeoutS: z.number(),
  /** How PgBouncer is told to reload. Absent in the state of an older version, which had the engine do it. */
  signals: z.literal("inside").optional(),
});

/** How long transactions that have begun meanwhile may run before PgBouncer is killed, in seconds. */
const stopS = 60;

/**
 * Before the pooler's container is replaced, its long transactions end while clients are still served. Later all clients would
 * wait for them. A container that does not run has no clients, so nothing is done for it.
 *
 * One that stays, and that an earlier version may have signalled by the engine, is restarted once: the engine counts it as
 * stopped by hand and would not start it again when its process ends. This mark cannot be read, and only a start removes it.
 */
export const calm: Kind = {
  apply: async (context, properties, olds) => {
    const { host, container, spec, nodes, address, timeoutS } = parseInputs(inputs, properties);
    const isReplaced = olds?.["spec"] !== spec;
    if (olds === undefined || (!isReplaced && olds["signals"] !== undefined)) return {};
    const engine = await connectEngine(host);
    if (!(await isRunning(engine, container))) return {};
    const seen = await longTransactionsAfter({ context, world: serversOn(engine) }, { nodes, client: address, timeoutS });
    if (seen === "" && !isReplaced) {
      await restartContainer(engine, container, stopS);
      context.log("info", `${container} restarted once: an earlier version may have cost it its restart policy`);
    }
    if (seen === "") return {};
    throw new UserError([
      {
        where: container,
        problem: `to be ${isReplaced ? "replaced" : "restarted"}, it would make everybody wait for long transactions, and they did not end within ${timeoutS} s, so nothing was changed on it: ${seen}`,
        fix: "deploy again when they have ended, or end them: select pg_terminate_backend(<pid>) on that node",
      },
    ]);
  },
};
