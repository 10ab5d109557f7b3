import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { runSql, SqlError } from "../../src/engine/psql.ts";
import type { Context } from "../kind.ts";

/**
 * Waits until replicas have replayed up to `lsn`. A replica that does not run or answer has no clients, and is not waited for.
 *
 * @returns the replicas that have not when the time is over
 */
export async function awaitReplay(
  context: Context,
  engine: Engine,
  replicas: readonly string[],
  lsn: string,
  timeoutMs: number,
): Promise<readonly string[]> {
  let left = replicas;
  await poll(
    async () => {
      const behind = await Promise.all(left.map((container) => isBehind(engine, container, lsn)));
      left = left.filter((_, index) => behind[index]);
      return left.length === 0 ? true : undefined;
    },
    { everyMs: 50, timeoutMs, signal: context.signal },
  );
  return left;
}

async function isBehind(engine: Engine, container: string, lsn: string): Promise<boolean> {
  if (!(await isRunning(engine, container))) return false;
  try {
    return (await runSql(engine, container, `select pg_last_wal_replay_lsn() < '${lsn}';`)) === "t";
  } catch (error) {
    if (error instanceof SqlError) return false;
    throw error;
  }
}
