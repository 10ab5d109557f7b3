import type { Failure } from "../../../src/check/observation.ts";
import { failed, seen } from "../../../src/check/observation.ts";
import type { CheckNode } from "../../../src/target/target.ts";
import type { ClusterStatus } from "../../../src/status/model.ts";
import type { SeenNode, SeenSending, SeenProcess, SeenRoute, StatusObservation } from "../../../src/status/observation.ts";
import { clusterStatus } from "../../../src/status/status.ts";
import { aTarget, replicasOf } from "../check/fixtures.ts";
import type { LedTarget } from "../check/fixtures.ts";

const MB = 1024 ** 2;
const GB = 1024 ** 3;

export const refused: Failure = { kind: "silent", code: "ECONNREFUSED", message: "connect ECONNREFUSED 127.0.0.1:5433" };

const nothingSent: SeenSending = { slots: [], senders: [], slotCapBytes: 10 * GB };

export function aNode(node: CheckNode, over: Partial<SeenNode> = {}): SeenNode {
  const isReplica = node.name !== "pg1";
  return {
    clusterName: node.name,
    inRecovery: isReplica,
    version: "17.6",
    uptimeSeconds: 273_840,
    timeline: 1,
    receiver: isReplica ? "streaming" : null,
    replayPaused: false,
    connectionsUsed: 12,
    connectionsMax: 95,
    pendingRestarts: 0,
    walBytes: 80 * MB,
    heartbeatSeconds: 0.4,
    disk: { sizeBytes: 40 * GB, freeBytes: 30 * GB },
    leadsSince: null,
    position: "0/3000148",
    follows: isReplica ? "pg1" : null,
    sending: nothingSent,
    ...over,
  };
}

export function aRoute(over: Partial<SeenRoute> = {}): SeenRoute {
  return {
    name: "app",
    host: "pg1",
    paused: false,
    disabled: false,
    clientsActive: 7,
    clientsWaiting: 0,
    maxWaitSeconds: 0,
    serversUsed: 7,
    serversMax: 25,
    ...over,
  };
}

/** One of two processes of the pooler: together they have 10 of 1000 clients. */
export function aProcess(number: number, over: Partial<SeenProcess> = {}): SeenProcess {
  const isFirst = number === 1;
  const [writes, reads] = isFirst ? [4, 2] : [3, 1];
  return {
    version: "1.24.1",
    routes: [
      aRoute({ clientsActive: writes, serversUsed: writes, serversMax: isFirst ? 13 : 12 }),
      aRoute({ name: "app_ro", host: `pg${number + 1}`, clientsActive: reads, serversUsed: reads, serversMax: 25 }),
    ],
    isHeld: false,
    clientsUsed: writes + reads,
    clientsMax: 500,
    ...over,
  };
}

/** What each process of a pooler says. */
export function processesOf({ processes }: LedTarget, over: Partial<SeenProcess> = {}): StatusObservation["processes"] {
  return Object.fromEntries(processes.map(({ number }) => [number, seen(aProcess(number, over))]));
}

/** No process answers. */
export function noProcesses({ processes }: LedTarget): StatusObservation["processes"] {
  return Object.fromEntries(processes.map(({ number }) => [number, failed(refused)]));
}

/** A healthy cluster under a little load. */
export function aLook(target: LedTarget): StatusObservation {
  const sending = {
    slots: replicasOf(target).map(({ name }) => ({ name, active: true, walStatus: "reserved", behindBytes: 1200 })),
    senders: replicasOf(target).map(({ name }) => ({ applicationName: name, state: "streaming", behindBytes: 1200 })),
    slotCapBytes: 10 * GB,
  };
  return {
    at: new Date("2026-11-25T12:00:00.123Z"),
    nodes: Object.fromEntries(target.nodes.map((node) => [node.name, seen(aNode(node, node.name === "pg1" ? { sending } : {}))])),
    processes: processesOf(target),
  };
}

/** The look at a cluster with pg3 stopped and 300 MB written since. */
export function aLookWithoutPg3(target: LedTarget): StatusObservation {
  const look = aLook(target);
  const leaderNode = target.nodes.find(({ name }) => name === "pg1");
  if (leaderNode === undefined) throw new Error("no leader");
  const sending = {
    slots: [
      { name: "pg2", active: true, walStatus: "reserved", behindBytes: 1200 },
      { name: "pg3", active: false, walStatus: "extended", behindBytes: 300 * MB },
    ],
    senders: [{ applicationName: "pg2", state: "streaming", behindBytes: 1200 }],
    slotCapBytes: 10 * GB,
  };
  return { ...look, nodes: { ...look.nodes, pg1: seen(aNode(leaderNode, { sending })), pg3: failed(refused) } };
}

export const target = aTarget({ replicas: 2 });

export function aStatus(look: StatusObservation = aLook(target), of: LedTarget = target): ClusterStatus {
  return clusterStatus(of, look, { ok: true, at: "2026-11-25T11:48:00.000Z", durationMs: 412, findings: [] });
}
