import { z } from "zod";

import { poll } from "../../src/deadline.ts";
import { connectEngine } from "../../src/engine/connect.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { runSql, SqlError } from "../../src/engine/psql.ts";
import { sqlLiteral } from "../../src/formats/escape.ts";
import { parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";

const inputs = z.object({
  host: z.string(),
  /** The leader's container. */
  container: z.string(),
  slot: z.string(),
  /** Named when the slot is dropped: the volume stays. */
  dataVolume: z.string(),
});

/** How long the leader may take to notice that a replica is gone (its `wal_sender_timeout` is 10 s). */
const releaseTimeoutMs = 20_000;

/**
 * A replica's slot on the leader. The replica's container depends on it, so on scale-down it is dropped after the container.
 * WAL is kept from the moment that the slot exists, so a clone that starts later finds all it needs.
 */
export const replicationSlot: Kind = {
  apply: async (context, properties) => {
    const { host, container, slot } = parseInputs(inputs, properties);
    const engine = await connectEngine(host);
    await runSql(
      engine,
      container,
      `select from pg_create_physical_replication_slot(${sqlLiteral(slot)}, true)
         where not exists (select from pg_replication_slots where slot_name = ${sqlLiteral(slot)});`,
      "postgres",
      context.signal,
    );
    return {};
  },

  read: async (_context, stored) => {
    const { host, container, slot } = parseInputs(inputs, stored);
    const engine = await connectEngine(host);
    if (!(await isRunning(engine, container))) return {};
    try {
      return (await slotExists(engine, container, slot)) ? {} : undefined;
    } catch (error) {
      // A start script that refuses to start is restarted repeatedly.
      if (error instanceof SqlError && error.isUnreachable) return {};
      throw error;
    }
  },

  remove: async (context, stored) => {
    const { host, container, slot, dataVolume } = parseInputs(inputs, stored);
    const engine = await connectEngine(host);
    context.log("info", `the data of ${slot} stays in the volume ${dataVolume}`);
    const dropped = await poll(() => drop(engine, container, slot), { everyMs: 200, timeoutMs: releaseTimeoutMs, signal: context.signal });
    if (dropped === undefined) {
      context.log(
        "warning",
        `slot ${slot} is still in use and stays; it keeps at most slotWalCap of WAL. Drop it on the leader: select pg_drop_replication_slot('${slot}')`,
      );
    }
  },
};

async function slotExists(engine: Engine, container: string, slot: string): Promise<boolean> {
  return (await runSql(engine, container, `select 1 from pg_replication_slots where slot_name = ${sqlLiteral(slot)};`)) === "1";
}

/** True once there is nothing left to drop; undefined while a sender holds the slot. If the leader is gone, so is the slot. */
async function drop(engine: Engine, container: string, slot: string): Promise<true | undefined> {
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
    // The server does not answer: nothing to drop now, and a destroy must not fail for it.
    if (error instanceof SqlError) return true;
    throw error;
  }
}
