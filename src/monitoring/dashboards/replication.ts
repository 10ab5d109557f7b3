import type { DashboardLimits } from "./limits.ts";
import { below, no, noneOf, yes } from "./limits.ts";
import { inStack, lagSeconds, query, rate, sometimes } from "./query.ts";
import type { CurvesSpec, DashboardSpec, PanelSpec, StatSpec } from "./spec.ts";

/** Whether replicas follow, how far they are behind and what that costs the leader. */
export function replicationDashboard(limits: DashboardLimits): DashboardSpec {
  return {
    uid: "pgstack-replication",
    title: "Replication",
    description: "Whether replicas stream, how far they are behind, and the WAL that the leader keeps for them. Empty without replicas.",
    variables: ["stack"],
    sections: [
      { height: 4, panels: state() },
      { title: "Replica lag", height: 8, panels: lag(limits) },
      { title: "WAL of the leader", height: 8, panels: kept(limits) },
      { title: "Receivers", height: 7, panels: receivers() },
    ],
  };
}

function curve(spec: Omit<CurvesSpec, "kind" | "width"> & { readonly width?: number }): CurvesSpec {
  return { kind: "curves", width: 8, ...spec };
}

function stat(spec: Omit<StatSpec, "kind" | "width">): StatSpec {
  return { kind: "stat", width: 4, ...spec };
}

function state(): readonly PanelSpec[] {
  return [
    stat({
      title: "Replicas missing",
      description: "Declared replicas that do not stream from the leader. Good: 0.",
      unit: "none",
      queries: [query(`max(${inStack("pgstack_replicas_declared")}) - max(${inStack("pgstack_replicas_streaming")})`, "missing")],
      steps: noneOf("red"),
    }),
    stat({
      title: "Slots not active",
      description: "Declared slots that are missing or that no replica reads. The leader keeps WAL for inactive ones. Good: 0.",
      unit: "none",
      queries: [
        query(`count(${inStack("pgstack_slot_declared")} == 1 and ${inStack("pgstack_slot_active")} == 0) or vector(0)`, "not active"),
      ],
      steps: noneOf("red"),
    }),
    stat({
      title: "Slots lost",
      description: "Slots whose WAL is gone or about to go: their replicas must be re-cloned. Good: 0.",
      unit: "none",
      queries: [query(`sum(${inStack("pgstack_slot_lost")}) or vector(0)`, "lost")],
      steps: noneOf("red"),
    }),
    stat({
      title: "Undeclared slots",
      description: "Physical slots that are not declared; the leader keeps WAL for them. Good: 0.",
      unit: "none",
      queries: [query(`count(${inStack("pgstack_slot_declared", 'slot!~"pg_basebackup_.*"')} == 0) or vector(0)`, "not declared")],
      steps: noneOf("orange"),
    }),
    stat({
      title: "Timelines",
      description: "How many different timelines the nodes are on. Good: 1; more means that a node was promoted.",
      unit: "none",
      queries: [query(`count(count_values("timeline", ${inStack("pgstack_node_timeline")}))`, "timelines")],
      steps: [
        { color: "green", from: null },
        { color: "red", from: 2 },
      ],
    }),
    stat({
      title: "Replay paused",
      description: "Replicas whose replay is paused: they receive WAL but show no new rows. Good: 0.",
      unit: "none",
      queries: [query(`sum(${inStack("pgstack_node_replay_paused")}) or vector(0)`, "paused")],
      steps: noneOf("orange"),
    }),
  ];
}

function lag(limits: DashboardLimits): readonly PanelSpec[] {
  return [
    curve({
      title: "Lag",
      description: "How much older the newest row on each replica is than on the leader, by heartbeats. Good: below the dashed lines.",
      unit: "s",
      queries: [sometimes(lagSeconds, "{{node}}")],
      steps: below(limits.ReplicaLagSeconds),
    }),
    curve({
      title: "Heartbeat age",
      description: "How old the newest heartbeat is that each node has. Good: seconds, on all nodes the same.",
      unit: "s",
      queries: [query(inStack("pgstack_heartbeat_age_seconds"), "{{node}}")],
      steps: below(limits.HeartbeatStale),
    }),
    curve({
      title: "Not yet replayed",
      description: "WAL that the leader has written and a replica that streams has not replayed. Good: near 0.",
      unit: "bytes",
      queries: [sometimes(inStack("pgstack_replica_replay_behind_bytes"), "{{replica}}")],
      steps: below(limits.ReplicaLagBytes),
    }),
  ];
}

function kept(limits: DashboardLimits): readonly PanelSpec[] {
  return [
    curve({
      width: 6,
      title: "Retained WAL",
      description:
        "WAL that the leader keeps for each slot, also when its replica is away, and the cap from which the slot is lost. Good: near 0.",
      unit: "bytes",
      queries: [
        sometimes(inStack("pgstack_slot_behind_bytes"), "{{slot}}"),
        sometimes(`max by (stack) (${inStack("pgstack_slot_cap_bytes")})`, "cap"),
      ],
    }),
    curve({
      width: 6,
      title: "Share of the cap",
      description:
        "Retained WAL against the cap (max_slot_wal_keep_size). At 1 the slot is lost and its replica is re-cloned. Good: near 0.",
      unit: "percentunit",
      queries: [sometimes(`${inStack("pgstack_slot_behind_bytes")} / ${inStack("pgstack_slot_cap_bytes")}`, "{{slot}}")],
      steps: below(limits.SlotRetainedWal),
      max: 1,
    }),
    curve({
      width: 6,
      title: "Age of xmin",
      description:
        "How many transactions ago the oldest query of a replica began: vacuum on the leader keeps its rows. Good: it falls again and again.",
      unit: "short",
      queries: [sometimes(inStack("pgstack_slot_xmin_age"), "{{slot}}")],
      steps: below(limits.XminAge),
    }),
    curve({
      width: 6,
      title: "WAL written",
      description: "WAL that the leader writes, in bytes per second: what replicas have to keep up with.",
      unit: "Bps",
      queries: [sometimes(`max by (node) (${rate(inStack("pg_replication_slot_slot_current_wal_lsn"))})`, "{{node}}")],
    }),
  ];
}

function receivers(): readonly PanelSpec[] {
  return [
    {
      kind: "timeline",
      width: 8,
      title: "Streams",
      description: "Whether each replica has a receiver that streams. Good: yes, without gaps.",
      unit: "none",
      queries: [sometimes(inStack("pgstack_receiver_streaming"), "{{node}}")],
      words: yes,
    },
    curve({
      title: "Last message",
      description: "Time since a replica's last message from the leader. Good: seconds; the leader sends one at least every few seconds.",
      unit: "s",
      queries: [sometimes(inStack("pgstack_receiver_message_age_seconds"), "{{node}}")],
    }),
    {
      kind: "timeline",
      width: 8,
      title: "Paused",
      description: "Whether a replica's replay is paused. Good: no.",
      unit: "none",
      queries: [sometimes(inStack("pgstack_node_replay_paused"), "{{node}}")],
      words: no("orange"),
    },
  ];
}
