import { UserError } from "../../errors.ts";
import type { Problem } from "../../errors.ts";
import { waitingOf } from "../../rollout/pending.ts";
import { restartOrder } from "../../rollout/restarts.ts";
import type { PendingNode } from "../../rollout/pending.ts";
import type { Topology } from "../../topology/topology.ts";
import { twoLeaders } from "../../topology/words.ts";
import { refusedFiles } from "./nodes.ts";
import type { SetupSpec } from "./spec.ts";
import type { SetupWorld } from "./world.ts";

/** A busy node may once not answer in time. */
const looks = 3;
const betweenMs = 500;

const again = "Then: docker compose up -d --wait";

/**
 * Looks at the whole cluster once more, whatever was done before: one node leads and all others follow it, every server runs with
 * the files that it was given, and roles and databases are as declared.
 *
 * @throws UserError with everything that is not so
 */
export async function prove(world: SetupWorld, spec: SetupSpec, leader: string): Promise<void> {
  for (let look = 1; ; look += 1) {
    const problems = await problemsOf(world, spec, leader);
    if (problems.length === 0) return;
    if (look === looks) throw new UserError(problems);
    await world.sleep(betweenMs);
  }
}

async function problemsOf(world: SetupWorld, spec: SetupSpec, leader: string): Promise<readonly Problem[]> {
  const part = leadershipProblems(await world.look(), leader);
  if (part.length > 0) return part;
  const files = (await Promise.all(spec.nodes.map((node) => fileProblems(world, node)))).flat();
  // A server that does not accept its files would not come back from a restart.
  const restarts = files.length > 0 ? [] : await restartProblems(world, spec);
  return [...files, ...restarts, ...(await roleProblems(world, leader))];
}

function leadershipProblems({ members, writable }: Topology, leader: string): readonly Problem[] {
  if (writable.length > 1) return [twoLeaders(writable)];
  return members.flatMap(({ name, state, follows }) => {
    const role = name === leader ? "writable" : "recovery";
    if (state === role && (name === leader || follows === leader)) return [];
    const problem =
      state !== role ? `it ${stateText[state] ?? "does not run"}` : `it follows ${follows ?? "no node"}, and ${leader} takes writes`;
    return [{ where: name, problem, fix: `see its log: docker compose logs ${name}. ${again}` }];
  });
}

const stateText: Readonly<Partial<Record<Topology["members"][number]["state"], string>>> = {
  writable: "takes writes now",
  recovery: "no longer takes writes",
  silent: "does not answer any more",
  refused: "refuses to start",
};

async function fileProblems(world: SetupWorld, node: string): Promise<readonly Problem[]> {
  const problems = await world.fileErrors(node);
  return problems === "" ? [] : [refusedFiles(node, problems)];
}

async function restartProblems(world: SetupWorld, spec: SetupSpec): Promise<readonly Problem[]> {
  const nodes = await Promise.all(spec.nodes.map((node) => world.pending(node)));
  const order = restartOrder(nodes.map(waitingOf));
  if (order.length === 0) return [];
  return [
    {
      where: order.join(", "),
      problem: `runs with other settings than postgresql.conf has, and only a restart changes them: ${settingsText(nodes)}`,
      fix: `${restartText(order, nodes)}. ${again}`,
    },
  ];
}

/** A replica can have a lowered limit only once it has replayed that the leader has it, which the next run sees. */
function restartText(order: readonly string[], nodes: readonly PendingNode[]): string {
  const [first = "", ...others] = order;
  const command = (node: string): string => `docker compose restart ${node}`;
  if (others.length === 0) return `${command(first)}, which ends its sessions`;
  if (nodes.find(({ node }) => node === first)?.role !== "leader")
    return `one after the other, which ends sessions: ${order.map(command).join(", then ")}`;
  return `${command(first)}, which ends its sessions; ${others.join(", ")} after that, when this is said again`;
}

/** Each setting once, with the nodes' values. */
function settingsText(nodes: readonly PendingNode[]): string {
  const texts = nodes.flatMap(({ pending }) =>
    pending.map(({ name, running, wanted }) => (wanted === running ? name : `${name} (${running}, the file has ${wanted})`)),
  );
  return [...new Set(texts)].join(", ");
}

async function roleProblems(world: SetupWorld, leader: string): Promise<readonly Problem[]> {
  const drift = await world.rolesDrift(leader);
  if (drift === "") return [];
  return [
    { where: leader, problem: `roles or databases are not as declared: ${drift}`, fix: `docker compose up -d --wait sets them right` },
  ];
}
