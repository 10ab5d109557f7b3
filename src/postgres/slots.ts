import { sqlLiteral } from "../formats/escape.ts";

/** Makes a physical slot that keeps WAL from now on, unless it is there. The answer is `made`, or nothing. */
export function makeSlotSql(slot: string): string {
  return `select 'made' from pg_create_physical_replication_slot(${sqlLiteral(slot)}, true)
     where not exists (select from pg_replication_slots where slot_name = ${sqlLiteral(slot)});`;
}
