import type { AlertCase } from "../case.ts";
import { situation } from "../case.ts";
import { receiverStops, set, streamEnds } from "../faults.ts";
import { alternating, gone, slotSeries, turns } from "../series.ts";

const heartbeat = (node: string, values: string): ReturnType<typeof set> => set("pgstack_heartbeat_age_seconds", { node }, values);
const everyHeartbeat = (values: string): ReturnType<typeof set> => set("pgstack_heartbeat_age_seconds", {}, values);
const behind = (bytes: number): ReturnType<typeof set> => set("pgstack_replica_replay_behind_bytes", { replica: "pg2" }, turns(0, bytes));
const pg2Cut = [...receiverStops("pg2"), ...streamEnds("pg2", 1)];
const paused = [
  set("pgstack_node_replay_paused", { node: "pg2" }, turns(0, 1)),
  heartbeat("pg2", "1x7 1+15x1000000"),
  set("pgstack_replica_replay_behind_bytes", { replica: "pg2" }, "0x7 0+1000000x1000000"),
];
const slot = (metric: string, name: string, values: string): ReturnType<typeof set> =>
  set(`pgstack_slot_${metric}`, { slot: name }, values);
const orphan = (name: string): readonly ReturnType<typeof slotSeries>[number][] =>
  slotSeries(name, {
    pgstack_slot_active: 0,
    pgstack_slot_declared: 0,
    pgstack_slot_behind_bytes: 0,
    pgstack_slot_cap_bytes: 4e9,
    pgstack_slot_lost: 0,
    pgstack_slot_xmin_age: 0,
  });

export const replicationCases: readonly AlertCase[] = [
  situation("ReplicaLagSeconds warning, ReplicaLagSeconds critical", "a replica lags by 10 s", [heartbeat("pg2", turns(1, 11))], "6m", [
    "ReplicaLagSeconds warning node=pg2",
  ]),
  situation(
    "ReplicaLagSeconds critical",
    "a replica lags by a minute",
    [heartbeat("pg2", turns(1, 61))],
    "4m",
    ["ReplicaLagSeconds warning node=pg2", "ReplicaLagSeconds critical node=pg2"],
    {
      texts: {
        alert: "ReplicaLagSeconds",
        summary: "pg2 is 1m 0s behind the leader (test)",
        description: "Reads on pg2 show what the leader held 1m 0s ago.",
      },
    },
  ),
  situation("ReplicaLagSeconds critical", "the critical lag has not lasted for two minutes", [heartbeat("pg2", turns(1, 61))], "3m45s", [
    "ReplicaLagSeconds warning node=pg2",
  ]),
  situation("ReplicaLagSeconds warning", "lag of 4 s", [heartbeat("pg2", turns(1, 5))], "6m", []),
  situation("ReplicaLagSeconds warning", "lag comes and goes", [heartbeat("pg2", alternating(1, 20))], "6m", []),
  situation(
    "HeartbeatStale warning, ReplicaLagSeconds warning",
    "no heartbeat is written: replicas are not called late",
    [everyHeartbeat("1x7 1+15x1000000")],
    "5m",
    ["HeartbeatStale warning node=pg1"],
  ),
  situation("HeartbeatStale critical", "no heartbeat for long", [everyHeartbeat("1x7 1+15x1000000")], "9m", [
    "HeartbeatStale warning node=pg1",
    "HeartbeatStale critical node=pg1",
  ]),
  situation(
    "HeartbeatStale warning, HeartbeatStale critical",
    "a heartbeat is half a minute late",
    [everyHeartbeat(turns(1, 30))],
    "9m",
    [],
  ),
  situation("ReplicaLagBytes warning, ReplicaLagBytes critical", "60 MB to replay", [behind(60 * 1024 ** 2)], "5m", [
    "ReplicaLagBytes warning node=pg2 replica=pg2",
  ]),
  situation("ReplicaLagBytes critical", "200 MB to replay", [behind(200 * 1024 ** 2)], "5m", [
    "ReplicaLagBytes warning node=pg2 replica=pg2",
    "ReplicaLagBytes critical node=pg2 replica=pg2",
  ]),
  situation(
    "ReplicaLagBytes warning",
    "a bulk load of a minute",
    [set("pgstack_replica_replay_behind_bytes", { replica: "pg2" }, "0x7 3e8x3 0x1000000")],
    "4m",
    [],
  ),
  situation("ReplicaDisconnected critical", "a replica loses its stream", pg2Cut, "4m", [
    "ReplicaDisconnected critical node=pg2",
    "ReplicasMissing warning",
    "ReplicaLagSeconds warning node=pg2",
  ]),
  situation(
    "ReplicaDisconnected critical",
    "a receiver is away for one scrape",
    [set("pgstack_receiver_streaming", { node: "pg2" }, "1x7 0 1x1000000")],
    "4m",
    [],
  ),
  situation(
    "ReplicaDisconnected critical",
    "a receiver comes and goes",
    [set("pgstack_receiver_streaming", { node: "pg2" }, alternating(1, 0))],
    "6m",
    ["ReplicaDisconnected critical node=pg2"],
  ),
  situation(
    "ReplicasMissing warning, ReplicasMissing critical",
    "one of two replicas is missing",
    [set("pgstack_replicas_streaming", {}, turns(2, 1))],
    "4m",
    ["ReplicasMissing warning"],
  ),
  situation("ReplicasMissing critical", "no replica streams", [set("pgstack_replicas_streaming", {}, turns(2, 0))], "4m", [
    "ReplicasMissing warning",
    "ReplicasMissing critical",
  ]),
  situation(
    "ReplicasMissing warning",
    "a replica is away for half a minute",
    [set("pgstack_replicas_streaming", {}, "2x7 1 1 2x1000000")],
    "4m",
    [],
  ),
  situation("ReplayPaused warning", "replay is paused", paused, "4m", [
    "ReplayPaused warning node=pg2",
    "ReplicaLagSeconds warning node=pg2",
  ]),
  situation("ReplayPaused critical", "replay is paused for half an hour", paused, "33m", [
    "ReplayPaused warning node=pg2",
    "ReplayPaused critical node=pg2",
    "ReplicaLagSeconds warning node=pg2",
    "ReplicaLagSeconds critical node=pg2",
    "ReplicaLagBytes warning node=pg2 replica=pg2",
    "ReplicaLagBytes critical node=pg2 replica=pg2",
  ]),
  situation(
    "ReplayPaused warning, ReplayPaused critical",
    "replay is paused for half a minute",
    [set("pgstack_node_replay_paused", { node: "pg2" }, "0x7 1 1 0x1000000")],
    "4m",
    [],
  ),

  situation("SlotInactive warning, SlotInactive critical", "nobody reads from a slot", [slot("active", "pg2", turns(1, 0))], "8m", [
    "SlotInactive warning node=pg2 slot=pg2",
  ]),
  situation(
    "SlotInactive critical",
    "nobody reads from a slot for long",
    [slot("active", "pg2", turns(1, 0))],
    "40m",
    ["SlotInactive warning node=pg2 slot=pg2", "SlotInactive critical node=pg2 slot=pg2"],
    { step: "1m" },
  ),
  situation("SlotInactive warning", "a slot's reader is away for two minutes", [slot("active", "pg2", "1x7 0x7 1x1000000")], "12m", []),
  situation(
    "SlotRetainedWal warning, SlotRetainedWal critical",
    "60% of the cap are kept",
    [slot("behind_bytes", "pg2", turns(0, 2.4e9))],
    "4m",
    ["SlotRetainedWal warning node=pg2 slot=pg2"],
  ),
  situation(
    "SlotRetainedWal critical",
    "90% of the cap are kept",
    [slot("behind_bytes", "pg2", turns(0, 3.6e9))],
    "4m",
    ["SlotRetainedWal warning node=pg2 slot=pg2", "SlotRetainedWal critical node=pg2 slot=pg2"],
    {
      texts: {
        alert: "SlotRetainedWal",
        summary: "Slot pg2 keeps 90% of the WAL that it may (test)",
        description: "At 100% the leader removes WAL that pg2 still needs, and the replica must be re-cloned.",
      },
    },
  ),
  situation("SlotRetainedWal warning", "40% of the cap are kept", [slot("behind_bytes", "pg2", turns(0, 1.6e9))], "9m", []),
  situation(
    "SlotRetainedWal warning",
    "no cap, no share of it",
    [slot("behind_bytes", "pg2", turns(0, 9e9)), slot("cap_bytes", "pg2", "_x1000000")],
    "9m",
    [],
  ),
  situation("SlotLost critical", "a slot has lost WAL", [slot("lost", "pg2", turns(0, 1))], "2m15s", [
    "SlotLost critical node=pg2 slot=pg2",
  ]),
  situation("SlotLost critical", "a slot that is not declared has lost WAL", [], "8m", [], {
    more: orphan("old").map((one) => (one.metric === "pgstack_slot_lost" ? { ...one, values: "1x1000000" } : one)),
  }),
  situation("SlotOrphaned warning", "a slot that is not declared", [], "12m", ["SlotOrphaned warning node=old slot=old"], {
    more: orphan("old"),
  }),
  situation("SlotOrphaned warning", "the slot of a base backup", [], "60m", [], { step: "1m", more: orphan("pg_basebackup_4711") }),
  situation("SlotOrphaned warning", "a slot that is made and dropped", [], "12m", [], {
    more: orphan("old").map((one) => ({ ...one, values: "0x20 stale" })),
  }),
  situation(
    "XminAge warning, XminAge critical",
    "a replica holds back 20 million transactions",
    [slot("xmin_age", "pg2", turns(1, 2e7))],
    "26m",
    ["XminAge warning node=pg2 slot=pg2"],
    { step: "1m" },
  ),
  situation(
    "XminAge critical",
    "a replica holds back 60 million transactions",
    [slot("xmin_age", "pg2", turns(1, 6e7))],
    "26m",
    ["XminAge warning node=pg2 slot=pg2", "XminAge critical node=pg2 slot=pg2"],
    { step: "1m" },
  ),
  situation("XminAge warning", "a long query on a replica ends", [slot("xmin_age", "pg2", "1x7 6e7x11 1x1000000")], "26m", [], {
    step: "1m",
  }),
  situation(
    "SlotInactive warning, ReplicasMissing critical",
    "the leader alone, its metrics gone",
    [set("pgstack_(slot|replica).*", { node: "pg1" }, gone)],
    "12m",
    ["MetricsMissing critical metric=pgstack_slot_active node=pg1", "MetricsMissing critical metric=pgstack_replicas_declared node=pg1"],
  ),
];
