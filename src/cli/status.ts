import { setTimeout as delay } from "node:timers/promises";

import { exitCodes } from "../check/report.ts";
import { parseLastCheck } from "../status/last-check.ts";
import type { ClusterStatus } from "../status/model.ts";
import { observeStatus } from "../status/observe/cluster.ts";
import { clusterStatus } from "../status/status.ts";
import { statusText } from "../status/text.ts";
import type { Command, CommandIo } from "./command.ts";
import { commonExitCodes, UsageError, wantsColour } from "./command.ts";
import type { LoadWorld } from "./load-check.ts";
import { loadCheck, loadWorld } from "./load-check.ts";
import { withUsualValue } from "./optional-value.ts";
import { parseOptions } from "./options.ts";
import type { StackCheck } from "./stack-outputs.ts";

const help = `Usage: pgstack status --stack NAME [--watch [SECONDS]] [--json]
       pgstack status --bundle DIR [--watch [SECONDS]] [--json]

Shows a deployed cluster as it is now: nodes with role, state and how far they are
behind, the WAL that slots retain, the pooler's routes and who waits for them.
It reads only. What is not known is shown as "-", never as 0.

  -s, --stack NAME        the Pulumi stack to look at
  -b, --bundle DIR        the Compose bundle to look at, by its folder
      --watch [SECONDS]   look again every few seconds (default: 2), until Ctrl-C
      --json              print JSON; with --watch one line for each look
  -h, --help              print this

A node that does not answer within 3 seconds is shown as such, with the reason.

Exit codes:
   0  everything answers, streams and serves
   1  unexpected error
   2  mistake in the call, or the stack is not deployed, or DIR is no bundle
  ${exitCodes.unreachable}  a node or the pooler does not answer
  ${exitCodes.replication}  a replica is disconnected or paused, a slot is missing, at risk or lost,
      or nodes are not in their declared roles
  ${exitCodes.routing}  a route of the pooler is paused or disabled
 130  interrupted: the usual end of --watch
With several problems the lowest code counts.
`;

const options = {
  stack: { type: "string", short: "s" },
  bundle: { type: "string", short: "b" },
  watch: { type: "string" },
  json: { type: "boolean" },
} as const;

/** What `status` needs from outside; tests replace it. */
export interface StatusWorld extends LoadWorld {
  readonly observe: typeof observeStatus;
}

/** The command `status`. */
export function statusCommand(world: StatusWorld = { ...loadWorld, observe: observeStatus }): Command {
  return {
    name: "status",
    summary: "show nodes, lag, slots and pools as they are now",
    help,
    run: async (args, io) => status(args, io, world),
  };
}

async function status(args: readonly string[], io: CommandIo, world: StatusWorld): Promise<number> {
  const { stack, bundle, watch, json = false } = parseOptions(withUsualValue(args, "--watch", "2"), options);
  const everyMs = watch === undefined ? undefined : parseSeconds(watch) * 1000;
  const cluster = await loadCheck({ stack, bundle }, io.signal, world);
  if (everyMs !== undefined) return watchStatus(cluster, io, world, { everyMs, json });
  const seen = await look(cluster, io, world);
  io.out(json ? `${JSON.stringify(seen, undefined, 2)}\n` : textFor(seen, io));
  return exitCodeOf(seen);
}

async function look({ target, secrets, report }: StackCheck, io: CommandIo, world: StatusWorld): Promise<ClusterStatus> {
  return clusterStatus(target, await world.observe(target, secrets, io.signal), parseLastCheck(report));
}

function textFor(seen: ClusterStatus, io: CommandIo): string {
  return statusText(seen, { colour: wantsColour(io), width: io.columns?.() });
}

/** Ends only by the signal, whose reason is thrown. */
async function watchStatus(
  cluster: StackCheck,
  io: CommandIo,
  world: StatusWorld,
  { everyMs, json }: { readonly everyMs: number; readonly json: boolean },
): Promise<never> {
  for (;;) {
    const seen = await look(cluster, io, world);
    if (json) io.out(`${JSON.stringify(seen)}\n`);
    else io.out(io.isTerminal ? onWholeScreen(textFor(seen, io)) : `${textFor(seen, io)}\n`);
    await delay(everyMs, undefined, { signal: io.signal });
  }
}

/** Overwrites line by line instead of clearing first, which would flicker. */
function onWholeScreen(text: string): string {
  return `\u001B[H${text.replaceAll("\n", "\u001B[K\n")}\u001B[J`;
}

/** The exit code of a state: that of its most basic problem. */
export function exitCodeOf({ problems }: Pick<ClusterStatus, "problems">): number {
  return problems.length === 0 ? commonExitCodes.ok : Math.min(...problems.map(({ kind }) => exitCodes[kind]));
}

function parseSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 0.5 && seconds <= 3600) return seconds;
  throw new UsageError(`option --watch: "${text}" is not a number of seconds between 0.5 and 3600`);
}
