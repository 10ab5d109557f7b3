import { exitCode, exitCodes, reportJson, reportText } from "../check/report.ts";
import { runCheck } from "../check/run.ts";
import { parseDurationS } from "../text/units.ts";
import type { Command, CommandIo } from "./command.ts";
import { UsageError, wantsColour } from "./command.ts";
import { parseOptions } from "./options.ts";
import type { LoadWorld } from "./load-check.ts";
import { loadCheck, loadWorld } from "./load-check.ts";

const help = `Usage: pgstack check --stack NAME [--timeout TIME] [--json]
       pgstack check --bundle DIR [--timeout TIME] [--json]

Looks at a deployed cluster from outside, as its clients do: leader and replicas,
a row written through the pooler and read on every replica, who gets in where,
both routes, the exporters.

  -s, --stack NAME     the Pulumi stack to look at
  -b, --bundle DIR     the Compose bundle to look at, by its folder
      --timeout TIME   how long to wait for a healthy cluster, such as 30s or 2min
                       (default: the stack's checkTimeout; 0s looks once)
      --json           print the report as JSON
  -h, --help           print this

Exit codes:
   0  healthy, perhaps with warnings
   1  unexpected error
   2  mistake in the call, or the stack is not deployed, or DIR is no bundle
  ${exitCodes.unreachable}  a node or the pooler does not answer
  ${exitCodes.replication}  replication
  ${exitCodes.routing}  the way through the pooler
  ${exitCodes.access}  a login that fails or must not succeed
  ${exitCodes.monitoring}  exporters
  ${exitCodes.configuration}  version or identity of a node
 130  interrupted
With several failures the lowest code counts.
`;

const options = {
  stack: { type: "string", short: "s" },
  bundle: { type: "string", short: "b" },
  timeout: { type: "string" },
  json: { type: "boolean" },
} as const;

/** What `check` needs from outside; tests replace it. */
export interface CheckWorld extends LoadWorld {
  readonly check: typeof runCheck;
}

/** The command `check`. */
export function checkCommand(world: CheckWorld = { ...loadWorld, check: runCheck }): Command {
  return {
    name: "check",
    summary: "look at a deployed cluster and say what is wrong with it",
    help,
    run: async (args, io) => check(args, io, world),
  };
}

async function check(args: readonly string[], io: CommandIo, world: CheckWorld): Promise<number> {
  const { stack, bundle, timeout, json = false } = parseOptions(args, options);
  const timeoutMs = timeout === undefined ? undefined : parseTimeoutMs(timeout);
  const { target, secrets } = await loadCheck({ stack, bundle }, io.signal, world);
  const report = await world.check(target, secrets, {
    timeoutMs: timeoutMs ?? target.timeoutMs,
    signal: io.signal,
    // A script that reads the report has no use for it, and a log would fill with it.
    onProgress: (message) => {
      if (io.isTerminal && !json) io.err(`${message}\n`);
    },
  });
  io.out(json ? `${reportJson(report)}\n` : reportText(report, { colour: wantsColour(io) }));
  return exitCode(report);
}

function parseTimeoutMs(text: string): number {
  try {
    return parseDurationS(text) * 1000;
  } catch (error) {
    throw new UsageError(`option --timeout: ${error instanceof Error ? error.message : String(error)}`);
  }
}
