import type { Engine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import type { RunningProcess } from "../../src/pgbouncer/console.ts";
import { PoolerConsole } from "../../src/pgbouncer/console.ts";
import type { PoolerAccess, PoolerProcess } from "../../resources/parts.ts";

type Consoles = Pick<PoolerAccess, "processes" | "password">;

/** Those of the pooler's processes that run. */
export async function runningProcesses(engine: Engine, { processes }: Pick<Consoles, "processes">): Promise<readonly PoolerProcess[]> {
  const running = await Promise.all(processes.map(({ container }) => isRunning(engine, container)));
  return processes.filter((_, index) => running[index] === true);
}

/** What is done on the console of every process that runs. @throws when one of them does not answer */
export async function onConsoles<T>(
  engine: Engine,
  pooler: Consoles,
  work: (console: PoolerConsole, process: PoolerProcess) => Promise<T>,
  timeoutMs?: number,
): Promise<readonly T[]> {
  const running = await runningProcesses(engine, pooler);
  const { password } = pooler;
  return Promise.all(
    running.map((process) => PoolerConsole.with({ ...process, password }, (console) => work(console, process), timeoutMs)),
  );
}

/** The routes of every process that runs. */
export function routesOn(engine: Engine, pooler: Consoles): Promise<readonly RunningProcess[]> {
  return onConsoles(engine, pooler, async (console, { number }) => ({ number, routes: await console.routes() }));
}

/**
 * Whether any process answers: otherwise the pooler has no clients that must not be interrupted. What is done to all of them then fails
 * for one that runs and does not answer.
 */
export async function isServing(engine: Engine, pooler: Consoles): Promise<boolean> {
  return (await answers(engine, pooler)).includes(true);
}

/** Whether any process runs, and all that run answer. */
export async function allServe(engine: Engine, pooler: Consoles): Promise<boolean> {
  const all = await answers(engine, pooler);
  return all.length > 0 && !all.includes(false);
}

async function answers(engine: Engine, pooler: Consoles): Promise<readonly boolean[]> {
  const { password } = pooler;
  return Promise.all(
    (await runningProcesses(engine, pooler)).map((process) =>
      PoolerConsole.with({ ...process, password }, (console) => console.routes()).then(
        () => true,
        () => false,
      ),
    ),
  );
}
