import { setTimeout as delay } from "node:timers/promises";

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
import type { Command, CommandIo } from "./command.ts";
import { commonExitCodes, wantsColour } from "./command.ts";
import type { LoadWorld } from "./load-check.ts";
import { loadCheck, loadWorld } from "./load-check.ts";
import type { StackCheck } from "./stack-outputs.ts";
import type { Way } from "./status-options.ts";
import { parseStatusRequest } from "./status-options.ts";

const help = `Usage: pgstack status --stack NAME [--watch [SECONDS]] [--json]
       pgstack status --stack NAME --html FILE
       pgstack status --stack NAME --serve [--port N]
       pgstack status --bundle DIR ...

Shows a deployed cluster as it is now: nodes with role, state and how far they are
behind, the WAL that slots retain, the pooler's routes and who waits for them.
It reads only. What is not known is shown as "-", never as 0.

  -s, --stack NAME        the Pulumi stack to look at
  -b, --bundle DIR        the Compose bundle to look at, by its folder
      --watch [SECONDS]   look again every few seconds (default: 2), until Ctrl-C
      --json              print JSON; with --watch one line for each look
      --html FILE         write a page with picture, tables, charts and alerts: one
                          file that asks for nothing else
      --serve             serve that page on 127.0.0.1 until Ctrl-C, fresh at each load
      --port N            port of --serve (default: 7432; 0: any that is free)
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
 130  interrupted: the usual end of --watch and --serve
With several problems the lowest code counts.
`;

/** How often a served page renews itself. */
const refreshSeconds = 10;

/** What `status` needs from outside; tests replace it. */
export interface StatusWorld extends LoadWorld {
  readonly observe: typeof observeStatus;
  readonly gather: typeof gatherPage;
}

/** The command `status`. */
export function statusCommand(world: StatusWorld = { ...loadWorld, observe: observeStatus, gather: gatherPage }): Command {
  return {
    name: "status",
    summary: "show nodes, lag, slots and pools as they are now",
    help,
    run: async (args, io) => status(args, io, world),
  };
}

async function status(args: readonly string[], io: CommandIo, world: StatusWorld): Promise<number> {
  const { way, ...of } = parseStatusRequest(args);
  const cluster = await loadCheck(of, io.signal, world);
  switch (way.kind) {
    case "watch":
      return watchStatus(cluster, io, world, way);
    case "html":
      return writeStatus(cluster, io, world, way.file);
    case "serve":
      return serveStatus(cluster, io, world, way.port);
    case "once": {
      const seen = await look(cluster, io, world);
      io.out(way.json ? `${JSON.stringify(seen, undefined, 2)}\n` : textFor(seen, io));
      return exitCodeOf(seen);
    }
  }
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
  { everyMs, json }: Extract<Way, { kind: "watch" }>,
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
