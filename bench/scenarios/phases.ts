import { join } from "node:path";

import { Deployment } from "../../testing/deployment.ts";
import { withRemoval } from "../lib/clean-up.ts";
import { criticalPath, dependenciesOf, traceOf } from "../lib/engine-events.ts";
import type { Link, Step, Trace } from "../lib/engine-events.ts";
import { prepareImages } from "../lib/images.ts";
import type { Outcome, Table } from "../lib/result.ts";
import { interleave } from "../lib/rounds.ts";
import type { Measured } from "../lib/rounds.ts";
import type { Scenario, ScenarioOptions } from "../lib/scenario.ts";

const replicas = 3;

/** Steps that are shorter are left out of the list, in milliseconds. */
const worthListingMs = 150;

const names = { up: "cold `up`, share of the critical path", preview: "no-change preview, until" } as const;

/** Where the time goes. */
export const phases: Scenario = {
  name: "phases",
  title: "Where the time goes",
  defaults: { rounds: 3, loadS: 0 },
  method: [
    "`pulumi up --skip-preview` of a new stack with 3 replicas, then a preview without a change, both with Pulumi's event log, whose " +
      "lines are timed as they appear (every 10 ms). The critical path is found backwards from the last resource: of everything that a " +
      "resource depends on, the one that was done last. A phase is the part of that path that its resources take, the wait before " +
      "each included, so that the phases add up to the whole. Writing the event log costs time too: these runs are longer than those above.",
  ],
  run,
};

async function run({ rounds, log }: ScenarioOptions): Promise<Outcome> {
  await prepareImages(log);
  let tables: readonly Table[] = [];
  const series = await interleave(
    [
      {
        name: names.up,
        unit: "s",
        run: async () => {
          const { up, path } = await traceUp();
          tables = [pathTable(up, path), stepsTable(up)];
          return inSeconds(phasesOf(up, path));
        },
      },
      { name: names.preview, unit: "s", run: async () => inSeconds(milestonesOf(await tracePreview())) },
    ],
    { rounds, log },
  );
  return { series, figures: [], tables, notes: [] };
}

async function traceUp(): Promise<{ readonly up: Trace; readonly path: readonly Link[] }> {
  const made = await Deployment.create("production", { replicas: String(replicas) });
  return withRemoval(made, async (deployment) => {
    const up = await traced(deployment, "up", "--yes", "--skip-preview");
    const state = await deployment.pulumi("stack", "export", "--stack", deployment.stack);
    return { up, path: criticalPath(up.steps, dependenciesOf(state.stdout)) };
  });
}

async function tracePreview(): Promise<Trace> {
  const made = await Deployment.create("production", { replicas: String(replicas) });
  return withRemoval(made, async (deployment) => {
    await deployment.up();
    return traced(deployment, "preview", "--expect-no-changes");
  });
}

function traced(deployment: Deployment, ...command: readonly string[]): Promise<Trace> {
  const file = join(deployment.folder, `${command[0] ?? ""}.events`);
  return traceOf(file, async () => {
    const args = [...command, "--stack", deployment.stack, "--event-log", file];
    const { code, output } = await deployment.runPulumi(args, { PULUMI_DEBUG_COMMANDS: "true" });
    if (code !== 0) throw new Error(`pulumi ${command[0] ?? ""} failed:\n${output}`);
  });
}

/** Phase → milliseconds; they add up to the length of the command. */
function phasesOf({ totalMs }: Trace, path: readonly Link[]): Measured {
  const [first] = path;
  const last = path.at(-1);
  const sums = new Map<string, number>([["start of Pulumi, program and plugins", first?.step.startMs ?? totalMs]]);
  for (const { step, waitedMs, tookMs } of path) {
    const phase = phaseOf(step);
    // What came before the first resource is the start.
    const share = tookMs + (step === first?.step ? 0 : waitedMs);
    sums.set(phase, (sums.get(phase) ?? 0) + share);
  }
  sums.set("end of Pulumi", totalMs - (last?.step.endMs ?? totalMs));
  return { ...Object.fromEntries(sums), "all together": totalMs };
}

/** By what a resource is, else by whose it is. */
const phaseOfType: Readonly<Record<string, string>> = {
  Network: "network",
  RemoteImage: "images",
  RandomPassword: "secrets",
  RandomId: "secrets",
  Preflight: "preflight",
  Volume: "volumes and files",
  ConfigFiles: "volumes and files",
  Roles: "roles",
  ReplicationCheck: "check",
};

function phaseOf({ name, type }: Step): string {
  const known = phaseOfType[type];
  if (known !== undefined) return known;
  const what = type === "Container" ? "container" : type === "NodeReady" ? "gate" : type;
  if (name === "pg1" || name.startsWith("pg1-")) return `leader's ${what}`;
  if (/^pg\d+/.test(name)) return `replicas' ${what}s`;
  return name.startsWith("exporter") ? "exporters" : name.startsWith("pooler") ? "pooler" : what;
}

/** Milestone → milliseconds since the command began. */
function milestonesOf({ steps, engineMs, totalMs }: Trace): Measured {
  const at = (match: (step: Step) => boolean): number => steps.find(match)?.startMs ?? Number.NaN;
  const check = steps.find(({ type }) => type === "ReplicationCheck");
  const before = steps.filter((step) => step !== check && step.type !== "Stack" && step.op === "same" && step.type !== "PostgresCluster");
  return {
    "the engine has loaded the project": engineMs,
    "the program runs": at(({ type }) => type === "Stack"),
    "the first component is declared": at(({ type }) => type === "PostgresCluster"),
    "everything but the check is compared": Math.max(...before.map(({ startMs }) => startMs)),
    "the cluster is probed": check?.startMs ?? Number.NaN,
    "the command has ended": totalMs,
  };
}

function inSeconds(measured: Measured): Measured {
  return Object.fromEntries(Object.entries(measured).map(([key, ms]) => [key, ms / 1000]));
}

function pathTable({ totalMs }: Trace, path: readonly Link[]): Table {
  return {
    title: `Critical path of the last cold \`up\` (${totalMs} ms), in ms`,
    head: ["resource", "kind", "starts at", "waited", "took"],
    rows: path.map(({ step, waitedMs, tookMs }) => [step.name, step.type, String(step.startMs), String(waitedMs), String(tookMs)]),
  };
}

function stepsTable({ steps }: Trace): Table {
  const long = steps.filter(({ startMs, endMs, type }) => endMs - startMs >= worthListingMs && type !== "Stack");
  return {
    title: `All its resources that took ${worthListingMs} ms or more, in ms`,
    head: ["resource", "kind", "from", "to", "took"],
    rows: long.map(({ name, type, startMs, endMs }) => [name, type, String(startMs), String(endMs), String(endMs - startMs)]),
  };
}
