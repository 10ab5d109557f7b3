import type { CheckNode, CheckTarget } from "../target/target.ts";
import { readTop } from "../top/read.ts";
import type { TopOrder } from "../top/statement.ts";
import { topOrders } from "../top/statement.ts";
import { topText } from "../top/text.ts";
import type { Command, CommandIo } from "./command.ts";
import { commonExitCodes, UsageError, wantsColour } from "./command.ts";
import type { LoadWorld } from "./load-check.ts";
import { loadCheck, loadWorld } from "./load-check.ts";
import { didYouMean, parseOptions } from "./options.ts";

const help = `Usage: pgstack top --stack NAME [--node NODE] [--by ORDER] [--limit N] [--all] [--json]
       pgstack top --bundle DIR [--node NODE] [--by ORDER] [--limit N] [--all] [--json]

Lists the statements that a node has spent most time on, as pg_stat_statements
counts them: calls, times, rows, and the share of blocks found in shared buffers.
Texts hold no values, and neither comments.

  -s, --stack NAME     the Pulumi stack to look at
  -b, --bundle DIR     the Compose bundle to look at, by its folder
      --node NODE      the node to ask (default: the leader); each counts for itself
      --by ORDER       total, mean, calls, or io: time of reads and writes
                       (default: total)
      --limit N        how many (default: 10, at most 1000)
      --all            also what pgstack itself asks, as the role monitoring
      --json           print JSON
  -h, --help           print this

Exit codes:
   0  listed, perhaps nothing
   1  unexpected error
   2  mistake in the call, or the stack is not deployed, or the node does not
      answer, or DIR is no bundle
`;

const options = {
  stack: { type: "string", short: "s" },
  bundle: { type: "string", short: "b" },
  node: { type: "string" },
  by: { type: "string" },
  limit: { type: "string" },
  all: { type: "boolean" },
  json: { type: "boolean" },
} as const;

/** What `top` needs from outside; tests replace it. */
export interface TopWorld extends LoadWorld {
  readonly read: typeof readTop;
}

/** The command `top`. */
export function topCommand(world: TopWorld = { ...loadWorld, read: readTop }): Command {
  return {
    name: "top",
    summary: "list the statements that a node has spent most time on",
    help,
    run: async (args, io) => top(args, io, world),
  };
}

async function top(args: readonly string[], io: CommandIo, world: TopWorld): Promise<number> {
  const { stack, bundle, node, by: order = "total", limit = "10", all = false, json = false } = parseOptions(args, options);
  const by = parseOrder(order);
  const request = { by, limit: parseLimit(limit), all };
  const { target, secrets } = await loadCheck({ stack, bundle }, io.signal, world);
  const found = await world.read(target, secrets, nodeOf(target, node ?? target.leader), request);
  io.out(
    json ? `${JSON.stringify({ by, ...found }, undefined, 2)}\n` : topText(found, { by, colour: wantsColour(io), width: io.columns?.() }),
  );
  return commonExitCodes.ok;
}

function parseOrder(text: string): TopOrder {
  const order = topOrders.find((known) => known === text);
  if (order === undefined) throw new UsageError(`option --by: "${text}" is none of ${topOrders.join(", ")}${didYouMean(text, topOrders)}`);
  return order;
}

function parseLimit(text: string): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 1000) throw new UsageError(`option --limit: "${text}" is not a number between 1 and 1000`);
  return limit;
}

function nodeOf({ nodes }: CheckTarget, name: string): CheckNode {
  const names = nodes.map((node) => node.name);
  const node = nodes.find((one) => one.name === name);
  if (node === undefined)
    throw new UsageError(`option --node: there is no node ${name}${didYouMean(name, names)}; nodes: ${names.join(", ")}`);
  return node;
}
