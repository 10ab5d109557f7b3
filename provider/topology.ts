import { poll } from "../src/deadline.ts";
import type { Engine } from "../src/engine/connect.ts";
import { UserError } from "../src/errors.ts";
import type { Server } from "../src/postgres/endpoint.ts";
import { nodeOfContainer } from "../src/plan/names.ts";
import { lookAtNodes } from "../src/topology/look.ts";
import type { Topology } from "../src/topology/topology.ts";
import { topologyOf } from "../src/topology/topology.ts";
import type { NodeView } from "../src/topology/view.ts";
import { leadershipPage, statesText, twoLeaders } from "../src/topology/words.ts";
import type { Context } from "./kind.ts";
import { publishedNow } from "./service/published.ts";

/** A stack's nodes on an engine: those that have a container, whatever stack config says of them. */
export interface Members {
  readonly engine: Engine;
  /** `<project>-<stack>` */
  readonly prefix: string;
}

/** How long a leader that is starting is waited for, in milliseconds. */
const leaderMs = 10_000;

/** What preflight saw in this run, by prefix: later decisions of the same run need not ask all nodes again. */
const seenThisRun = new Map<string, Topology>();

export function rememberTopology(prefix: string, topology: Topology): void {
  seenThisRun.set(prefix, topology);
}

/** Undefined where preflight has not asked, as for a new cluster. */
export function topologySeen(prefix: string): Topology | undefined {
  return seenThisRun.get(prefix);
}

/** Names of a stack's nodes that have a container, running or not. */
export async function memberNames({ engine, prefix }: Members): Promise<readonly string[]> {
  const containers = await engine.listContainers({ all: true, filters: { name: [prefix] } });
  return containers
    .flatMap(({ Names }) => Names.map((name) => nodeOfContainer(prefix, name.replace(/^\//, ""))))
    .filter((name) => name !== undefined)
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** Who leads at this moment. */
export async function topologyNow(members: Members): Promise<Topology> {
  return topologyOf(await lookAtNodes(members.engine, await memberNames(members), members.prefix));
}

/**
 * The node that takes writes. One that is starting is waited for.
 *
 * @returns undefined when none does: no node runs, or none took writes within ten seconds
 * @throws UserError when two nodes take writes
 */
export async function findLeader(context: Context, members: Members, timeoutMs = leaderMs): Promise<Topology> {
  let seen = await topologyNow(members);
  await poll(
    async () => {
      if (seen.leader !== undefined || seen.writable.length > 1 || !mayCome(seen)) return true;
      seen = await topologyNow(members);
      return undefined;
    },
    { everyMs: 200, timeoutMs, signal: context.signal },
  );
  if (seen.writable.length > 1) throw new UserError([twoLeaders(seen.writable)]);
  return seen;
}

/** A node that is down or refuses starts no server by itself. */
function mayCome({ members }: Topology): boolean {
  return members.some(({ state }) => state === "silent" || state === "recovery");
}

/** The other node that takes writes, with the address at which this machine reaches it. */
export type Other = { readonly name: string; readonly address: Server } | { readonly name: undefined; readonly seen: string };

/** @param accessHost - the host at which published ports are reached */
export async function otherLeader({ engine, prefix }: Members, name: string, accessHost: string): Promise<Other> {
  const others = (await memberNames({ engine, prefix })).filter((other) => other !== name);
  const { members, writable } = topologyOf(await lookAtNodes(engine, others, prefix));
  const [leader] = writable;
  if (leader === undefined) return { name: undefined, seen: statesText(members) };
  return { name: leader.name, address: await publishedNow(engine, leader.container, { host: accessHost, port: 0 }) };
}

/** The leader. @throws UserError when no node takes writes, or two do */
export async function requireLeader(context: Context, members: Members, purpose: string): Promise<NodeView> {
  const { leader, members: seen } = await findLeader(context, members);
  if (leader !== undefined) return leader;
  throw new UserError([
    {
      where: members.prefix,
      problem: `no node takes writes (${statesText(seen)}), so ${purpose}`,
      fix: `start the node that led last, then deploy again. Which one that is: ${leadershipPage}`,
    },
  ]);
}
