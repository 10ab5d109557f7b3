import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { readVolumeFile, writeVolumeFiles } from "../../src/engine/volume-files.ts";
import { UserError } from "../../src/errors.ts";
import { PoolerConsole } from "../../src/pgbouncer/console.ts";
import type { RunningRoute, ServerConnection } from "../../src/pgbouncer/console.ts";
import { routesOf, withNode, withoutNode } from "../../src/pgbouncer/rotation.ts";
import type { Context } from "../kind.ts";
import type { Pooler, ServiceNode } from "./access.ts";
import { reloadQuietly } from "./quiet.ts";
import { isServing } from "./serving.ts";
import { longestQueries } from "./sessions.ts";

const file = "pgbouncer.ini";

const reloadTimeoutMs = 10_000;

/**
 * Takes a replica out of every route and waits until the pooler has no connection to it: reads that run end first. Nothing
 * happens without a running pooler.
 *
 * @throws UserError when reads do not end in time; the replica is back in rotation then
 */
export async function drain(context: Context, engine: Engine, pooler: Pooler, node: ServiceNode, leader: string): Promise<void> {
  if (!(await isServing(engine, pooler))) return;
  context.status(`taking ${node.name} out of rotation`);
  await edit(context, engine, pooler, (ini) => withoutNode(ini, node.name, leader));
  let left: readonly ServerConnection[] = [];
  const drained = await poll(
    async () => {
      left = (await PoolerConsole.with(pooler, (console) => console.servers())).filter(({ address }) => address === node.networkAddress);
      return left.length === 0 ? true : undefined;
    },
    { everyMs: 50, timeoutMs: pooler.drainTimeoutS * 1000, signal: context.signal },
  );
  if (drained === true) return;
  const queries = await longestQueries(engine, node.container);
  await putBack(context, engine, pooler, node);
  throw new UserError([
    {
      where: node.name,
      problem: `reads on it did not end within ${pooler.drainTimeoutS} s, so it was not touched: ${queries}`,
      fix: "deploy again when they have ended, or end them: select pg_terminate_backend(<pid>) on that node",
    },
  ]);
}

/** Puts a node back into the routes that are declared to use it. */
export async function putBack(context: Context, engine: Engine, pooler: Pooler, node: ServiceNode): Promise<void> {
  if (!(await isServing(engine, pooler))) return;
  await edit(context, engine, pooler, (ini) => withNode(ini, node.name, pooler.routes));
}

/**
 * Whether a pooler that runs leaves a node out of a route that is declared to use it: what an interrupted change leaves. One
 * that does not answer tells nothing.
 */
export async function isOutOfRotation(pooler: Pooler, node: ServiceNode): Promise<boolean> {
  try {
    const running = await PoolerConsole.with(pooler, (console) => console.routes());
    return running.some(({ name, hosts }) => pooler.routes[name]?.hosts.includes(node.name) === true && !hosts.includes(node.name));
  } catch {
    return false;
  }
}

/** Changes the pooler's file and has it read it; nothing when the change is none. */
async function edit(context: Context, engine: Engine, pooler: Pooler, change: (ini: string) => string): Promise<void> {
  const before = await readVolumeFile(engine, pooler.configVolume, pooler.image, file);
  if (before === undefined) return;
  const after = change(before);
  if (after === before) return;
  await writeVolumeFiles(engine, pooler.configVolume, pooler.image, [{ path: file, content: after, mode: 0o644 }]);
  if (!(await reloadQuietly(context, engine, pooler))) return;
  const wanted = routesOf(after);
  const taken = await poll(
    async () => {
      const routes = await PoolerConsole.with(pooler, (console) => console.routes());
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
