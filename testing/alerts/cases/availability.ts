import type { AlertCase } from "../case.ts";
import { situation } from "../case.ts";
import { blip, processStops, receiverStops, serverHangs, serverStops, set, streamEnds, takesOver, without } from "../faults.ts";
import { alternating, always, changed, fromThen, gone, leaderView, replicaView, turns } from "../series.ts";

const pg2Stops = [...serverStops("pg2"), ...streamEnds("pg2", 1)];
const leaderStops = [
  ...serverStops("pg1"),
  ...receiverStops("pg2"),
  ...receiverStops("pg3"),
  set("pgbouncer_pools_client_waiting_connections", { database: "app" }, turns(0, 4)),
  set("pgbouncer_pools_client_maxwait_seconds", { database: "app" }, "0x7 0+15x1000000"),
];
const leaderDown = "PostgresDown critical node=pg1 role=leader";
const promoted = [...takesOver("pg2"), ...streamEnds("pg2", 1)];
const noReplicasOfPg2 = fromThen(
  changed(leaderView("pg2", ["pg1", "pg3"]), [
    set("pgstack_(replicas_streaming|slot_active)", {}, always(0)),
    without("pgstack_replica_replay_behind_bytes"),
  ]),
);

const bothProcesses = [1, 2].map((number) => `PoolerProcessDown warning process=pgbouncer-${number}`);

export const availabilityCases: readonly AlertCase[] = [
  situation("PostgresDown critical, ExporterDown critical, PoolerDown critical, PoolerProcessDown warning", "all is well", [], "10m", []),
  situation("MetricsMissing critical, LeaderCount critical", "all is well without replicas", [], "10m", [], { nodes: ["pg1"] }),
  situation(
    "PostgresDown critical",
    "a replica stops",
    pg2Stops,
    "4m",
    ["PostgresDown critical node=pg2 role=replica", "ReplicasMissing warning"],
    {
      texts: {
        alert: "PostgresDown",
        summary: "PostgreSQL on pg2 (replica) is down (test)",
        description: "pg2 does not answer, or went down three times in ten minutes. Reads go to the other nodes.",
      },
    },
  ),
  situation("PostgresDown critical", "a replica has been down for half a minute", pg2Stops, "2m30s", []),
  situation("PostgresDown critical", "a replica restarts within seconds", [set("pg_up", { node: "pg2" }, blip)], "4m", []),
  situation("PostgresDown critical", "the leader stops", leaderStops, "4m", [
    leaderDown,
    "ReplicaDisconnected critical node=pg2",
    "ReplicaDisconnected critical node=pg3",
    "PoolerClientsWaiting warning route=app database=app",
    "PoolerClientsWaiting critical route=app database=app",
  ]),
  situation("PostgresDown critical", "a server comes and goes", [set("pg_up", { node: "pg2" }, alternating(1, 0))], "6m", [
    "PostgresDown critical node=pg2 role=replica",
  ]),
  situation(
    "PostgresDown critical",
    "a server restarts twice in a rollout",
    [set("pg_up", { node: "pg2" }, `1x7 0 1 1 1 0 ${always(1)}`)],
    "8m",
    [],
  ),
  situation("PostgresDown critical", "a replica hangs", [...serverHangs("pg2"), ...streamEnds("pg2", 1)], "4m", [
    "PostgresDown critical node=pg2 role=replica",
    "ExporterDown critical node=pg2 job=postgres",
    "ReplicasMissing warning",
  ]),
  situation("PostgresDown critical", "the leader hangs", [...serverHangs("pg1"), ...receiverStops("pg2"), ...receiverStops("pg3")], "4m", [
    leaderDown,
    "ExporterDown critical node=pg1 job=postgres",
    "ReplicaDisconnected critical node=pg2",
    "ReplicaDisconnected critical node=pg3",
  ]),
  situation("ExporterDown critical, PostgresDown critical", "the exporter of a replica stops", serverHangs("pg2"), "4m", [
    "ExporterDown critical node=pg2 job=postgres",
  ]),
  situation(
    "ExporterDown critical, LeaderCount critical",
    "the exporter of the leader stops: nobody calls the leader gone",
    serverHangs("pg1"),
    "6m",
    ["ExporterDown critical node=pg1 job=postgres"],
  ),
  situation(
    "ExporterDown critical, PoolerDown critical, PoolerProcessDown warning",
    "the exporters of the pooler stop",
    [set("up", { job: "pooler" }, turns(1, 0)), set("pgbouncer_.*", {}, gone)],
    "4m",
    ["ExporterDown critical job=pooler process=pgbouncer-1", "ExporterDown critical job=pooler process=pgbouncer-2"],
  ),
  situation(
    "ExporterDown critical",
    "the exporter of one process of the pooler stops",
    [set("up", { process: "pgbouncer-2" }, turns(1, 0)), set("pgbouncer_.*", { process: "pgbouncer-2" }, gone)],
    "4m",
    ["ExporterDown critical job=pooler process=pgbouncer-2"],
    {
      texts: {
        alert: "ExporterDown",
        summary: "The exporter of pgbouncer-2 cannot be scraped (test)",
        description: "No alert covers its server. Either the exporter is down, or the server hangs and does not answer it.",
      },
    },
  ),
  situation("ExporterDown critical", "an exporter is restarted", [set("up", { node: "pg1" }, blip)], "4m", []),
  situation("ExporterDown critical", "an exporter comes and goes", [set("up", { node: "pg3" }, alternating(1, 1, 0))], "8m", [
    "ExporterDown critical node=pg3 job=postgres",
  ]),
  situation("PoolerDown critical, PoolerProcessDown warning", "the pooler stops", processStops(), "5m", [
    "PoolerDown critical",
    ...bothProcesses,
  ]),
  situation(
    "PoolerDown critical, PoolerProcessDown warning",
    "the pooler is replaced within seconds",
    [set("pgbouncer_up", {}, blip)],
    "5m",
    [],
  ),
  situation(
    "PoolerDown critical, PoolerProcessDown warning",
    "the pooler comes and goes",
    [set("pgbouncer_up", {}, alternating(1, 0))],
    "6m",
    ["PoolerDown critical", ...bothProcesses],
  ),
  situation(
    "PoolerProcessDown warning, PoolerDown critical",
    "a process of the pooler stops",
    processStops({ process: "pgbouncer-2" }),
    "5m",
    ["PoolerProcessDown warning process=pgbouncer-2"],
    {
      texts: {
        alert: "PoolerProcessDown",
        summary: "pgbouncer-2 is down (test)",
        description:
          "This process of the pooler does not answer its exporter, or went down three times in ten minutes. The other processes serve " +
          "its clients, with their own server connections alone.",
      },
    },
  ),
  situation(
    "PoolerProcessDown warning",
    "a process of the pooler has been down for a minute",
    processStops({ process: "pgbouncer-1" }),
    "3m",
    [],
  ),
  situation(
    "PoolerProcessDown warning, PoolerDown critical",
    "a process of the pooler comes and goes",
    [set("pgbouncer_up", { process: "pgbouncer-1" }, alternating(1, 0))],
    "6m",
    ["PoolerProcessDown warning process=pgbouncer-1"],
  ),
  situation(
    "PoolerProcessDown warning, PoolerDown critical",
    "the processes of the pooler are replaced one after the other",
    [set("pgbouncer_up", { process: "pgbouncer-1" }, blip), set("pgbouncer_up", { process: "pgbouncer-2" }, `1x9 0 ${always(1)}`)],
    "6m",
    [],
  ),
  situation(
    "PoolerDown critical",
    "the two processes of the pooler of a leader without replicas stop",
    processStops(),
    "5m",
    ["PoolerDown critical", ...bothProcesses],
    { nodes: ["pg1"] },
  ),
  situation("MetricsMissing critical", "a target is no longer scraped", [set(".*", { node: "pg2" }, gone)], "4m", [
    "MetricsMissing critical metric=up job=postgres node=pg2",
  ]),
  situation("MetricsMissing critical", "the pooler is no longer scraped", [set(".*", { job: "pooler" }, gone)], "4m", [
    "MetricsMissing critical metric=up job=pooler process=pgbouncer-1",
    "MetricsMissing critical metric=up job=pooler process=pgbouncer-2",
  ]),
  situation(
    "MetricsMissing critical",
    "a custom query fails on the leader",
    [set("pgstack_slot_.*", {}, gone), set("pg_exporter_last_scrape_error", { node: "pg1" }, turns(0, 1))],
    "4m",
    [
      "MetricsMissing critical metric=pgstack_slot_active node=pg1",
      "MetricsMissing critical metric=pg_exporter_last_scrape_error node=pg1",
    ],
  ),
  situation("MetricsMissing critical", "nobody measures a disk", [set("pgstack_node_disk_.*", { node: "pg3" }, gone)], "4m", [
    "MetricsMissing critical metric=pgstack_node_disk_free_bytes node=pg3",
  ]),
  situation(
    "MetricsMissing critical",
    "the file of custom queries is broken",
    [set("pgstack_.*", { node: "pg2" }, gone), set("pg_exporter_user_queries_load_error", { node: "pg2" }, turns(0, 1))],
    "4m",
    [
      "pgstack_node_in_recovery",
      "pgstack_node_disk_free_bytes",
      "pgstack_heartbeat_age_seconds",
      "pgstack_receiver_streaming",
      "pg_exporter_user_queries_load_error",
    ].map((metric) => `MetricsMissing critical metric=${metric} node=pg2`),
  ),
  situation("MetricsMissing critical", "the pooler shows no pools", [without("pgbouncer_pools_client_waiting_connections")], "4m", [
    "MetricsMissing critical metric=pgbouncer_pools process=pgbouncer-1",
    "MetricsMissing critical metric=pgbouncer_pools process=pgbouncer-2",
  ]),
  situation(
    "MetricsMissing critical",
    "one scrape of a server fails",
    [set("pg_exporter_last_scrape_error", { node: "pg2" }, `0x7 1 ${always(0)}`)],
    "3m",
    [],
  ),
  situation(
    "LeaderCount critical, TimelineSplit critical, MetricsMissing critical",
    "a replica is promoted next to the leader",
    promoted,
    "3m15s",
    ["LeaderCount critical", "TimelineSplit critical node=pg1", "TimelineSplit critical node=pg3", "ReplicasMissing warning"],
    { more: noReplicasOfPg2 },
  ),
  situation(
    "LeaderCount critical",
    "a second leader is reported as soon as it has been scraped twice",
    promoted,
    "2m30s",
    ["LeaderCount critical"],
    {
      more: noReplicasOfPg2,
      texts: {
        alert: "LeaderCount",
        summary: "2 nodes take writes instead of one (test)",
        description:
          "With more than one, each has rows that the others do not have, and every minute makes it worse. With none, all nodes are replicas and writes fail.",
      },
    },
  ),
  situation(
    "LeaderCount critical",
    "the leader comes back as a replica",
    [set("pgstack_node_in_recovery", { node: "pg1" }, turns(0, 1)), set("pgstack_(slot|replica).*", { node: "pg1" }, gone)],
    "4m",
    ["LeaderCount critical", "ReplicaDisconnected critical node=pg1"],
    { more: fromThen(changed(replicaView("pg1"), [set("pgstack_receiver_streaming", {}, always(0))])) },
  ),
  situation(
    "LeaderCount critical",
    "no leader for half a minute",
    [set("pgstack_node_in_recovery", { node: "pg1" }, turns(0, 1))],
    "2m30s",
    [],
  ),
  situation(
    "TimelineSplit critical",
    "a node is on another timeline for a moment",
    [
      set("pgstack_node_timeline", { node: "pg3" }, `2x6 1 1 ${always(2)}`),
      set("pgstack_node_timeline", { node: "pg1" }, always(2)),
      set("pgstack_node_timeline", { node: "pg2" }, always(2)),
    ],
    "4m",
    [],
  ),
  situation(
    "TimelineSplit critical",
    "a replica stays behind on the old timeline",
    [set("pgstack_node_timeline", { node: "pg1" }, turns(1, 2)), set("pgstack_node_timeline", { node: "pg2" }, turns(1, 2))],
    "4m",
    ["TimelineSplit critical node=pg3"],
  ),
];
