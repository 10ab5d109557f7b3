import { setTimeout as delay } from "node:timers/promises";

import { Command, Option } from "@commander-js/extra-typings";

import { exitCodes } from "../check/report.ts";
import { orAborted } from "../deadline.ts";
import { parseLastCheck } from "../status/last-check.ts";
import type { ClusterStatus } from "../status/model.ts";
import { observeStatus } from "../status/observe/cluster.ts";
import { pageHtml } from "../status/page/document.ts";
import type { PageSource } from "../status/page/gather.ts";
import { gatherPage } from "../status/page/gather.ts";
import { servePage } from "../status/page/serve.ts";
import { writePage } from "../status/page/write.ts";
import { clusterStatus } from "../status/status.ts";
import { statusText } from "../status/text.ts";
import type { CommandIo, Subcommand } from "./command.ts";
import { commonExitCodes, UsageError, wantsColour } from "./command.ts";
import type { LoadWorld, Named } from "./load-check.ts";
import { loadCheck, loadWorld } from "./load-check.ts";
import { bundleOption, exitCodesHelp, numberBetween, stackOption } from "./options.ts";
import type { StackCheck } from "./stack-outputs.ts";

const codesHelp = exitCodesHelp(
  {
    [commonExitCodes.ok]: "everything answers, streams and serves",
    [commonExitCodes.usage]: "mistake in the call, or the stack is not deployed, or <dir> is no bundle",
    [exitCodes.unreachable]: "a node or the pooler does not answer",
    [exitCodes.replication]:
      "a replica is disconnected or paused, a slot is missing, at risk or lost, or nodes are not in their declared roles",
    [exitCodes.routing]: "a route of the pooler is paused or disabled",
    [commonExitCodes.interrupted]: "interrupted: the usual end of --watch and --serve",
  },
  "With several problems the lowest code counts.",
);

const usualPort = 7432;

/** How often a served page renews itself. */
const refreshSeconds = 10;

/** What `status` needs from outside; tests replace it. */
export interface StatusWorld extends LoadWorld {
  readonly observe: typeof observeStatus;
  readonly gather: typeof gatherPage;
}

/** The command `status`. */
export function statusCommand(world: StatusWorld = { ...loadWorld, observe: observeStatus, gather: gatherPage }): Subcommand {
  return (io, finish) =>
    new Command("status")
      .summary("show the current state of nodes, lag, slots and pools")
      .description(
        "Shows the current state of a deployed cluster: nodes with role, state and how far they are behind, the WAL that slots retain, the " +
          'pooler\'s routes and who waits for them. It reads only. What is not known is shown as "-", never as 0. A node that does not ' +
          "answer within 3 seconds is shown as such, with the reason.",
      )
      .addOption(stackOption)
      .addOption(bundleOption)
      .addOption(
        new Option("--watch [seconds]", "repeat every few seconds, until Ctrl-C")
          .preset("2")
          .argParser(numberBetween(0.5, 3600, /^\d+(\.\d+)?$/)),
      )
      .option("--json", "print JSON; with --watch one line per refresh")
      .addOption(
        new Option("--html <file>", "write a page with picture, tables, charts and alerts: one file that loads nothing else").conflicts([
          "watch",
          "json",
        ]),
      )
      .addOption(
        new Option("--serve", "serve that page on 127.0.0.1 until Ctrl-C, current at each load").conflicts(["watch", "json", "html"]),
      )
      .option("--port <n>", `port of --serve (default: ${usualPort}; 0: any that is free)`, numberBetween(0, 65_535))
      .addHelpText("after", codesHelp)
      .action((given) => finish(status(given, io, world)));
}

interface StatusOptions extends Named {
  /** In seconds. */
  readonly watch?: number | undefined;
  readonly json?: boolean | undefined;
  readonly html?: string | undefined;
  readonly serve?: boolean | undefined;
  readonly port?: number | undefined;
}

async function status(
  { watch, json = false, html, serve = false, port, ...named }: StatusOptions,
  io: CommandIo,
  world: StatusWorld,
): Promise<number> {
  if (port !== undefined && !serve) throw new UsageError("option --port goes with --serve");
  const cluster = await loadCheck(named, io.signal, world);
  if (html !== undefined) return writeStatus(cluster, io, world, html);
  if (serve) return serveStatus(cluster, io, world, port ?? usualPort);
  if (watch !== undefined) return watchStatus(cluster, io, world, { everyMs: watch * 1000, json });
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

async function writeStatus(cluster: StackCheck, io: CommandIo, world: StatusWorld, file: string): Promise<number> {
  const data = await world.gather(pageSource(cluster), undefined, io.signal);
  writePage(file, pageHtml(data));
  return exitCodeOf(data.status);
}

/** Ends only by the signal, whose reason is thrown. */
async function serveStatus(cluster: StackCheck, io: CommandIo, world: StatusWorld, port: number): Promise<never> {
  const source = pageSource(cluster);
  const server = await servePage(port, async () => pageHtml(await world.gather(source, refreshSeconds, io.signal)));
  try {
    io.out(`${server.url}\n`);
    return await orAborted(new Promise<never>(() => undefined), io.signal);
  } finally {
    server.close();
  }
}

function pageSource({ target, secrets, report }: StackCheck): PageSource {
  return { target, secrets, lastCheck: parseLastCheck(report) };
}

/** Overwrites line by line instead of clearing first, which would flicker. */
function onWholeScreen(text: string): string {
  return `\u001B[H${text.replaceAll("\n", "\u001B[K\n")}\u001B[J`;
}

/** The exit code of a state: that of its most basic problem. */
export function exitCodeOf({ problems }: Pick<ClusterStatus, "problems">): number {
  return problems.length === 0 ? commonExitCodes.ok : Math.min(...problems.map(({ kind }) => exitCodes[kind]));
}
