import type { AlertCase } from "../case.ts";
import { situation } from "../case.ts";
import { set } from "../faults.ts";
import { alternating, turns } from "../series.ts";

const node = (metric: string, values: string): ReturnType<typeof set> => set(`pgstack_node_${metric}`, { node: "pg1" }, values);
const waiting = (values: string): ReturnType<typeof set> => set("pgbouncer_pools_client_waiting_connections", { database: "app" }, values);
const maxWait = (values: string): ReturnType<typeof set> => set("pgbouncer_pools_client_maxwait_seconds", { database: "app" }, values);
const clients = (values: string): ReturnType<typeof set> => set("pgbouncer_used_clients", { process: "pgbouncer-1" }, values);
const paused = (values: string): ReturnType<typeof set> => set("pgbouncer_databases_paused", { name: "app" }, values);
const deadlocks = (values: string): ReturnType<typeof set> => set("pg_stat_database_deadlocks", { node: "pg1" }, values);

export const resourceCases: readonly AlertCase[] = [
  situation(
    "ConnectionsUsed warning, ConnectionsUsed critical",
    "80% of the connections are used",
    [node("connections_used", turns(20, 80))],
    "8m",
    ["ConnectionsUsed warning node=pg1"],
  ),
  situation(
    "ConnectionsUsed critical",
    "95% of the connections are used",
    [node("connections_used", turns(20, 95))],
    "8m",
    ["ConnectionsUsed warning node=pg1", "ConnectionsUsed critical node=pg1"],
    {
      texts: {
        alert: "ConnectionsUsed",
        summary: "pg1 uses 95% of its connections (test)",
        description: "When all are taken, pg1 refuses new ones, including server connections of the pooler.",
      },
    },
  ),
  situation("ConnectionsUsed warning", "a burst of connections", [node("connections_used", "20x7 99x12 20x1000000")], "8m", []),
  situation(
    "PoolerClientsWaiting warning, PoolerClientsWaiting critical",
    "clients wait for less than a second each",
    [waiting(turns(0, 3))],
    "4m",
    ["PoolerClientsWaiting warning route=app database=app"],
  ),
  situation("PoolerClientsWaiting critical", "a client waits for long", [waiting(turns(0, 3)), maxWait("0x7 0+15x1000000")], "4m", [
    "PoolerClientsWaiting warning route=app database=app",
    "PoolerClientsWaiting critical route=app database=app",
  ]),
  situation(
    "PoolerClientsWaiting critical",
    "a client waits for long at one process of the pooler",
    [
      set("pgbouncer_pools_client_waiting_connections", { database: "app", process: "pgbouncer-2" }, turns(0, 1)),
      set("pgbouncer_pools_client_maxwait_seconds", { database: "app", process: "pgbouncer-2" }, "0x7 0+15x1000000"),
    ],
    "4m",
    ["PoolerClientsWaiting warning route=app database=app", "PoolerClientsWaiting critical route=app database=app"],
  ),
  situation("PoolerClientsWaiting warning", "clients wait now and then", [waiting(alternating(0, 5))], "6m", []),
  situation(
    "PoolerClientsWaiting critical, PoolerPaused warning",
    "the pooler is paused for a restart of the leader",
    [waiting("0x7 9 9 0x1000000"), maxWait("0x7 10 25 0x1000000"), paused("0x7 1 1 0x1000000")],
    "3m15s",
    [],
  ),
  situation(
    "PoolerClientsWaiting warning",
    "the console's own clients wait",
    [set("pgbouncer_pools_client_waiting_connections", { database: "pgbouncer" }, turns(0, 3))],
    "6m",
    [],
  ),
  situation("PoolerClientsUsed warning, PoolerClientsUsed critical", "85% of the clients", [clients(turns(100, 850))], "8m", [
    "PoolerClientsUsed warning process=pgbouncer-1",
  ]),
  situation("PoolerClientsUsed critical", "97% of the clients", [clients(turns(100, 970))], "8m", [
    "PoolerClientsUsed warning process=pgbouncer-1",
    "PoolerClientsUsed critical process=pgbouncer-1",
  ]),
  situation("PoolerClientsUsed warning", "half of the clients", [clients(turns(100, 500))], "8m", []),
  situation("PoolerPaused warning, PoolerPaused critical", "a route is paused for two minutes", [paused(turns(0, 1))], "4m", [
    "PoolerPaused warning route=app name=app",
  ]),
  situation(
    "PoolerPaused warning",
    "a route of one process is paused for two minutes",
    [set("pgbouncer_databases_paused", { name: "app", process: "pgbouncer-2" }, turns(0, 1))],
    "4m",
    ["PoolerPaused warning route=app name=app"],
  ),
  situation(
    "PoolerPaused critical",
    "a route is paused and forgotten",
    [paused(turns(0, 1)), waiting(turns(0, 9)), maxWait("0x7 0+15x1000000")],
    "8m",
    [
      "PoolerPaused warning route=app name=app",
      "PoolerPaused critical route=app name=app",
      "PoolerClientsWaiting warning route=app database=app",
      "PoolerClientsWaiting critical route=app database=app",
    ],
  ),
  situation(
    "IdleInTransaction warning, IdleInTransaction critical",
    "a transaction idles for six minutes",
    [node("idle_in_transaction_seconds", turns(0, 360))],
    "3m",
    ["IdleInTransaction warning node=pg1"],
  ),
  situation(
    "IdleInTransaction critical",
    "a transaction idles for twenty minutes",
    [node("idle_in_transaction_seconds", turns(0, 1200))],
    "3m",
    ["IdleInTransaction warning node=pg1", "IdleInTransaction critical node=pg1"],
  ),
  situation("IdleInTransaction warning", "transactions idle for seconds", [node("idle_in_transaction_seconds", turns(0, 30))], "9m", []),
  situation(
    "PreparedTransactions warning, PreparedTransactions critical",
    "a prepared transaction waits for twenty minutes",
    [node("prepared_oldest_seconds", turns(0, 1200))],
    "3m",
    ["PreparedTransactions warning node=pg1"],
  ),
  situation(
    "PreparedTransactions critical",
    "a prepared transaction was forgotten",
    [node("prepared_oldest_seconds", turns(0, 7200))],
    "3m",
    ["PreparedTransactions warning node=pg1", "PreparedTransactions critical node=pg1"],
  ),
  situation("PreparedTransactions warning", "prepared transactions end soon", [node("prepared_oldest_seconds", turns(0, 30))], "9m", []),
  situation("Deadlocks warning", "ten deadlocks a minute", [deadlocks("0x7 0+2.5x1000000")], "9m", [
    "Deadlocks warning node=pg1 datname=app",
  ]),
  situation("Deadlocks warning", "a deadlock a minute", [deadlocks("0x7 0+0.25x1000000")], "9m", []),
  situation("Deadlocks warning", "a counter that starts again at zero", [deadlocks("5000x7 0x1000000")], "5m", []),

  situation("PendingRestart warning", "two settings wait for a restart", [node("settings_pending_restart", turns(0, 2))], "13m", [
    "PendingRestart warning node=pg1",
  ]),
  situation(
    "PendingRestart warning",
    "settings wait while a deployment restarts the nodes",
    [node("settings_pending_restart", "0x7 1x19 0x1000000")],
    "13m",
    [],
  ),
  situation("ConfigDrift warning", "a setting was changed by hand", [node("settings_by_hand", turns(0, 1))], "8m", [
    "ConfigDrift warning node=pg1",
  ]),
  situation("ConfigDrift warning", "a setting is tried by hand for two minutes", [node("settings_by_hand", "0x7 1x7 0x1000000")], "8m", []),

  situation(
    "TransactionIdAge warning, TransactionIdAge critical",
    "60% of the transaction ids",
    [node("transaction_id_age", turns(1000, 1.3e9))],
    "8m",
    ["TransactionIdAge warning node=pg1"],
  ),
  situation("TransactionIdAge critical", "80% of the transaction ids", [node("transaction_id_age", turns(1000, 1.75e9))], "8m", [
    "TransactionIdAge warning node=pg1",
    "TransactionIdAge critical node=pg1",
  ]),
  situation(
    "TransactionIdAge warning",
    "an age at which autovacuum begins to freeze",
    [node("transaction_id_age", turns(1000, 2e8))],
    "8m",
    [],
  ),
  situation("ChecksumFailures critical", "a damaged page is read", [node("checksum_failures", turns(0, 1))], "3m", [
    "ChecksumFailures critical node=pg1",
  ]),
  situation("ChecksumFailures critical", "data without checksums", [node("checksum_failures", "0x1000000")], "3m", []),
  situation(
    "ArchiveFailing warning, ArchiveFailing critical",
    "the archive is away for a quarter of an hour",
    [node("archive_waiting_seconds", "0x7 0+15x1000000")],
    "15m",
    ["ArchiveFailing warning node=pg1"],
    {
      texts: {
        alert: "ArchiveFailing",
        summary: "WAL of pg1 has waited 13m 0s to be archived (test)",
        description: "pg1 keeps all WAL until it is archived, and stops when its disk is full. The archive ends there.",
      },
    },
  ),
  situation("ArchiveFailing critical", "nothing is archived any more", [node("archive_waiting_seconds", turns(0, 7200))], "5m", [
    "ArchiveFailing warning node=pg1",
    "ArchiveFailing critical node=pg1",
  ]),
  situation("ArchiveFailing warning", "a bulk load that is archived late", [node("archive_waiting_seconds", turns(0, 90))], "9m", []),
  situation("DiskFull warning, DiskFull critical", "80% of the disk", [node("disk_free_bytes", turns(50e9, 20e9))], "5m", [
    "DiskFull warning node=pg1",
  ]),
  situation("DiskFull critical", "95% of the disk", [node("disk_free_bytes", turns(50e9, 5e9))], "5m", [
    "DiskFull warning node=pg1",
    "DiskFull critical node=pg1",
  ]),
  situation("DiskFull warning", "a sort fills the disk for a minute", [node("disk_free_bytes", "50e9x7 2e9x3 50e9x1000000")], "5m", []),
  situation(
    "DiskFilling warning",
    "full in 20 hours, for hours now",
    [node("disk_free_bytes", "50e9-164000000x1000000")],
    "7h",
    ["DiskFilling warning node=pg1"],
    {
      step: "4m",
    },
  ),
  situation(
    "DiskFilling warning",
    "a load that ended two hours ago",
    [node("disk_free_bytes", "50e9x25 50e9-400000000x50 30e9x1000000")],
    "7h",
    [],
    { step: "4m" },
  ),
  situation("DiskFilling warning", "full in a month", [node("disk_free_bytes", "50e9-4000000x1000000")], "7h", [], { step: "4m" }),
  situation("DiskFilling warning", "a first load into an empty disk", [node("disk_free_bytes", "99e9-400000000x1000000")], "5h", [], {
    step: "4m",
  }),
];
