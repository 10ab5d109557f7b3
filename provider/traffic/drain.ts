import { poll } from "../../src/deadline.ts";
import { UserError } from "../../src/errors.ts";
import type { RunningRoute, ServerConnection } from "../../src/pgbouncer/console.ts";
import { routesOf, withNode, withoutNode } from "../../src/pgbouncer/rotation.ts";
import type { ServiceNode } from "../service/access.ts";
import { longestQueries } from "./sessions.ts";
import type { Traffic } from "./world.ts";

/** Where a node may be listed. */
interface Listed {
  readonly world: Pick<Traffic["world"], "routes">;
  readonly pooler: Pick<Traffic["pooler"], "routes">;
}

const reloadTimeoutMs = 10_000;

/**
 * Takes a replica out of every route and waits until the pooler has no connection to it: running reads end first. Nothing
 * happens without a running pooler.
 *
 * @throws UserError when reads do not end in time; the replica is then back in rotation
 */
export async function drain(traffic: Traffic, node: ServiceNode, leader: string): Promise<void> {
  const { context, world, pooler } = traffic;
  if (!(await world.isServing())) return;
  context.status(`taking ${node.name} out of rotation`);
  await edit(traffic, (ini) => withoutNode(ini, node.name, leader));
  let left: readonly ServerConnection[] = [];
  const drained = await poll(
    async () => {
      left = (await world.servers()).filter(({ address }) => address === node.networkAddress);
      return left.length === 0 ? true : undefined;
    },
    { everyMs: 50, timeoutMs: pooler.drainTimeoutS * 1000, signal: context.signal },
  );
  if (drained === true) return;
  const queries = await longestQueries(world, node.container).catch(() => "it does not say which");
  await putBack(traffic, node);
  throw new UserError([
    {
      where: node.name,
      problem: `reads on it did not end within ${pooler.drainTimeoutS} s, so it was not touched: ${queries}`,
      fix: "deploy again when they have ended, or end them: select pg_terminate_backend(<pid>) on that node",
    },
  ]);
}

/** Puts a node back into the routes that are declared to use it. */
export async function putBack(traffic: Traffic, node: ServiceNode): Promise<void> {
  if (!(await traffic.world.isServing())) return;
  await edit(traffic, (ini) => withNode(ini, node.name, traffic.pooler.routes));
}

/**
 * Whether a running pooler leaves a node out of a route that is declared to use it: an interrupted change leaves that. For one
 * that does not answer this is unknown.
 */
export async function isOutOfRotation({ world, pooler }: Listed, node: ServiceNode): Promise<boolean> {
  try {
    const running = await world.routes();
    return running.some(({ name, hosts }) => pooler.routes[name]?.hosts.includes(node.name) === true && !hosts.includes(node.name));
  } catch {
    return false;
  }
}

/** Changes the pooler's file and has it read it; nothing when the change is none. */
async function edit({ context, world, pooler }: Traffic, change: (ini: string) => string): Promise<void> {
  const before = await world.readFile();
  if (before === undefined) return;
  const after = change(before);
  if (after === before) return;
  await world.writeFile(after);
  if (!(await world.reload())) return;
  const wanted = routesOf(after);
  const taken = await poll(
    async () => {
      const routes = await world.routes();
      return routes.every((route) => usesHosts(route, wanted)) ? true : undefined;
    },
    { everyMs: 50, timeoutMs: reloadTimeoutMs, signal: context.signal },
  );
  if (taken === true) return;
  throw new UserError([
    {
      where: pooler.container,
      problem: `it did not take its routes within ${reloadTimeoutMs / 1000} s`,
      fix: `see its log: docker logs ${pooler.container}`,
    },
  ]);
}

function usesHosts({ name, hosts }: RunningRoute, wanted: ReadonlyMap<string, readonly string[]>): boolean {
  const declared = wanted.get(name);
  return declared === undefined || declared.join(",") === hosts.join(",");
}
