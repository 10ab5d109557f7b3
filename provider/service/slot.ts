import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { runSql, SqlError } from "../../src/engine/psql.ts";
import { sqlLiteral } from "../../src/formats/escape.ts";
import { makeSlotSql } from "../../src/postgres/slots.ts";

/** How long the leader may take to notice that a replica is gone (its `wal_sender_timeout` is 10 s). */
const releaseTimeoutMs = 20_000;

/** Makes a node's slot on the node that leads, unless it is there. @returns whether it was made */
export async function makeSlot(engine: Engine, leaderContainer: string, slot: string): Promise<boolean> {
  return (await runSql(engine, leaderContainer, makeSlotSql(slot))) === "made";
}

/**
 * Drops the slot of a node that is gone. A leader that does not answer is no reason to fail: then there is nothing to drop now.
 *
 * @returns whether it is gone; false while a sender still holds it
 */
export async function dropSlot(engine: Engine, leaderContainer: string, slot: string, signal: AbortSignal): Promise<boolean> {
  const once = (): Promise<true | undefined> => tryToDrop(engine, leaderContainer, slot);
  return (await poll(once, { everyMs: 200, timeoutMs: releaseTimeoutMs, signal })) === true;
}

/** True once there is nothing left to drop; undefined while a sender holds the slot. */
async function tryToDrop(engine: Engine, container: string, slot: string): Promise<true | undefined> {
  if (!(await isRunning(engine, container))) return true;
  try {
    await runSql(
      engine,
      container,
      `select from (select slot_name from pg_replication_slots where slot_name = ${sqlLiteral(slot)}) s, pg_drop_replication_slot(s.slot_name);`,
    );
    return true;
  } catch (error) {
    if (error instanceof SqlError && error.message.includes("is active for PID")) return undefined;
    if (error instanceof SqlError) return true;
    throw error;
  }
}
