import type { Change, Labels } from "./series.ts";
import { always, gone, turns } from "./series.ts";

/** What faults do to the series: each takes every sign of a fault with it, so that a case shows all alerts that it brings about. */

export const set = (metric: string, labels: Labels, values: Change["values"]): Change => ({ metric, labels, values });
export const without = (metric: string, labels: Labels = {}): Change => ({ metric, labels, values: undefined });

/** Metrics of a server through its exporter, which are missing while it does not answer. */
const ofServer = "pgstack_.*|pg_stat_database_deadlocks";

/** The leader's view of a replica whose stream has ended. */
export function streamEnds(replica: string, left: number): readonly Change[] {
  return [
    set("pgstack_slot_active", { slot: replica }, turns(1, 0)),
    set("pgstack_replica_replay_behind_bytes", { replica }, gone),
    set("pgstack_replicas_streaming", {}, turns(left + 1, left)),
  ];
}

/** A server stops; its exporter continues. */
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

/** A process of the pooler stops, or all without labels; exporters continue. */
export function processStops(labels: Labels = {}): readonly Change[] {
  return [set("pgbouncer_up", labels, turns(1, 0)), set("pgbouncer_(?!up).*", labels, gone)];
}

/** A server goes away for one scrape, and comes back. */
export const blip = `1x7 0 ${always(1)}`;

/** A replica is promoted; what it says about its own replicas is not part of it. */
export function takesOver(replica: string): readonly Change[] {
  return [
    set("pgstack_node_in_recovery", { node: replica }, turns(1, 0)),
    set("pgstack_node_timeline", { node: replica }, turns(1, 2)),
    set("pgstack_(receiver_.*|node_replay_paused)", { node: replica }, gone),
  ];
}
