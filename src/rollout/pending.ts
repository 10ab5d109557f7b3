import type { NodeRole } from "../node-role.ts";
import type { Waiting } from "./restarts.ts";
import { isLowered, standbyLimited } from "./standby-limits.ts";

/** A setting of which a server runs with another value than its file has: only a restart changes that. */
export interface PendingSetting {
  readonly name: string;
  /** In the setting's base unit, as far as it is a number. */
  readonly running: string;
  readonly wanted: string;
}

/** What waits for a restart on one node. */
export interface PendingNode {
  readonly node: string;
  /** Undefined for a node that is down. */
  readonly role: NodeRole | undefined;
  readonly pending: readonly PendingSetting[];
}

/** The same as the order of restarts looks at it. */
export function waitingOf({ node, role, pending }: PendingNode): Waiting {
  return { node, role, any: pending.some((setting) => !isLowered(setting)), lowered: pending.some(isLowered) };
}

/** A setting that may wait for a restart, as a server tells it. */
export interface PendingRow {
  readonly name: string;
  readonly running: string;
  /** Whether the server itself says that it waits. */
  readonly marked: boolean;
}

/** Rows of `PendingRow`, for any role in pg_monitor. A replica's larger value from its start script's command line is among them. */
export const pendingSql = `
  select name, setting as running, pending_restart as marked from pg_settings
   where pending_restart or (source = 'command line' and name in (${standbyLimited.map((name) => `'${name}'`).join(", ")}))`;

/**
 * What waits for a restart on a server.
 *
 * @param settings - declared settings that only a restart changes
 */
export function pendingSettings(rows: readonly PendingRow[], settings: Readonly<Record<string, string>>): readonly PendingSetting[] {
  return rows.flatMap(({ name, running, marked }) => {
    const wanted = settings[name] ?? running;
    return marked || wanted !== running ? [{ name, running, wanted }] : [];
  });
}
