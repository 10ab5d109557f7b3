import type { AlertCase } from "../case.ts";
import { situation } from "../case.ts";
import { receiverStops, serverStops, set, streamEnds, takesOver, without } from "../faults.ts";
import type { Change, Series } from "../series.ts";
import { always, changed, fromThen, gone, leaderView, replicaView, turns } from "../series.ts";

const follows = (node: string): Change => set("pgstack_node_timeline", { node }, turns(1, 2));

/** What pg2 says as the leader of nodes of which these stream. */
function viewOfPg2(replicas: readonly string[], streaming: readonly string[]): readonly Series[] {
  const away = replicas.filter((name) => !streaming.includes(name));
  return fromThen(
    changed(leaderView("pg2", replicas), [
      set("pgstack_replicas_streaming", {}, always(streaming.length)),
      ...away.flatMap((name) => [
        set("pgstack_slot_active", { slot: name }, always(0)),
        without("pgstack_replica_replay_behind_bytes", { replica: name }),
      ]),
    ]),
  );
}

/** A server that has been down since before Prometheus started. */
function downFromTheBeginning(node: string): readonly Change[] {
  return [
    set("pg_up", { node }, always(0)),
    set("pg_exporter_last_scrape_error", { node }, always(1)),
    without("pgstack_.*|pg_stat_database_deadlocks", { node }),
  ];
}

/** Situations in which another node than pg1 leads, or has led; nobody has deployed since. */
export const leaderMoves: readonly AlertCase[] = [
  situation("PostgresDown critical, LeaderCount critical, MetricsMissing critical", "another node leads, and all is well", [], "10m", [], {
    leader: "pg2",
  }),
  situation(
    "LeaderCount critical, TimelineSplit critical, ReplicasMissing warning, MetricsMissing critical, SlotInactive warning",
    "the leader becomes a replica of another one",
    [
      ...takesOver("pg2"),
      set("pgstack_node_in_recovery", { node: "pg1" }, turns(0, 1)),
      follows("pg1"),
      follows("pg3"),
      set("pgstack_(slot|replica).*", { node: "pg1" }, gone),
    ],
    "10m",
    [],
    { more: [...viewOfPg2(["pg1", "pg3"], ["pg1", "pg3"]), ...fromThen(replicaView("pg1"))] },
  ),
  situation(
    "LeaderCount critical",
    "the old leader reports to be a replica after the new one reports to lead",
    [
      ...takesOver("pg2"),
      set("pgstack_node_in_recovery", { node: "pg1" }, "0x8 1x1000000"),
      set("pgstack_(slot|replica).*", { node: "pg1" }, gone),
    ],
    "2m15s",
    [],
    { more: [...viewOfPg2(["pg1", "pg3"], ["pg3"]), ...fromThen(replicaView("pg1"))] },
  ),
  situation(
    "PostgresDown critical, LeaderCount critical",
    "the leader stops, another node is promoted and followed",
    [...serverStops("pg1"), ...takesOver("pg2"), follows("pg3")],
    "5m",
    ["PostgresDown critical node=pg1 role=replica", "ReplicasMissing warning"],
    {
      more: viewOfPg2(["pg1", "pg3"], ["pg3"]),
      texts: {
        alert: "PostgresDown",
        summary: "PostgreSQL on pg1 (replica) is down (test)",
        description: "pg1 does not answer, or went down three times in ten minutes. Reads go to the other nodes.",
      },
    },
  ),
  situation(
    "PostgresDown critical, TimelineSplit critical, ReplicasMissing critical",
    "the leader stops, another node is promoted, the third one does not follow",
    [...serverStops("pg1"), ...takesOver("pg2"), ...receiverStops("pg3")],
    "4m",
    [
      "PostgresDown critical node=pg1 role=replica",
      "TimelineSplit critical node=pg3",
      "ReplicaDisconnected critical node=pg3",
      "ReplicaLagSeconds warning node=pg3",
      "ReplicasMissing warning",
      "ReplicasMissing critical",
    ],
    { more: viewOfPg2(["pg1", "pg3"], []) },
  ),
  situation(
    "PostgresDown critical",
    "the new leader stops too: it led last",
    [
      ...serverStops("pg1"),
      set("pg_up", { node: "pg2" }, "1x15 0x1000000"),
      set("pg_exporter_last_scrape_error", { node: "pg2" }, "0x15 1x1000000"),
      set("pgstack_.*|pg_stat_database_deadlocks", { node: "pg2" }, (before) => `${before}x15 stale`),
      set("pgstack_(receiver_.*|node_replay_paused)", { node: "pg2" }, (before) => `${before}x7 stale`),
      set("pgstack_node_in_recovery", { node: "pg2" }, "1x7 0x7 stale"),
    ],
    "8m",
    ["PostgresDown critical node=pg1 role=replica", "PostgresDown critical node=pg2 role=leader"],
    { nodes: ["pg1", "pg2"] },
  ),
  situation(
    "PostgresDown critical",
    "a leader that is not the first node stops",
    [...serverStops("pg2"), ...receiverStops("pg1"), ...receiverStops("pg3")],
    "4m",
    ["PostgresDown critical node=pg2 role=leader", "ReplicaDisconnected critical node=pg1", "ReplicaDisconnected critical node=pg3"],
    { leader: "pg2" },
  ),
  situation(
    "PostgresDown critical, LeaderCount critical",
    "all servers stop",
    ["pg1", "pg2", "pg3"].flatMap(serverStops),
    "4m",
    ["leader", "replica", "replica"].map((role, index) => `PostgresDown critical node=pg${index + 1} role=${role}`),
  ),
  situation(
    "PostgresDown critical",
    "the only node has been down for two hours",
    serverStops("pg1"),
    "2h15m",
    ["PostgresDown critical node=pg1 role=leader"],
    {
      nodes: ["pg1"],
      step: "1m",
      texts: {
        alert: "PostgresDown",
        summary: "PostgreSQL on pg1 (leader) is down (test)",
        description: "pg1 does not answer, or went down three times in ten minutes. Writes fail.",
      },
    },
  ),
  situation(
    "PostgresDown critical",
    "Prometheus starts while a node is down and none leads",
    [...downFromTheBeginning("pg1"), ...["pg2", "pg3"].flatMap((node) => [set("pgstack_receiver_streaming", { node }, always(0))])],
    "2m",
    ["PostgresDown critical node=pg1 role=unknown", "ReplicaDisconnected critical node=pg2", "ReplicaDisconnected critical node=pg3"],
    {
      texts: {
        alert: "PostgresDown",
        summary: "PostgreSQL on pg1 (unknown) is down (test)",
        description: "pg1 does not answer, or went down three times in ten minutes. No node that answers takes writes.",
      },
    },
  ),
  situation(
    "PostgresDown critical, MetricsMissing critical",
    "Prometheus starts while a node is down and another one leads",
    downFromTheBeginning("pg1"),
    "2m",
    ["PostgresDown critical node=pg1 role=replica"],
    { leader: "pg2" },
  ),
  situation(
    "MetricsMissing critical",
    "custom queries fail on another leader and on the node that led before",
    [set("pgstack_(slot|replica).*", { node: "pg2" }, gone), set("pgstack_receiver_.*", { node: "pg1" }, gone)],
    "4m",
    [
      "MetricsMissing critical metric=pgstack_receiver_streaming node=pg1",
      "MetricsMissing critical metric=pgstack_replicas_declared node=pg2",
      "MetricsMissing critical metric=pgstack_slot_active node=pg2",
    ],
    { leader: "pg2" },
  ),
  situation(
    "ReplicaLagSeconds warning, HeartbeatStale warning",
    "the node that led before lags behind another leader",
    [set("pgstack_heartbeat_age_seconds", { node: "pg1" }, turns(1, 11))],
    "6m",
    ["ReplicaLagSeconds warning node=pg1"],
    { leader: "pg2" },
  ),
  situation(
    "HeartbeatStale warning",
    "no heartbeat is written on another leader",
    [set("pgstack_heartbeat_age_seconds", {}, "1x7 1+15x1000000")],
    "5m",
    ["HeartbeatStale warning node=pg2"],
    { leader: "pg2" },
  ),
  situation(
    "PostgresDown critical",
    "the node that led before hangs",
    [set("up", { node: "pg1" }, turns(1, 0)), set("pg_.*|pgstack_.*", { node: "pg1" }, gone), ...streamEnds("pg1", 1)],
    "4m",
    ["PostgresDown critical node=pg1 role=replica", "ExporterDown critical node=pg1 job=postgres", "ReplicasMissing warning"],
    { leader: "pg2" },
  ),
];
