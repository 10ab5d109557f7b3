import { Command } from "@commander-js/extra-typings";
import { z } from "zod";

import { connectEngine, isUnreachable } from "../engine/connect.ts";
import type { Engine } from "../engine/connect.ts";
import { UserError } from "../errors.ts";
import { lookAtNodes, lookIntoVolume } from "../topology/look.ts";
import { recloneRefusals, sourceOf } from "../topology/reclone.ts";
import type { NodeView } from "../topology/view.ts";
import type { ClusterPlan } from "../plan/types.ts";
import type { CommandIo, Subcommand } from "./command.ts";
import { commonExitCodes, warnOf } from "./command.ts";
import { didYouMean, exitCodesHelp } from "./options.ts";
import type { RunPulumi } from "./pulumi.ts";
import { runPulumi } from "./pulumi.ts";
import type { RunProgram } from "./stack-outputs.ts";
import { runProgram } from "./stack-outputs.ts";
import { stackState } from "./stack-export.ts";
import { project, readStack, stackNamed } from "./stack-plan.ts";

/** Exit code when the deployment failed. */
const failedExitCode = 3;

const codesHelp = exitCodesHelp({
  [commonExitCodes.ok]: "done",
  [commonExitCodes.usage]: "mistake in the call, refused, or the stack is not deployed; nothing was changed",
  [failedExitCode]: "the deployment failed; the next pulumi up continues where it ended",
});

/** What the nodes and their volumes say. */
export interface Looked {
  readonly views: readonly NodeView[];
  /** Nodes to be cloned that hold a leader's data. */
  readonly leaders: ReadonlySet<string>;
}

/** What `reclone` needs from outside; tests replace it. */
export interface RecloneWorld {
  readonly root: string;
  readonly run: RunProgram;
  readonly look: (plan: ClusterPlan, names: readonly string[], toClone: readonly string[]) => Promise<Looked>;
  readonly pulumi: RunPulumi;
  readonly now: () => Date;
}

const realWorld: RecloneWorld = { root: project, run: runProgram, look, pulumi: runPulumi, now: () => new Date() };

/** The command `reclone`. */
export function recloneCommand(world: RecloneWorld = realWorld): Subcommand {
  return (io, finish) =>
    new Command("reclone")
      .summary("re-clone nodes from the leader; their old data is set aside")
      .description(
        "Re-clones nodes from the leader. Nothing is deleted: the old data stays in the node's volume as pgdata.aside-<time>, so the " +
          "volume needs space for both. The command first checks which node takes writes, and refuses unless exactly one other node " +
          "does. Then it sets the key reclone in the stack file to a new value and deploys. Other changes of the stack file are " +
          "deployed too.",
      )
      .argument("<node...>", "nodes that do not lead, such as pg2")
      .requiredOption("-s, --stack <name>", "the Pulumi stack")
      .option("--give-up-rows", "also a node that was promoted: rows that only it has are set aside with its data")
      .option("--config-only", "set the value in the stack file and deploy nothing")
      .addHelpText("after", codesHelp)
      .action((nodes, given) => finish(reclone([...new Set(nodes)], given, io, world)));
}

interface RecloneOptions {
  readonly stack: string;
  readonly giveUpRows?: boolean | undefined;
  readonly configOnly?: boolean | undefined;
}

async function reclone(
  nodes: readonly string[],
  { stack: given, giveUpRows: givesUpRows = false, configOnly = false }: RecloneOptions,
  io: CommandIo,
  world: RecloneWorld,
): Promise<number> {
  const { given: stack, name } = stackNamed(given, world.root);
  const { plan, named, ignored } = readStack(world.root, name);
  warnOf(ignored, io);
  const deployed = await deployedNodes(stack, io.signal, world.run);
  refuseUnknown(stack, nodes, plan, deployed);
  const names = [...new Set([...plan.nodes.map(({ name }) => name), ...deployed])];
  const { views, leaders } = await world.look(plan, names, nodes);
  const refusals = recloneRefusals({ nodes, stack, givesUpRows }, views, leaders);
  if (refusals.length > 0) throw new UserError(refusals.map((refusal) => ({ where: `stack ${stack}`, ...refusal })));
  const word = wordOf(world.now());
  const key = named["reclone"] ?? "pgstack:reclone";
  for (const node of nodes) {
    const code = await world.pulumi(["config", "set", "--path", `${key}.${node}`, word, "--stack", stack], io, true);
    io.signal.throwIfAborted();
    if (code !== 0) throw new UserError([{ where: `stack ${stack}`, problem: "pulumi config set failed", fix: "see its message above" }]);
    io.out(`Pulumi.${name}.yaml: ${key}.${node}: ${word}\n`);
  }
  if (configOnly) {
    io.out(`nothing is deployed yet. See what it does, then deploy: ./pgstack preview --stack ${stack}; pulumi up --stack ${stack}\n`);
    return commonExitCodes.ok;
  }
  const code = await world.pulumi(upArguments(stack, nodes, views), io, false);
  io.signal.throwIfAborted();
  if (code !== 0) {
    io.err(`${stack}: the deployment failed. Fix what Pulumi reports, then: pulumi up --stack ${stack}\n`);
    return failedExitCode;
  }
  io.out(report(name, nodes, plan, sourceOf(nodes, views)?.name ?? "the leader"));
  return commonExitCodes.ok;
}

/** Not in a format that YAML parses as a time: a tool that writes the file without quotes would change the value. */
function wordOf(now: Date): string {
  return `${now.toISOString().replaceAll(/[-:]/g, "").slice(0, 15)}Z`;
}

/** A container that is gone, or another node's that is stopped, is known to Pulumi only after a refresh. */
function upArguments(stack: string, nodes: readonly string[], views: readonly NodeView[]): readonly string[] {
  const isAway = ({ name, state }: NodeView): boolean => state === "absent" || (state === "stopped" && !nodes.includes(name));
  return ["up", "--stack", stack, "--yes", "--skip-preview", ...(views.some(isAway) ? ["--refresh"] : [])];
}

const preflightInputs = z.object({ nodes: z.array(z.object({ name: z.string() })) });

/** As the preflight of the next deployment compares: its inputs of the last one. */
async function deployedNodes(stack: string, signal: AbortSignal, run: RunProgram): Promise<readonly string[]> {
  const { resources } = await stackState(stack, signal, run);
  const found = preflightInputs.safeParse(resources.find(({ type }) => type === "pgstack:index:Preflight")?.inputs);
  if (!found.success)
    throw new UserError([
      { where: `stack ${stack}`, problem: "it is not deployed, or not completely", fix: `deploy it: pulumi up --stack ${stack}` },
    ]);
  return found.data.nodes.map(({ name }) => name);
}

function refuseUnknown(stack: string, nodes: readonly string[], plan: ClusterPlan, deployed: readonly string[]): void {
  const declared = plan.nodes.map(({ name }) => name);
  const where = `stack ${stack}`;
  const unknown = nodes.filter((node) => !declared.includes(node));
  const fresh = nodes.filter((node) => declared.includes(node) && !deployed.includes(node));
  const problems = [
    ...unknown.map((node) => ({
      where,
      problem: `it has no node ${node}${didYouMean(node, declared)}`,
      fix: `one of ${declared.join(", ")}`,
    })),
    ...fresh.map((node) => ({
      where,
      problem: `${node} is not deployed yet`,
      fix: `the next deployment clones it: pulumi up --stack ${stack}`,
    })),
  ];
  if (problems.length > 0) throw new UserError(problems);
}

async function look(plan: ClusterPlan, names: readonly string[], toClone: readonly string[]): Promise<Looked> {
  const { host } = plan.engine;
  try {
    const engine = await connectEngine(host);
    const views = await lookAtNodes(engine, names, plan.prefix);
    const held = await Promise.all(
      plan.nodes
        .filter(({ name }) => toClone.includes(name))
        .map(async (node) => ((await isLeaders(engine, node, views)) ? [node.name] : [])),
    );
    return { views, leaders: new Set(held.flat()) };
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    const problem = `the Docker engine there cannot be reached, so it is not known which node leads: ${(error as Error).message}`;
    throw new UserError([{ where: host, problem, fix: "start it, or check dockerHost in stack config" }]);
  }
}

/** Known from a node that answers; for others, from its volume. */
async function isLeaders(engine: Engine, { name, dataVolume }: ClusterPlan["nodes"][number], views: readonly NodeView[]): Promise<boolean> {
  const state = views.find((view) => view.name === name)?.state;
  if (state === "writable") return true;
  if (state === "recovery") return false;
  return (await lookIntoVolume(engine, dataVolume))?.isLeaders ?? false;
}

function report(stack: string, nodes: readonly string[], plan: ClusterPlan, source: string): string {
  const kept = plan.nodes
    .filter(({ name }) => nodes.includes(name))
    .map(({ container }) => `  docker exec ${container} sh -c 'ls -d /var/lib/postgresql/data/pgdata.aside-*'\n`)
    .join("");
  return (
    `${stack}: ${nodes.join(", ")} re-cloned from ${source}. Keep Pulumi.${stack}.yaml as it is: each value is used only once.\n` +
    `The old data stays in the volume until you remove it:\n${kept}`
  );
}
