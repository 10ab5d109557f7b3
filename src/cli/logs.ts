import { Command, Option } from "@commander-js/extra-typings";

import type { Engine } from "../engine/connect.ts";
import { connectEngine, greetEngine } from "../engine/connect.ts";
import { exitCodes } from "../check/report.ts";
import { UserError } from "../errors.ts";
import type { LogLine } from "../logs/line.ts";
import type { LogFilter, ShownLine } from "../logs/filter.ts";
import { lineFilter } from "../logs/filter.ts";
import type { PastOptions } from "../logs/read.ts";
import { byTime, followLines, pastLines } from "../logs/read.ts";
import type { LoggedService } from "../logs/service.ts";
import { loggedServices } from "../logs/service.ts";
import { severities } from "../logs/severity.ts";
import { lineWriter } from "../logs/text.ts";
import type { CommandIo, Subcommand } from "./command.ts";
import { commonExitCodes, UsageError, wantsColour } from "./command.ts";
import type { LoadWorld, Named } from "./load-check.ts";
import { loadCheck, loadWorld } from "./load-check.ts";
import { parseSince, parseTail } from "./logs-options.ts";
import { bundleOption, didYouMean, exitCodesHelp, parser, stackOption } from "./options.ts";

/** Lines of each service when nothing is said. */
const usualTail = 100;

const codesHelp = exitCodesHelp({
  [commonExitCodes.ok]: "printed, perhaps nothing",
  [commonExitCodes.usage]: "mistake in the call, or the stack is not deployed, or <dir> is no bundle, or the engine does not answer",
  [exitCodes.unreachable]: "a container does not exist",
  [commonExitCodes.interrupted]: "interrupted: the usual end of --follow",
});

/** What `logs` needs from outside; tests replace it. */
export interface LogsWorld extends LoadWorld {
  readonly connect: (host: string) => Promise<Engine>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const realWorld: LogsWorld = { ...loadWorld, connect: connectEngine, environment: process.env };

/** The command `logs`. */
export function logsCommand(world: LogsWorld = realWorld): Subcommand {
  return (io, finish) =>
    new Command("logs")
      .summary("print or follow logs of nodes, pooler, exporters and monitoring")
      .description("Prints logs through the Docker engine. Lines of several services are sorted by time, each after its service's name.")
      .argument(
        "[service...]",
        "nodes (pg1, pg2, ...), pooler, exporters (pg1-exporter, pooler-exporter), prometheus, alertmanager, grafana (default: all)",
      )
      .addOption(stackOption)
      .addOption(bundleOption)
      .option("-f, --follow", "print new lines until Ctrl-C, also across a restart or a replacement of a container")
      .option(
        "--since <time>",
        "lines of the last 10m, 2h, ..., or since 2026-01-31T12:00:00Z",
        parser((text) => parseSince(text)),
      )
      .option("--tail <n>", `at most so many lines of each service, or all (default: ${usualTail}; all with --since)`, parser(parseTail))
      .addOption(
        new Option(
          "--severity <word>",
          "lines of this severity or worse, with the lines that belong to them (DETAIL, HINT, STATEMENT)",
        ).choices(severities),
      )
      .option(
        "--grep <regex>",
        "lines that match",
        parser((text) => new RegExp(text, "u")),
      )
      .addHelpText("after", codesHelp)
      .action((names, { severity, ...given }) =>
        finish(logs({ ...given, names, tail: tailOf(given), least: severity, since: given.since, grep: given.grep }, io, world)),
      );
}

function tailOf({ tail, since }: { readonly tail?: number | "all" | undefined; readonly since?: number | undefined }): number | undefined {
  if (tail !== undefined) return tail === "all" ? undefined : tail;
  return since === undefined ? usualTail : undefined;
}

/** What is wanted of which logs. */
interface LogsRequest extends PastOptions, LogFilter, Named {
  readonly names: readonly string[];
  readonly follow?: boolean | undefined;
}

async function logs(request: LogsRequest, io: CommandIo, world: LogsWorld): Promise<number> {
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
  if (request.follow === true)
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
