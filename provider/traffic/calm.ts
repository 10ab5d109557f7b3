import { poll } from "../../src/deadline.ts";
import { longTransactions } from "./sessions.ts";
import type { Context } from "../kind.ts";
import type { Servers } from "./world.ts";

export interface Calm {
  readonly nodes: readonly { readonly name: string; readonly container: string }[];
  /** Address of the client whose sessions count. @default - everybody's */
  readonly client?: string;
  readonly timeoutS: number;
}

/** Transactions older than this would delay all clients during a pause, so they are waited for first; in seconds. */
const longS = 1;

/** Waits until no transaction is a long one. @returns those that are left when the time is over, for people; nothing otherwise */
export async function longTransactionsAfter(
  { context, world }: { readonly context: Context; readonly world: Servers },
  { nodes, client, timeoutS }: Calm,
): Promise<string> {
  let seen = "";
  await poll(
    async () => {
      const found = await Promise.all(nodes.map((node) => transactionsOn(world, node, client)));
      seen = found.filter((text) => text !== "").join("; ");
      if (seen !== "") context.status(`waiting for ${seen}`);
      return seen === "" ? true : undefined;
    },
    { everyMs: 500, timeoutMs: timeoutS * 1000, signal: context.signal },
  );
  return seen;
}

async function transactionsOn(world: Servers, { name, container }: Calm["nodes"][number], client: string | undefined): Promise<string> {
  if (!(await world.isRunning(container))) return "";
  const found = await longTransactions(world, container, longS, client);
  return found === "" || client === undefined ? found : `${name}: ${found}`;
}
