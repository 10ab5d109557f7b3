import { poll } from "../../src/deadline.ts";
import { UserError } from "../../src/errors.ts";
import type { ServerConnection } from "../../src/pgbouncer/console.ts";
import type { Routes } from "../../src/pgbouncer/routes.ts";
import { byDeployment, ledBy, withDrained, withoutDrained } from "../../src/pgbouncer/routes.ts";
import type { ServiceNode } from "../../resources/parts.ts";
import type { KnownNode } from "../service/known-node.ts";
import { changeRoutes } from "./routes.ts";
import { longestQueries } from "./sessions.ts";
import type { Traffic, TrafficWorld } from "./world.ts";

/**
 * Takes a replica out of every route and waits until the pooler has no connection to it: running reads end first. Nothing
 * happens without a running pooler.
 *
 * @throws UserError when reads do not end in time; the replica is then back in rotation
 */
export async function drain(traffic: Traffic, node: KnownNode): Promise<void> {
  const { context, world, pooler } = traffic;
  if (!(await world.isServing())) return;
  context.status(`taking ${node.name} out of rotation`);
  await changeRoutes(traffic, (routes) => withDrained(routes, node.name, byDeployment));
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

/** Lets a replica back into the routes, or has writes lead to the leader that a node has become. */
export async function putBack(traffic: Traffic, { name, role }: KnownNode): Promise<void> {
  if (!(await traffic.world.isServing())) return;
  const change = (routes: Routes): Routes =>
    role === "leader" ? ledBy(routes, name, byDeployment) : withoutDrained(routes, name, byDeployment);
  await changeRoutes(traffic, change, "leave");
}

/** Whether a running pooler leads to a replica by none of its routes: an interrupted change leaves that. Unknown for one that does not answer. */
export async function isOutOfRotation(world: Pick<TrafficWorld, "processes">, { name }: ServiceNode): Promise<boolean> {
  try {
    const running = await world.processes();
    return running.length > 0 && running.every(({ routes }) => routes.every(({ host }) => host !== name));
  } catch {
    return false;
  }
}
