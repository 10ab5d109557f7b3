import type { Engine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { PoolerConsole } from "../../src/pgbouncer/console.ts";
import type { Pooler } from "../service/access.ts";

/** Whether the pooler runs and answers: otherwise it has no clients that must not be interrupted. */
export async function isServing(engine: Engine, pooler: Pooler): Promise<boolean> {
  if (!(await isRunning(engine, pooler.container))) return false;
  try {
    await PoolerConsole.with(pooler, (console) => console.routes());
    return true;
  } catch {
    return false;
  }
}
