import { loginProbes } from "../../../src/check/logins.ts";
import type { LoginProbe } from "../../../src/check/logins.ts";
import { failed, seen, valueOf } from "../../../src/check/observation.ts";
import type {
  ClusterObservation,
  Failure,
  LeaderFacts,
  LoginOutcome,
  MonitoringObservation,
  NodeFacts,
  Observed,
  PoolerFacts,
} from "../../../src/check/observation.ts";
import { replicasOf } from "../../../src/target/target.ts";
import type { CheckNode, CheckSecrets, CheckTarget } from "../../../src/target/target.ts";

/** A cluster as declared: one leader and some replicas, all of them in rotation. */
export function aTarget({ replicas = 2, leader = "pg1", exporters = true, drained = [] as readonly string[] } = {}): CheckTarget {
  const names = Array.from({ length: replicas + 1 }, (_, index) => `pg${index + 1}`);
  const nodes = names.map((name, index): CheckNode => {
    const role = name === leader ? "leader" : "replica";
    return { name, role, port: 5432 + index, slot: role === "leader" ? undefined : name, container: `pgstack-test-${name}` };
  });
  const ready = names.filter((name) => name !== leader && !drained.includes(name));
  return {
    stack: "test",
    accessHost: "127.0.0.1",
    leader,
    database: "app",
    appUser: "app",
    major: 17,
    nodes,
    writeRoute: "app",
    readRoute: "app_ro",
    rotation: ready.length === 0 ? [leader] : ready,
    poolerPort: 6432,
    poolerContainer: "pgstack-test-pooler",
    exporters: exporters
      ? {
          nodes: names.map((node, index) => ({ node, port: 9187 + index, container: `pgstack-test-${node}-exporter` })),
          poolerPort: 9127,
          poolerContainer: "pgstack-test-pooler-exporter",
        }
      : undefined,
    monitoring: exporters
      ? {
          prometheus: { host: "127.0.0.1", port: 9090, container: "pgstack-test-prometheus" },
          alertmanager: { host: "127.0.0.1", port: 9093, container: "pgstack-test-alertmanager" },
          grafana: { host: "127.0.0.1", port: 3000, container: "pgstack-test-grafana" },
        }
      : undefined,
    timeoutMs: 60_000,
  };
}

/** Passwords that must not be seen anywhere. */
export const someSecrets: CheckSecrets = {
  app: "app-Secret1",
  replicator: "replicator-Secret2",
  monitoring: "monitoring-Secret3",
  pgbouncer: "pgbouncer-Secret4",
};

/** What a healthy cluster looks like. */
export function anObservation(target: CheckTarget): ClusterObservation {
  const { exporters } = target;
  return {
    nodes: Object.fromEntries(target.nodes.map((node) => [node.name, seen(someFacts(target, node))])),
    logins: loginProbes(target).map((probe) => ({ probe, result: probe.expect === "accepted" ? seen(true) : failed(noEntry) })),
    pooler: seen({
      version: "1.24.1",
      databases: [
        { name: target.writeRoute, host: target.leader, paused: false, disabled: false },
        { name: target.readRoute, host: target.rotation.join(","), paused: false, disabled: false },
      ],
      isHeld: false,
      readServers: 0,
      readPoolSize: 25,
    }),
    readRoute: { reached: target.rotation.map((node) => ({ node, inRecovery: node !== target.leader })), failure: undefined },
    heartbeat: {
      write: seen({ reached: target.leader }),
      replicas: Object.fromEntries(replicasOf(target).map(({ name }) => [name, seen({ visible: true, ms: 3.14 })])),
    },
    inserts: Object.fromEntries(target.nodes.map(({ name, role }) => [name, role === "leader" ? seen(true) : failed(inRecovery)])),
    exporters:
      exporters === undefined
        ? undefined
        : { nodes: Object.fromEntries(exporters.nodes.map(({ node }) => [node, seen({ up: true })])), pooler: seen({ up: true }) },
    monitoring:
      target.monitoring === undefined
        ? undefined
        : { prometheus: seen({ downTargets: [], brokenRules: [] }), alertmanager: seen(true), grafana: seen(true) },
  };
}

function someFacts(target: CheckTarget, { role, name }: CheckNode): NodeFacts {
  const isLeader = role === "leader";
  const slots = replicasOf(target).map(({ slot = "" }) => ({
    name: slot,
    type: "physical",
    active: true,
    walStatus: "reserved",
    safeWalBytes: 1_000_000,
  }));
  const senders = replicasOf(target).map((replica) => ({ applicationName: replica.name, state: "streaming" }));
  return {
    clusterName: name,
    inRecovery: !isLeader,
    systemIdentifier: "7710492325569105940",
    timeline: 1,
    version: "17.6",
    major: 17,
    lsn: isLeader ? "0/3000148" : "0/3000000",
    receiver: isLeader ? undefined : { status: "streaming", timeline: 1 },
    replayPause: isLeader ? undefined : "not paused",
    pendingRestart: [],
    fileErrors: [],
    overridden: [],
    damage: { archive: undefined, checksumFailures: [], hasChecksums: true, oldCollations: [] },
    leader: isLeader ? { slots, senders } : undefined,
  };
}

/** Nothing listens there. */
export const silence: Failure = { kind: "silent", code: "ECONNREFUSED", message: "connect ECONNREFUSED" };
/** Something listens, but says nothing. */
export const lateness: Failure = { kind: "silent", code: "TIMEOUT", message: "no answer before the deadline" };
export const noEntry: Failure = { kind: "refused", code: "28000", message: "pg_hba.conf rejects connection" };
export const wrongPassword: Failure = { kind: "refused", code: "28P01", message: "password authentication failed" };
export const inRecovery: Failure = { kind: "error", code: "25006", message: "cannot execute INSERT in a read-only transaction" };

/** A change of an observation. */
export type Change = (observation: ClusterObservation) => ClusterObservation;

/** One change after the other. */
export function all(...changes: readonly Change[]): Change {
  return (observation) => changes.reduce((changed, change) => change(changed), observation);
}

/** Other facts about a node. */
export function facts(name: string, changed: Partial<NodeFacts>): Change {
  return (observation) => {
    const known = valueOf(observation.nodes[name]);
    return known === undefined ? observation : { ...observation, nodes: { ...observation.nodes, [name]: seen({ ...known, ...changed }) } };
  };
}

/** No facts about a node. */
export function noFacts(name: string, failure: Failure): Change {
  return (observation) => ({ ...observation, nodes: { ...observation.nodes, [name]: failed(failure) } });
}

/** Other knowledge of the leader about its replicas. */
export function leaderFacts(target: CheckTarget, change: (leader: LeaderFacts) => LeaderFacts): Change {
  return (observation) => {
    const leader = valueOf(observation.nodes[target.leader])?.leader;
    return leader === undefined ? observation : facts(target.leader, { leader: change(leader) })(observation);
  };
}

/** Another result for some logins. */
export function logins(matches: (probe: LoginProbe) => boolean, result: Observed<true>): Change {
  return (observation) => ({
    ...observation,
    logins: observation.logins.map((outcome): LoginOutcome => (matches(outcome.probe) ? { ...outcome, result } : outcome)),
  });
}

/** Another result of reading the heartbeat on a replica. */
export function heartbeatAt(name: string, result: ClusterObservation["heartbeat"]["replicas"][string]): Change {
  return (observation) => {
    const { heartbeat } = observation;
    return name in heartbeat.replicas
      ? { ...observation, heartbeat: { ...heartbeat, replicas: { ...heartbeat.replicas, [name]: result } } }
      : observation;
  };
}

/** A heartbeat that could not be written. */
export function noHeartbeat(failure: Failure): Change {
  return (observation) => ({ ...observation, heartbeat: { write: failed(failure), replicas: {} } });
}

/** Another result of an INSERT. */
export function insertAt(name: string, result: Observed<true>): Change {
  return (observation) => ({ ...observation, inserts: { ...observation.inserts, [name]: result } });
}

/** Other nodes at the end of the read route. */
export function readRoute(changed: Partial<ClusterObservation["readRoute"]>): Change {
  return (observation) => ({ ...observation, readRoute: { ...observation.readRoute, ...changed } });
}

/** Another state of the pooler. */
export function pooler(change: (known: PoolerFacts) => PoolerFacts): Change {
  return (observation) => (observation.pooler.ok ? { ...observation, pooler: seen(change(observation.pooler.value)) } : observation);
}

/** Another answer of a node's exporter. */
export function exporterAt(name: string, result: Observed<{ readonly up: boolean | undefined }>): Change {
  return (observation) =>
    observation.exporters === undefined
      ? observation
      : { ...observation, exporters: { ...observation.exporters, nodes: { ...observation.exporters.nodes, [name]: result } } };
}

/** Another answer of the pooler's exporter. */
export function poolerExporter(result: Observed<{ readonly up: boolean | undefined }>): Change {
  return (observation) =>
    observation.exporters === undefined ? observation : { ...observation, exporters: { ...observation.exporters, pooler: result } };
}

/** Whether a probe is made at this node. */
export function isAt(name: string): (probe: LoginProbe) => boolean {
  return ({ place }) => place.kind === "node" && place.node === name;
}

/** Whether a probe is made through this route. */
export function isThrough(route: "write" | "read"): (probe: LoginProbe) => boolean {
  return ({ place, password }) => place.kind === "route" && place.route === route && password === "own";
}

/** Another answer of the monitoring; none without it. */
export function monitoring(change: (seen: MonitoringObservation) => MonitoringObservation): Change {
  return (observation) =>
    observation.monitoring === undefined ? observation : { ...observation, monitoring: change(observation.monitoring) };
}
