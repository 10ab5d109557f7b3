import type { Engine } from "../engine/connect.ts";
import { connectEngine, greetEngine } from "../engine/connect.ts";
import { exitCodes } from "../check/report.ts";
import { UserError } from "../errors.ts";
import type { LogLine } from "../logs/line.ts";
import type { ShownLine } from "../logs/filter.ts";
import { lineFilter } from "../logs/filter.ts";
import type { PastOptions } from "../logs/read.ts";
import { byTime, followLines, pastLines } from "../logs/read.ts";
import type { LoggedService } from "../logs/service.ts";
import { loggedServices } from "../logs/service.ts";
import { lineWriter } from "../logs/text.ts";
import type { Command, CommandIo } from "./command.ts";
import { commonExitCodes, UsageError, wantsColour } from "./command.ts";
import type { LoadWorld } from "./load-check.ts";
import { loadCheck, loadWorld } from "./load-check.ts";
import type { LogsRequest } from "./logs-options.ts";
import { parseLogsRequest } from "./logs-options.ts";
import { didYouMean } from "./options.ts";

const help = `Usage: pgstack logs [SERVICE...] --stack NAME [--follow] [--since TIME] [--tail N]
                    [--severity warning|error] [--grep REGEX]
       pgstack logs [SERVICE...] --bundle DIR ...

Prints logs through the Docker engine: of nodes (pg1, pg2, ...), pooler, exporters
(pg1-exporter, pooler-exporter), prometheus, alertmanager, grafana. Without a
SERVICE all of them. Lines of several services come in order of time, each behind
its service's name.

  -s, --stack NAME         the Pulumi stack to look at
  -b, --bundle DIR         the Compose bundle to look at, by its folder
  -f, --follow             go on with new lines until Ctrl-C, also when a container
                           is restarted or replaced
      --since TIME         lines of the last 10m, 2h, ..., or since 2026-01-31T12:00:00Z
      --tail N             so many lines of each service at most, or all
                           (default: 100; all with --since)
      --severity WORD      warning or error: lines of this severity and worse, with
                           the lines that belong to them (DETAIL, HINT, STATEMENT)
      --grep REGEX         lines that match
  -h, --help               print this

Exit codes:
   0  printed, perhaps nothing
   1  unexpected error
   2  mistake in the call, or the stack is not deployed, or DIR is no bundle, or the
      engine does not answer
  ${exitCodes.unreachable}  a container is not there
 130  interrupted: the usual end of --follow
`;

/** What `logs` needs from outside; tests replace it. */
export interface LogsWorld extends LoadWorld {
  readonly connect: (host: string) => Promise<Engine>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const realWorld: LogsWorld = { ...loadWorld, connect: connectEngine, environment: process.env };

/** The command `logs`. */
export function logsCommand(world: LogsWorld = realWorld): Command {
  return {
    name: "logs",
    summary: "print or follow logs of nodes, pooler, exporters and monitoring",
    help,
    run: async (args, io) => logs(args, io, world),
  };
}

async function logs(args: readonly string[], io: CommandIo, world: LogsWorld): Promise<number> {
  const request = parseLogsRequest(args, new Date());
  const { target } = await loadCheck(request, io.signal, world);
  const services = chosen(request.names, loggedServices(target));
  const engine = await openEngine(engineHost(target.engine, request, world), world);
  const shown = lineFilter(request);
  const write = lineWriter(
    services.map(({ name }) => name),
    { colour: wantsColour(io) },
  );
  const print = (line: ShownLine | undefined): void => {
    if (line !== undefined) io.out(write(line));
  };
  const began = new Date().toISOString().replace("Z", "000000Z");
  const past = await Promise.all(
    services.map(async (service) => [service, await pastLines(engine, service, rawOptions(request))] as const),
  );
  const kept = past.flatMap(([, lines = []]) => lastOf(lines.map(shown), request.tail));
  for (const line of kept.toSorted(byTime)) print(line);
  if (request.follow)
    await Promise.all(
      past.map(async ([service, lines]) =>
        follow(engine, service, { after: lines?.at(-1)?.at ?? began, io, print: (line) => print(shown(line)) }),
      ),
    );
  const missing = past.filter(([, lines]) => lines === undefined).map(([service]) => service);
  for (const { name, container } of missing) io.err(`${name}: there is no container ${container}\n`);
  return missing.length === 0 ? commonExitCodes.ok : exitCodes.unreachable;
}

/** Where lines are chosen, the number of lines is that of those that are shown. */
function rawOptions({ least, grep, since, tail }: LogsRequest): PastOptions {
  return { since, tail: least === undefined && grep === undefined ? tail : undefined };
}

function lastOf(lines: readonly (ShownLine | undefined)[], count: number | undefined): readonly ShownLine[] {
  const shown = lines.filter((line) => line !== undefined);
  return count === undefined ? shown : shown.slice(Math.max(0, shown.length - count));
}

/** Ends only by the signal, whose reason is thrown. */
async function follow(
  engine: Engine,
  service: LoggedService,
  { after, io, print }: { readonly after: string; readonly io: CommandIo; readonly print: (line: LogLine) => void },
): Promise<void> {
  const onChange = (isRunning: boolean): void =>
    io.err(`-- ${service.name}: ${isRunning ? "its container runs again" : "its container is down, waiting for it"} --\n`);
  for await (const line of followLines(engine, service, { after, signal: io.signal, onChange })) print(line);
}

function chosen(names: readonly string[], known: readonly LoggedService[]): readonly LoggedService[] {
  const all = known.map(({ name }) => name);
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no service ${unknown}${didYouMean(unknown, all)}; services: ${all.join(", ")}`);
  return names.length === 0 ? known : known.filter(({ name }) => names.includes(name));
}

/** A stack knows its engine; a bundle runs wherever its files are. */
function engineHost(declared: string | undefined, { bundle }: LogsRequest, { environment }: LogsWorld): string {
  const here = environment["DOCKER_HOST"] ?? "";
  const local = here === "" ? "unix:///var/run/docker.sock" : here;
  return bundle === undefined ? (declared ?? local) : local;
}

async function openEngine(host: string, { connect }: LogsWorld): Promise<Engine> {
  try {
    const engine = await connect(host);
    await greetEngine(engine);
    return engine;
  } catch (error) {
    const problem = `the Docker engine cannot be reached: ${error instanceof Error ? error.message : String(error)}`;
    throw new UserError([{ where: host, problem, fix: "start it, or check dockerHost in stack config" }]);
  }
}
