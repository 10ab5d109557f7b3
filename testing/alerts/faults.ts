import type { Change, Labels } from "./series.ts";
import { always, gone, turns } from "./series.ts";

/** What faults do to the series: each takes every sign of a fault with it, so that a case shows all alerts that it brings about. */

export const set = (metric: string, labels: Labels, values: Change["values"]): Change => ({ metric, labels, values });
export const without = (metric: string, labels: Labels = {}): Change => ({ metric, labels, values: undefined });

/** What a server tells through its exporter, of which nothing is left when it does not answer. */
const ofServer = "pgstack_.*|pg_stat_database_deadlocks";

/** The leader's view of a replica whose stream has ended. */
export function streamEnds(replica: string, left: number): readonly Change[] {
  return [
    set("pgstack_slot_active", { slot: replica }, turns(1, 0)),
    set("pgstack_replica_replay_behind_bytes", { replica }, gone),
    set("pgstack_replicas_streaming", {}, turns(left + 1, left)),
  ];
}

/** A server stops; its exporter goes on. */
export function serverStops(node: string): readonly Change[] {
  return [set("pg_up", { node }, turns(1, 0)), set("pg_exporter_last_scrape_error", { node }, turns(0, 1)), set(ofServer, { node }, gone)];
}

/** A server hangs: its exporter waits for it, and Prometheus for the exporter. */
export function serverHangs(node: string): readonly Change[] {
  return [set("up", { node }, turns(1, 0)), set(`pg_.*|${ofServer}`, { node }, gone)];
}

/** A replica runs, but its stream has ended: no receiver, heartbeats grow old. */
export function receiverStops(replica: string): readonly Change[] {
  return [
    set("pgstack_receiver_streaming", { node: replica }, turns(1, 0)),
    set("pgstack_receiver_message_age_seconds", { node: replica }, gone),
    set("pgstack_heartbeat_age_seconds", { node: replica }, "1x7 1+15x1000000"),
  ];
}

/** A server goes away for one scrape, and comes back. */
export const blip = `1x7 0 ${always(1)}`;
