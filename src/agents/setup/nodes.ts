import { UserError } from "../../errors.ts";
import type { Problem } from "../../errors.ts";
import type { SetupSpec } from "./spec.ts";
import type { Attempt } from "./wait.ts";
import { waitFor } from "./wait.ts";
import type { SetupWorld } from "./world.ts";

/** Between two attempts to have a replica stream, in milliseconds. */
const nudgeMs = 1000;

/** How a server answers that is not there. */
export const notUp = "it is not up yet";

/** Has a node read its files again. @throws UserError when it does not accept them */
export async function reloadNode(world: SetupWorld, node: string): Promise<void> {
  const problems = await world.reload(node);
  if (problems === undefined)
    throw new UserError([
      {
        where: node,
        problem: "it did not read its files again",
        fix: `see its log: docker compose logs ${node}. Then: docker compose up -d --wait`,
      },
    ]);
  if (problems !== "") throw new UserError([refusedFiles(node, problems)]);
}

/** Files that a server runs without. */
export function refusedFiles(node: string, problems: string): Problem {
  return {
    where: node,
    problem: `it does not accept its files: ${problems}`,
    fix:
      "it still runs with the old ones, and would not start with these: do not restart it before that is done.\n" +
      "Correct the setting in the stack file, render the bundle again, then: docker compose up -d --wait",
  };
}

/** Waits until a replica streams and has what the leader has, then has it read its files again. */
export async function bringReplica(world: SetupWorld, spec: SetupSpec, node: string, leader: string): Promise<void> {
  // All replicas at once: together they ask ten times a second.
  const everyMs = 100 * Math.max(1, spec.nodes.length - 1);
  let nudgedAt = Number.NEGATIVE_INFINITY;
  let more = "";
  const attempt = async (): Promise<Attempt<true>> => {
    const readiness = await world.readiness(node, leader);
    if (readiness.state === "ready") return { done: true };
    if (readiness.state === "wrong") throw neverReady(node, readiness.reason);
    if (world.now() - nudgedAt >= nudgeMs) {
      nudgedAt = world.now();
      more = await help(world, node, leader, readiness.reason);
    }
    return { state: `${readiness.reason}${more}` };
  };
  await waitFor(world, { who: node, nodes: [node], patienceS: spec.patienceS, everyMs }, attempt);
  await reloadNode(world, node);
  world.say(`${node} streams from ${leader}`);
}

/** What is added to the reason of a wait. */
async function help(world: SetupWorld, node: string, leader: string, reason: string): Promise<string> {
  if (reason === notUp) {
    // While it is copied, the leader knows how far it is.
    const copied = await world.copiedMb(node, leader);
    return copied === undefined ? "" : `; ${copied} MB copied`;
  }
  try {
    await world.follow(node, leader);
    return "";
  } catch (error) {
    return `; it cannot be told to follow ${leader}: ${(error as Error).message}`;
  }
}

function neverReady(node: string, reason: string): UserError {
  return new UserError([
    {
      where: node,
      problem: `not ready: ${reason}`,
      fix: `nothing was changed. See docs/faults.md, and its log: docker compose logs ${node}. Then: docker compose up -d --wait`,
    },
  ]);
}
