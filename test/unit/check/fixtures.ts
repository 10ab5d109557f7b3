import { loginProbes } from "../../../src/check/logins.ts";
import type { LoginProbe } from "../../../src/check/logins.ts";
import { failed, seen, valueOf } from "../../../src/check/observation.ts";
import type {
  ClusterObservation,
  Failure,
  LoginOutcome,
  MonitoringObservation,
  NodeFacts,
  Observed,
  PoolerFacts,
  ReachedNode,
  SendingFacts,
} from "../../../src/check/observation.ts";
import type { CheckNode, CheckProcess, CheckSecrets, CheckTarget } from "../../../src/target/target.ts";

/** What a cluster is to be, and which of its nodes leads in a test: no target says that. */
export interface LedTarget extends CheckTarget {
  readonly leader: string;
  /** Nodes that the read route reaches. */
  readonly readers: readonly string[];
}

/** The nodes that do not lead. */
export function replicasOf({ nodes, leader }: LedTarget): readonly CheckNode[] {
  return nodes.filter(({ name }) => name !== leader);
}

/** The node that a process of the pooler reads from. */
function readerOf({ readers }: LedTarget, { number }: CheckProcess): string {
  return readers[(number - 1) % readers.length] ?? "";
}

/** Numbers of the processes that read from a node. */
export function processesAt(target: LedTarget, name: string): readonly number[] {
  return target.processes.filter((process) => readerOf(target, process) === name).map(({ number }) => number);
}

/** A target that passed through code that knows of no leader; without one the first node leads. */
function led(target: CheckTarget): LedTarget {
  const names = target.nodes.map(({ name }) => name);
  const leader = "leader" in target && typeof target.leader === "string" ? target.leader : (names[0] ?? "");
  return { ...target, leader, readers: names.length === 1 ? names : names.filter((name) => name !== leader) };
}

/** Processes of a pooler, or their exporters. */
function processesFrom(port: number, { replicas, suffix = "" }: { readonly replicas: number; readonly suffix?: string }): CheckProcess[] {
  return Array.from({ length: Math.max(2, replicas) }, (_, index) => ({
    number: index + 1,
    port: port + index,
    container: `pgstack-test-pgbouncer-${index + 1}${suffix}`,
  }));
}

/** A cluster of a leader and some replicas. */
export function aTarget({ replicas = 2, leader = "pg1", exporters = true } = {}): LedTarget {
  const names = Array.from({ length: replicas + 1 }, (_, index) => `pg${index + 1}`);
  const nodes = names.map((name, index): CheckNode => ({ name, port: 5432 + index, container: `pgstack-test-${name}` }));
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
    readers: replicas === 0 ? [leader] : names.filter((name) => name !== leader),
    poolerPort: 6432,
    listenerContainer: "pgstack-test-pooler",
    processes: processesFrom(6433, { replicas }),
    exporters: exporters
      ? {
          nodes: names.map((node, index) => ({ node, port: 9187 + index, container: `pgstack-test-${node}-exporter` })),
          processes: processesFrom(9127, { replicas, suffix: "-exporter" }),
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
export function anObservation(of: CheckTarget): ClusterObservation {
  const target = led(of);
  const { exporters } = target;
  return {
    nodes: Object.fromEntries(target.nodes.map(({ name }) => [name, seen(someFacts(target, name))])),
    logins: loginProbes(target).map((probe) => ({ probe, result: probe.expect === "accepted" ? seen(true) : failed(noEntry) })),
    processes: Object.fromEntries(
      target.processes.map((process) => [
        process.number,
        seen({
          version: "1.24.1",
          databases: [
            { name: target.writeRoute, host: target.leader, paused: false, disabled: false },
            { name: target.readRoute, host: readerOf(target, process), paused: false, disabled: false },
          ],
          isHeld: false,
        }),
      ]),
    ),
    readRoutes: Object.fromEntries(
      target.processes.map((process) => {
        const node = readerOf(target, process);
        return [process.number, seen({ node, inRecovery: node !== target.leader })];
      }),
    ),
    heartbeat: {
      write: seen({ reached: target.leader }),
      replicas: Object.fromEntries(replicasOf(target).map(({ name }) => [name, seen({ visible: true, ms: 3.14 })])),
    },
    inserts: Object.fromEntries(target.nodes.map(({ name }) => [name, name === target.leader ? seen(true) : failed(inRecovery)])),
    exporters:
      exporters === undefined
        ? undefined
        : {
            nodes: Object.fromEntries(exporters.nodes.map(({ node }) => [node, seen({ up: true })])),
            processes: Object.fromEntries(exporters.processes.map(({ number }) => [number, seen({ up: true })])),
          },
    monitoring:
      target.monitoring === undefined
        ? undefined
        : { prometheus: seen({ downTargets: [], brokenRules: [] }), alertmanager: seen(true), grafana: seen(true) },
  };
}

function someFacts(target: LedTarget, name: string): NodeFacts {
  const isLeader = name === target.leader;
  const slots = replicasOf(target).map((replica) => ({
    name: replica.name,
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
    follows: isLeader ? undefined : target.leader,
    sending: isLeader ? { slots, senders } : { slots: [], senders: [] },
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
export function sending(target: LedTarget, change: (known: SendingFacts) => SendingFacts): Change {
  return (observation) => {
    const known = valueOf(observation.nodes[target.leader])?.sending;
    return known === undefined ? observation : facts(target.leader, { sending: change(known) })(observation);
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

/** The same for some processes of the pooler, or for all. */
function ofProcesses<T>(
  known: Readonly<Record<number, T>>,
  numbers: readonly number[] | undefined,
  change: (value: T) => T,
): Readonly<Record<number, T>> {
  return Object.fromEntries(
    Object.entries(known).map(([key, value]) => [key, numbers === undefined || numbers.includes(Number(key)) ? change(value) : value]),
  );
}

/** Another end of the read route. @param numbers - of which processes. @default all */
export function readRoute(change: (known: Observed<ReachedNode>) => Observed<ReachedNode>, numbers?: readonly number[]): Change {
  return (observation) => ({ ...observation, readRoutes: ofProcesses(observation.readRoutes, numbers, change) });
}

/** A read route that leads nowhere. */
export function noRead(failure: Failure, numbers?: readonly number[]): Change {
  return readRoute(() => failed(failure), numbers);
}

/** Another state of the pooler. */
export function pooler(change: (known: PoolerFacts) => PoolerFacts, numbers?: readonly number[]): Change {
  return (observation) => ({
    ...observation,
    processes: ofProcesses(observation.processes, numbers, (known) => (known.ok ? seen(change(known.value)) : known)),
  });
}

/** A console that does not answer. */
export function noConsole(failure: Failure, numbers?: readonly number[]): Change {
  return (observation) => ({ ...observation, processes: ofProcesses(observation.processes, numbers, () => failed(failure)) });
}

/** Another answer of a node's exporter. */
export function exporterAt(name: string, result: Observed<{ readonly up: boolean | undefined }>): Change {
  return (observation) =>
    observation.exporters === undefined
      ? observation
      : { ...observation, exporters: { ...observation.exporters, nodes: { ...observation.exporters.nodes, [name]: result } } };
}

/** Another answer of the pooler's exporters. */
export function poolerExporter(result: Observed<{ readonly up: boolean | undefined }>, numbers?: readonly number[]): Change {
  return (observation) =>
    observation.exporters === undefined
      ? observation
      : {
          ...observation,
          exporters: { ...observation.exporters, processes: ofProcesses(observation.exporters.processes, numbers, () => result) },
        };
}

/** Whether a probe is made at this node. */
export function isAt(name: string): (probe: LoginProbe) => boolean {
  return ({ place }) => place.kind === "node" && place.node === name;
}

/** Whether a probe is made through this route. @param numbers - of which processes. @default all */
export function isThrough(route: "write" | "read", numbers?: readonly number[]): (probe: LoginProbe) => boolean {
  return (probe) => probe.place.kind === "route" && probe.place.route === route && probe.password === "own" && isOf(probe, numbers);
}

/** Whether a probe is made at the pooler. @param numbers - at which processes. @default all */
export function isAtPooler(numbers?: readonly number[]): (probe: LoginProbe) => boolean {
  return (probe) => probe.place.kind !== "node" && isOf(probe, numbers);
}

function isOf({ place }: LoginProbe, numbers: readonly number[] | undefined): boolean {
  if (numbers === undefined) return true;
  return place.kind !== "node" && place.process !== undefined && numbers.includes(place.process);
}

/** Another answer of the monitoring; none without it. */
export function monitoring(change: (seen: MonitoringObservation) => MonitoringObservation): Change {
  return (observation) =>
    observation.monitoring === undefined ? observation : { ...observation, monitoring: change(observation.monitoring) };
}
