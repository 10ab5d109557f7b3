import { accepted, login } from "../../../src/check/login-probe.ts";
import type { FindingCode } from "../../../src/check/findings.ts";
import { failed, seen } from "../../../src/check/observation.ts";
import type { DamageFacts, SendingFacts, SlotFacts } from "../../../src/check/observation.ts";
import {
  all,
  exporterAt,
  facts,
  heartbeatAt,
  inRecovery,
  insertAt,
  isAt,
  isAtPooler,
  isThrough,
  lateness,
  sending,
  logins,
  monitoring,
  noConsole,
  noFacts,
  noHeartbeat,
  noRead,
  pooler,
  poolerExporter,
  processesAt,
  readRoute,
  replicasOf,
  silence,
  wrongPassword,
} from "./fixtures.ts";
import type { Change, LedTarget } from "./fixtures.ts";

/** One fault with everything that it makes visible, and the one finding that must name it. */
export interface Fault {
  readonly name: string;
  readonly code: FindingCode;
  /** Where it is: at any replica, at the leader, at the pooler, or anywhere else. */
  readonly at: "replica" | "leader" | "cluster";
  /** Whether the finding names the node. @default true unless `at` is `cluster` */
  readonly named?: boolean;
  readonly needsExporters?: true;
  readonly needsReplicas?: true;
  readonly change: (target: LedTarget, node: string) => Change;
  /** The node that stack config names as leader. */
  readonly wish?: string;
}

const notVisible = seen({ visible: false, ms: 4800 });

function slot(target: LedTarget, name: string, changed: Partial<SlotFacts>): Change {
  return sending(target, (leader) => ({
    ...leader,
    slots: leader.slots.map((known) => (known.name === name ? { ...known, ...changed } : known)),
  }));
}

function withoutSender({ slots, senders }: SendingFacts, name: string): SendingFacts {
  return { slots, senders: senders.filter(({ applicationName }) => applicationName !== name) };
}

/** The receiver of a replica is gone, which the leader sees as well. */
function cut(target: LedTarget, name: string): Change {
  return all(
    facts(name, { receiver: undefined, timeline: undefined }),
    sending(target, (leader) => withoutSender(leader, name)),
    slot(target, name, { active: false }),
    heartbeatAt(name, notVisible),
  );
}

/** A node does not answer. */
function gone(target: LedTarget, name: string): Change {
  const readers = processesAt(target, name);
  return all(
    noFacts(name, silence),
    logins(isAt(name), failed(silence)),
    insertAt(name, failed(silence)),
    exporterAt(name, seen({ up: false })),
    noRead(lateness, readers),
    logins(isThrough("read", readers), failed(lateness)),
  );
}

const routeRefusal = all(
  logins(isThrough("write"), failed(wrongPassword)),
  logins(isThrough("read"), failed(wrongPassword)),
  noRead(wrongPassword),
  noHeartbeat(wrongPassword),
);

/** A paused route. @param numbers - of which processes. @default all */
function pausedIn(name: string, numbers?: readonly number[]): Change {
  return pooler(
    (known) => ({
      ...known,
      databases: known.databases.map((database) => (database.name === name ? { ...database, paused: true } : database)),
    }),
    numbers,
  );
}

const processTargetDown = monitoring((rest) => ({
  ...rest,
  prometheus: seen({ downTargets: [{ job: "pooler", node: undefined, process: 2, error: "context deadline exceeded" }], brokenRules: [] }),
}));

/** Every kind of fault. */
export const faults: readonly Fault[] = [
  {
    name: "engine off",
    code: "cluster-unreachable",
    at: "cluster",
    change: (target) =>
      all(
        ...target.nodes.map(({ name }) => all(gone(target, name), exporterAt(name, failed(silence)))),
        noConsole(silence),
        noRead(silence),
        logins(() => true, failed(silence)),
        noHeartbeat(silence),
        poolerExporter(failed(silence)),
        monitoring(() => ({ prometheus: failed(silence), alertmanager: failed(silence), grafana: failed(silence) })),
      ),
  },
  {
    name: "replica stopped",
    code: "node-unreachable",
    at: "replica",
    change: (target, name) =>
      all(
        gone(target, name),
        sending(target, (leader) => withoutSender(leader, name)),
        slot(target, name, { active: false }),
        heartbeatAt(name, failed(silence)),
      ),
  },
  {
    name: "leader stopped",
    code: "node-unreachable",
    at: "leader",
    change: (target, name) =>
      all(
        ...replicasOf(target).map((replica) => cut(target, replica.name)),
        gone(target, name),
        noHeartbeat(lateness),
        logins(isThrough("write"), failed(lateness)),
      ),
  },
  {
    name: "node starts up",
    code: "node-unreachable",
    at: "replica",
    change: (target, name) => {
      const starting = { kind: "starting", code: "57P03", message: "the database system is starting up" } as const;
      return all(gone(target, name), noFacts(name, starting), logins(isAt(name), failed(starting)));
    },
  },
  {
    name: "another server at the node's port",
    code: "node-mistaken",
    at: "replica",
    change: (_, name) =>
      all(
        facts(name, { clusterName: "other", systemIdentifier: "1", inRecovery: false, receiver: undefined }),
        logins((probe) => isAt(name)(probe) && probe.expect === "accepted", failed(wrongPassword)),
        heartbeatAt(name, failed(wrongPassword)),
        insertAt(name, failed(wrongPassword)),
      ),
  },
  {
    name: "leader in recovery",
    code: "leader-not-writable",
    at: "leader",
    change: (_, name) => all(facts(name, { inRecovery: true }), noWrite(name)),
  },
  { name: "leader's disk full", code: "leader-not-writable", at: "leader", change: (_, name) => noWrite(name) },
  {
    name: "replica promoted",
    code: "second-primary",
    at: "replica",
    change: (target, name) =>
      all(
        cut(target, name),
        facts(name, { inRecovery: false, timeline: 2, replayPause: undefined }),
        insertAt(name, seen(true)),
        readRoute(() => seen({ node: name, inRecovery: false }), processesAt(target, name)),
      ),
  },
  {
    name: "leader stopped and replica promoted",
    code: "former-leader",
    at: "leader",
    needsReplicas: true,
    change: (target, name) => {
      const [promoted] = target.readers;
      return all(
        ...replicasOf(target).map((replica) => cut(target, replica.name)),
        gone(target, name),
        facts(promoted ?? "", { inRecovery: false, timeline: 2, leadsSince: "2026-11-28 20:10:03 UTC", replayPause: undefined }),
        insertAt(promoted ?? "", seen(true)),
        noHeartbeat(lateness),
        logins(isThrough("write"), failed(lateness)),
        readRoute(() => seen({ node: promoted ?? "", inRecovery: false }), processesAt(target, promoted ?? "")),
      );
    },
  },
  {
    name: "every node in recovery, and none knows of another",
    code: "no-leader",
    at: "cluster",
    needsReplicas: true,
    change: (target) =>
      all(
        ...target.nodes.map(({ name }) =>
          all(
            facts(name, {
              inRecovery: true,
              lsn: "0/3000000",
              follows: undefined,
              receiver: undefined,
              timeline: undefined,
              replayPause: "not paused",
              sending: { slots: [], senders: [] },
            }),
            insertAt(name, failed(inRecovery)),
          ),
        ),
        noHeartbeat(inRecovery),
      ),
  },
  {
    name: "the leader is not the node that stack config names",
    code: "leader-differs-from-config",
    at: "leader",
    change: () => (observation) => observation,
    wish: "pg9",
  },
  { name: "receiver cut", code: "replica-not-streaming", at: "replica", change: cut },
  {
    name: "receiver waits",
    code: "replica-not-streaming",
    at: "replica",
    change: (_, name) => all(facts(name, { receiver: { status: "waiting", timeline: 1 } }), heartbeatAt(name, notVisible)),
  },
  {
    name: "replica catches up",
    code: "replica-not-streaming",
    at: "replica",
    change: (target, name) =>
      sending(target, ({ slots, senders }) => ({
        slots,
        senders: senders.map((sender) => (sender.applicationName === name ? { ...sender, state: "catchup" } : sender)),
      })),
  },
  {
    name: "replica streams from elsewhere",
    code: "replica-not-streaming",
    at: "replica",
    change: (target, name) =>
      all(
        sending(target, (leader) => withoutSender(leader, name)),
        slot(target, name, { active: false }),
      ),
  },
  {
    name: "volume of another cluster",
    code: "replica-wrong-cluster",
    at: "replica",
    change: (target, name) =>
      all(
        cut(target, name),
        facts(name, { systemIdentifier: "1", inRecovery: false }),
        damage(name, { hasChecksums: false, oldCollations: ["app"] }),
        logins((probe) => isAt(name)(probe) && probe.role === "app", failed(wrongPassword)),
        noRead(wrongPassword, processesAt(target, name)),
        logins(isThrough("read", processesAt(target, name)), failed(wrongPassword)),
        heartbeatAt(name, failed(wrongPassword)),
        insertAt(name, failed(wrongPassword)),
        exporterAt(name, seen({ up: false })),
      ),
  },
  {
    name: "another timeline",
    code: "replica-wrong-timeline",
    at: "replica",
    change: (_, name) => all(facts(name, { timeline: 3, receiver: { status: "streaming", timeline: 3 } }), heartbeatAt(name, notVisible)),
  },
  {
    name: "another timeline, whose leader wrote more",
    code: "replica-wrong-timeline",
    at: "replica",
    change: (_, name) =>
      all(facts(name, { timeline: 3, lsn: "0/3000149", receiver: { status: "streaming", timeline: 3 } }), heartbeatAt(name, notVisible)),
  },
  {
    name: "slot dropped",
    code: "slot-missing",
    at: "replica",
    change: (target, name) =>
      all(
        cut(target, name),
        sending(target, ({ slots, senders }) => ({ senders, slots: slots.filter((known) => known.name !== name) })),
      ),
  },
  { name: "slot not used", code: "slot-inactive", at: "replica", change: (target, name) => slot(target, name, { active: false }) },
  {
    name: "slot about to lose WAL",
    code: "slot-wal-at-risk",
    at: "replica",
    change: (target, name) => slot(target, name, { walStatus: "unreserved", safeWalBytes: -8192 }),
  },
  {
    name: "slot lost WAL",
    code: "slot-wal-lost",
    at: "replica",
    change: (target, name) => all(cut(target, name), slot(target, name, { walStatus: "lost", safeWalBytes: undefined })),
  },
  {
    name: "leader's volume put back from a copy",
    code: "replica-ahead",
    at: "replica",
    change: (target, name) => all(cut(target, name), facts(name, { lsn: "0/3000149" })),
  },
  {
    name: "forgotten slots",
    code: "slot-undeclared",
    at: "leader",
    change: (target) =>
      sending(target, ({ slots, senders }) => ({
        senders,
        slots: [...slots, { name: "debezium", type: "logical", active: false, walStatus: "extended", safeWalBytes: undefined }],
      })),
  },
  {
    name: "replay paused",
    code: "replay-paused",
    at: "replica",
    change: (_, name) => all(facts(name, { replayPause: "paused" }), heartbeatAt(name, notVisible)),
  },
  { name: "replica lags", code: "replica-behind", at: "replica", change: (_, name) => heartbeatAt(name, notVisible) },
  {
    name: "heartbeat table missing on a replica",
    code: "replica-behind",
    at: "replica",
    change: (_, name) => {
      const missing = failed({ kind: "error", code: "42P01", message: 'relation "pgstack.heartbeat" does not exist' });
      return all(heartbeatAt(name, missing), insertAt(name, missing));
    },
  },
  { name: "replica takes writes", code: "replica-writable", at: "replica", change: (_, name) => insertAt(name, seen(true)) },
  {
    name: "write route leads to a replica",
    code: "write-route-failed",
    at: "cluster",
    change: () => noHeartbeat({ kind: "error", code: "25006", message: "cannot execute INSERT in a read-only transaction" }),
  },
  {
    name: "write route leads elsewhere",
    code: "write-route-failed",
    at: "cluster",
    change: (target) =>
      all(...replicasOf(target).map(({ name }) => heartbeatAt(name, notVisible)), (observation) => ({
        ...observation,
        heartbeat: { ...observation.heartbeat, write: seen({ reached: "other" }) },
      })),
  },
  {
    name: "read route broken",
    code: "read-route-failed",
    at: "cluster",
    change: () => all(noRead(lateness), logins(isThrough("read"), failed(lateness))),
  },
  {
    name: "read route of one process broken",
    code: "read-route-failed",
    at: "cluster",
    change: () => all(noRead(lateness, [1]), logins(isThrough("read", [1]), failed(lateness))),
  },
  {
    name: "read route misses a replica",
    code: "read-route-incomplete",
    at: "replica",
    change: (target, name) =>
      readRoute(() => seen({ node: target.readers.find((other) => other !== name) ?? "", inRecovery: true }), processesAt(target, name)),
  },
  {
    name: "read route leads elsewhere",
    code: "read-route-stray",
    at: "cluster",
    // The stray has a name of its own.
    named: true,
    change: () => readRoute(() => seen({ node: "other", inRecovery: true })),
  },
  {
    name: "read route of one process leads elsewhere",
    code: "read-route-stray",
    at: "cluster",
    named: true,
    change: () => readRoute(() => seen({ node: "other", inRecovery: true }), [2]),
  },
  { name: "wrong password in the pooler", code: "login-refused", at: "cluster", change: () => routeRefusal },
  {
    name: "wrong password in one process of the pooler",
    code: "login-refused",
    at: "cluster",
    change: () =>
      all(
        logins(isThrough("write", [2]), failed(wrongPassword)),
        logins(isThrough("read", [2]), failed(wrongPassword)),
        noRead(wrongPassword, [2]),
      ),
  },
  {
    name: "password of app changed",
    code: "login-refused",
    at: "cluster",
    change: (target) =>
      all(
        routeRefusal,
        ...target.nodes.map(({ name }) => all(heartbeatAt(name, failed(wrongPassword)), insertAt(name, failed(wrongPassword)))),
        logins(({ place, role, expect }) => place.kind === "node" && role === "app" && expect === "accepted", failed(wrongPassword)),
      ),
  },
  {
    name: "password of monitoring changed",
    code: "login-refused",
    at: "cluster",
    change: (target) =>
      all(
        ...target.nodes.map(({ name }) => all(noFacts(name, wrongPassword), exporterAt(name, seen({ up: false })))),
        logins(({ role, expect }) => role === "monitoring" && expect === "accepted", failed(wrongPassword)),
        noConsole(wrongPassword),
        poolerExporter(seen({ up: false })),
      ),
  },
  {
    name: "too many connections of a role",
    code: "login-refused",
    at: "replica",
    change: (_, name) =>
      logins(
        (probe) => isAt(name)(probe) && probe.role === "replicator" && probe.expect === "accepted",
        failed({ kind: "error", code: "53300", message: "too many connections for role" }),
      ),
  },
  {
    name: "pg_hba.conf lets superusers in",
    code: "login-accepted",
    at: "replica",
    change: (_, name) => logins((probe) => isAt(name)(probe) && probe.expect === "refused", seen(true)),
  },
  {
    name: "pooler stopped",
    code: "pooler-unreachable",
    at: "cluster",
    change: () =>
      all(
        noConsole(silence),
        logins(isAtPooler(), failed(silence)),
        noRead(silence),
        noHeartbeat(silence),
        poolerExporter(seen({ up: false })),
      ),
  },
  {
    name: "one process of the pooler stopped",
    code: "pooler-unreachable",
    at: "cluster",
    change: () =>
      all(
        noConsole(silence, [1]),
        logins(isAtPooler([1]), failed(silence)),
        noRead(silence, [1]),
        poolerExporter(seen({ up: false }), [1]),
      ),
  },
  {
    name: "a route paused",
    code: "pooler-paused",
    at: "cluster",
    change: ({ writeRoute }) => all(pausedIn(writeRoute), logins(isThrough("write"), failed(lateness)), noHeartbeat(lateness)),
  },
  {
    name: "a route paused in the one process that writes come to",
    code: "pooler-paused",
    at: "cluster",
    change: ({ writeRoute }) => all(pausedIn(writeRoute, [1]), logins(isThrough("write", [1]), failed(lateness)), noHeartbeat(lateness)),
  },
  {
    name: "the read route of one process paused",
    code: "pooler-paused",
    at: "cluster",
    change: ({ readRoute: name }) => all(pausedIn(name, [2]), logins(isThrough("read", [2]), failed(lateness)), noRead(lateness, [2])),
  },
  {
    name: "the whole pooler paused",
    code: "pooler-paused",
    at: "cluster",
    change: () =>
      all(
        pooler((known) => ({ ...known, isHeld: true })),
        logins(({ place, password }) => place.kind === "route" && password === "own", failed(lateness)),
        noRead(lateness),
        noHeartbeat(lateness),
      ),
  },
  {
    name: "one process of the pooler paused",
    code: "pooler-paused",
    at: "cluster",
    change: () =>
      all(
        pooler((known) => ({ ...known, isHeld: true }), [2]),
        logins(isThrough("write", [2]), failed(lateness)),
        logins(isThrough("read", [2]), failed(lateness)),
        noRead(lateness, [2]),
      ),
  },
  {
    name: "exporter stopped",
    code: "exporter-unreachable",
    at: "leader",
    needsExporters: true,
    change: (_, name) => exporterAt(name, failed(silence)),
  },
  {
    name: "pooler's exporters stopped",
    code: "exporter-unreachable",
    at: "cluster",
    needsExporters: true,
    change: () => poolerExporter(failed(silence)),
  },
  {
    name: "exporter of one process of the pooler stopped",
    code: "exporter-unreachable",
    at: "cluster",
    needsExporters: true,
    change: () => poolerExporter(failed(silence), [2]),
  },
  {
    name: "exporter's password wrong",
    code: "exporter-target-down",
    at: "leader",
    needsExporters: true,
    change: (_, name) => exporterAt(name, seen({ up: false })),
  },
  {
    name: "not an exporter",
    code: "exporter-target-down",
    at: "cluster",
    needsExporters: true,
    change: () => poolerExporter(seen({ up: undefined })),
  },
  {
    name: "setting not applied",
    code: "restart-pending",
    at: "leader",
    change: (_, name) => facts(name, { pendingRestart: ["max_connections"] }),
  },
  {
    name: "files that the server would not start with",
    code: "settings-file-broken",
    at: "replica",
    change: (_, name) => facts(name, { fileErrors: ["postgresql.conf line 7: setting could not be applied (lc_messages)"] }),
  },
  {
    name: "Prometheus stopped",
    code: "monitoring-unreachable",
    at: "cluster",
    needsExporters: true,
    change: () => monitoring((all) => ({ ...all, prometheus: failed(silence) })),
  },
  {
    name: "Grafana stopped",
    code: "monitoring-unreachable",
    at: "cluster",
    needsExporters: true,
    change: () => monitoring((all) => ({ ...all, grafana: failed(silence) })),
  },
  {
    name: "exporter that Prometheus does not reach",
    code: "prometheus-target-down",
    at: "replica",
    needsExporters: true,
    change: (_, name) =>
      monitoring((all) => ({
        ...all,
        prometheus: seen({ downTargets: [{ job: "postgres", node: name, error: "context deadline exceeded" }], brokenRules: [] }),
      })),
  },
  {
    name: "exporter stopped, which Prometheus sees too",
    code: "exporter-unreachable",
    at: "replica",
    needsExporters: true,
    change: (_, name) =>
      all(
        exporterAt(name, failed(silence)),
        monitoring((rest) => ({
          ...rest,
          prometheus: seen({ downTargets: [{ job: "postgres", node: name, error: "connection refused" }], brokenRules: [] }),
        })),
      ),
  },
  {
    name: "exporter of a process that Prometheus does not reach",
    code: "prometheus-target-down",
    at: "cluster",
    needsExporters: true,
    change: () => processTargetDown,
  },
  {
    name: "one process of the pooler stopped, which Prometheus sees too",
    code: "pooler-unreachable",
    at: "cluster",
    needsExporters: true,
    change: () =>
      all(
        noConsole(silence, [2]),
        logins(isAtPooler([2]), failed(silence)),
        noRead(silence, [2]),
        poolerExporter(failed(silence), [2]),
        processTargetDown,
      ),
  },
  {
    name: "two rules that cannot be evaluated",
    code: "alert-rule-broken",
    at: "cluster",
    needsExporters: true,
    change: () =>
      monitoring((rest) => ({
        ...rest,
        prometheus: seen({ downTargets: [], brokenRules: ["Mine", "Yours"].map((name) => ({ name, error: "many-to-many matching" })) }),
      })),
  },
  {
    name: "a user's connection limit and rights changed",
    code: "role-differs",
    at: "leader",
    change: () => declared("role reporter has connection limit 9", "user reporter may not read tables (1) of shop"),
  },
  {
    name: "a declared database missing, so that its routes fail",
    code: "database-differs",
    at: "leader",
    change: () =>
      all(declared("database shop is missing"), (observation) => ({
        ...observation,
        logins: [
          ...observation.logins,
          ...(["write", "read"] as const).map((route) => ({
            probe: {
              ...accepted(`shop at ${route}`, {
                ...login("user:shop", "shop", "shop"),
                place: { kind: "route", route, database: "shop" },
                port: 6432,
              }),
            },
            result: failed({ kind: "error", code: "08P01", message: 'FATAL: database "shop" does not exist' }),
          })),
        ],
      })),
  },
  {
    name: "setting changed by hand",
    code: "setting-overridden",
    at: "replica",
    change: (_, name) => facts(name, { overridden: ["work_mem"] }),
  },
  {
    name: "archive_command fails",
    code: "archive-failing",
    at: "leader",
    change: (_, name) => damage(name, { archive: { file: "0000000100000000000000A3", at: "2026-01-05 10:00:00 UTC", failures: 12 } }),
  },
  {
    name: "damaged pages",
    code: "checksum-failures",
    at: "replica",
    change: (_, name) =>
      damage(name, {
        checksumFailures: [
          { database: "", failures: 1, last: "2026-01-05 10:00:00 UTC" },
          { database: "app", failures: 3, last: "2026-01-05 10:00:00 UTC" },
        ],
      }),
  },
  {
    name: "checksums turned off",
    code: "checksums-off",
    at: "replica",
    change: (_, name) => damage(name, { hasChecksums: false }),
  },
  {
    name: "another collation library in one image",
    code: "collation-differs",
    at: "replica",
    change: (_, name) => damage(name, { oldCollations: ["app"] }),
  },
  {
    name: "another collation library in every image",
    code: "collation-differs",
    at: "leader",
    change: (target) => all(...target.nodes.map(({ name }) => damage(name, { oldCollations: ["app"] }))),
  },
  {
    name: "another major version",
    code: "version-differs",
    at: "replica",
    change: (_, name) => facts(name, { major: 16, version: "16.10" }),
  },
  {
    name: "another minor version",
    code: "version-differs",
    at: "replica",
    named: false,
    change: (_, name) => facts(name, { version: "17.5" }),
  },
];

function damage(name: string, changed: Partial<DamageFacts>): Change {
  return facts(name, { damage: { archive: undefined, checksumFailures: [], hasChecksums: true, oldCollations: [], ...changed } });
}

function declared(...lines: readonly string[]): Change {
  return (observation) => ({ ...observation, declared: seen(lines) });
}

function noWrite(name: string): Change {
  const full = { kind: "error", code: "53100", message: "could not extend file: No space left on device" } as const;
  return all(insertAt(name, failed(full)), noHeartbeat(full));
}
