import { Command, Option } from "@commander-js/extra-typings";

import type { CheckNode, CheckTarget } from "../target/target.ts";
import { findLeader } from "../check/observe/leader.ts";
import { readTop } from "../top/read.ts";
import type { TopOrder } from "../top/statement.ts";
import { topOrders } from "../top/statement.ts";
import { topText } from "../top/text.ts";
import type { CommandIo, Subcommand } from "./command.ts";
import { commonExitCodes, UsageError, wantsColour } from "./command.ts";
import type { LoadWorld, Named } from "./load-check.ts";
import { loadCheck, loadWorld } from "./load-check.ts";
import { bundleOption, didYouMean, exitCodesHelp, numberBetween, stackOption } from "./options.ts";

const codesHelp = exitCodesHelp({
  [commonExitCodes.ok]: "listed, perhaps nothing",
  [commonExitCodes.usage]: "mistake in the call, or the stack is not deployed, or the node does not answer, or <dir> is no bundle",
});

/** What `top` needs from outside; tests replace it. */
export interface TopWorld extends LoadWorld {
  readonly read: typeof readTop;
  readonly findLeader: typeof findLeader;
}

/** The command `top`. */
export function topCommand(world: TopWorld = { ...loadWorld, read: readTop, findLeader }): Subcommand {
  return (io, finish) =>
    new Command("top")
      .summary("list the statements that a node has spent most time on")
      .description(
        "Lists the statements that a node has spent most time on, as pg_stat_statements counts them: calls, times, rows, and the share of " +
          "blocks found in shared buffers. The texts contain neither values nor comments.",
      )
      .addOption(stackOption)
      .addOption(bundleOption)
      .option("--node <node>", "the node to query (default: the one that leads now); each has its own counters")
      .addOption(
        new Option("--by <order>", "order by time, calls, or time of reads and writes (io)").choices(topOrders).default("total" as const),
      )
      .option("--limit <n>", "how many, at most 1000", numberBetween(1, 1000), 10)
      .option("--all", "also pgstack's own queries, as the role monitoring")
      .option("--json", "print JSON")
      .addHelpText("after", codesHelp)
      .action((given) => finish(top(given, io, world)));
}

interface TopOptions extends Named {
  readonly node?: string | undefined;
  readonly by: TopOrder;
  readonly limit: number;
  readonly all?: boolean | undefined;
  readonly json?: boolean | undefined;
}

async function top({ node, by, limit, all = false, json = false, ...named }: TopOptions, io: CommandIo, world: TopWorld): Promise<number> {
  const { target, secrets } = await loadCheck(named, io.signal, world);
  const asked = node === undefined ? await world.findLeader(target, secrets, io.signal) : nodeOf(target, node);
  const found = await world.read(target, secrets, asked, { by, limit, all });
  io.out(
    json ? `${JSON.stringify({ by, ...found }, undefined, 2)}\n` : topText(found, { by, colour: wantsColour(io), width: io.columns?.() }),
  );
  return commonExitCodes.ok;
}

function nodeOf({ nodes }: CheckTarget, name: string): CheckNode {
  const names = nodes.map((node) => node.name);
  const node = nodes.find((one) => one.name === name);
  if (node === undefined)
    throw new UsageError(`option --node: there is no node ${name}${didYouMean(name, names)}; nodes: ${names.join(", ")}`);
  return node;
}
