import { Command } from "@commander-js/extra-typings";

import { exitCode, exitCodes, reportJson, reportText } from "../check/report.ts";
import { runCheck } from "../check/run.ts";
import { parseDurationS } from "../text/units.ts";
import type { CommandIo, Subcommand } from "./command.ts";
import { commonExitCodes, wantsColour } from "./command.ts";
import { bundleOption, exitCodesHelp, parser, stackOption } from "./options.ts";
import type { LoadWorld, Named } from "./load-check.ts";
import { loadCheck, loadWorld } from "./load-check.ts";

const codesHelp = exitCodesHelp(
  {
    [commonExitCodes.ok]: "healthy, perhaps with warnings",
    [commonExitCodes.usage]: "mistake in the call, or the stack is not deployed, or <dir> is no bundle",
    [exitCodes.unreachable]: "a node or the pooler does not answer",
    [exitCodes.replication]: "replication",
    [exitCodes.routing]: "routes of the pooler",
    [exitCodes.access]: "a login that fails or must not succeed",
    [exitCodes.monitoring]: "exporters",
    [exitCodes.configuration]: "version or identity of a node",
  },
  "With several failures the lowest code counts.",
);

/** What `check` needs from outside; tests replace it. */
export interface CheckWorld extends LoadWorld {
  readonly check: typeof runCheck;
}

/** The command `check`. */
export function checkCommand(world: CheckWorld = { ...loadWorld, check: runCheck }): Subcommand {
  return (io, finish) =>
    new Command("check")
      .summary("verify that a deployed cluster is what was declared")
      .description(
        "Verifies a deployed cluster from outside, as its clients see it: leader and replicas, a row written through the pooler and read " +
          "on every replica, which logins succeed, both routes, the exporters.",
      )
      .addOption(stackOption)
      .addOption(bundleOption)
      .option(
        "--timeout <time>",
        "how long to wait for a healthy cluster, such as 30s or 2min (default: the stack's checkTimeout; 0s: a single attempt)",
        parser(parseDurationS),
      )
      .option("--json", "print the report as JSON")
      .addHelpText("after", codesHelp)
      .action((given) => finish(check(given, io, world)));
}

interface CheckOptions extends Named {
  /** In seconds. */
  readonly timeout?: number | undefined;
  readonly json?: boolean | undefined;
}

async function check({ timeout, json = false, ...named }: CheckOptions, io: CommandIo, world: CheckWorld): Promise<number> {
  const { target, secrets } = await loadCheck(named, io.signal, world);
  const report = await world.check(target, secrets, {
    timeoutMs: timeout === undefined ? target.timeoutMs : timeout * 1000,
    signal: io.signal,
    // A script that reads the report has no use for it, and a log would fill with it.
    onProgress: (message) => {
      if (io.isTerminal && !json) io.err(`${message}\n`);
    },
  });
  io.out(json ? `${reportJson(report)}\n` : reportText(report, { colour: wantsColour(io) }));
  return exitCode(report);
}
