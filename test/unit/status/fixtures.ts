import type { Failure } from "../../../src/check/observation.ts";
import { failed, seen } from "../../../src/check/observation.ts";
import type { CheckNode, CheckTarget } from "../../../src/target/target.ts";
import { replicasOf } from "../../../src/target/target.ts";
import type { ClusterStatus } from "../../../src/status/model.ts";
import type { SeenNode, SeenPooler, SeenRoute, StatusObservation } from "../../../src/status/observation.ts";
import { clusterStatus } from "../../../src/status/status.ts";
import { aTarget } from "../check/fixtures.ts";

const MB = 1024 ** 2;
const GB = 1024 ** 3;

export const refused: Failure = { kind: "silent", code: "ECONNREFUSED", message: "connect ECONNREFUSED 127.0.0.1:5433" };

export function aNode(node: CheckNode, over: Partial<SeenNode> = {}): SeenNode {
  const isReplica = node.role === "replica";
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
    leader: undefined,
    ...over,
  };
}

export function aRoute(over: Partial<SeenRoute> = {}): SeenRoute {
  return {
    name: "app",
    hosts: ["pg1"],
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

export function aPooler(over: Partial<SeenPooler> = {}): SeenPooler {
  return {
    version: "1.24.1",
    routes: [aRoute(), aRoute({ name: "app_ro", hosts: ["pg2", "pg3"], clientsActive: 3, serversUsed: 3, serversMax: 50 })],
    isHeld: false,
    clientsUsed: 10,
    clientsMax: 1000,
    ...over,
  };
}

/** A healthy cluster under a little load. */
export function aLook(target: CheckTarget): StatusObservation {
  const leader = {
    slots: replicasOf(target).map(({ name }) => ({ name, active: true, walStatus: "reserved", behindBytes: 1200 })),
    senders: replicasOf(target).map(({ name }) => ({ applicationName: name, state: "streaming", behindBytes: 1200 })),
    slotCapBytes: 10 * GB,
  };
  return {
    at: new Date("2026-11-25T12:00:00.123Z"),
    nodes: Object.fromEntries(target.nodes.map((node) => [node.name, seen(aNode(node, node.role === "leader" ? { leader } : {}))])),
    pooler: seen(aPooler()),
  };
}

/** The look at a cluster with pg3 stopped and 300 MB written since. */
export function aLookWithoutPg3(target: CheckTarget): StatusObservation {
  const look = aLook(target);
  const leaderNode = target.nodes.find(({ role }) => role === "leader");
  if (leaderNode === undefined) throw new Error("no leader");
  const leader = {
    slots: [
      { name: "pg2", active: true, walStatus: "reserved", behindBytes: 1200 },
      { name: "pg3", active: false, walStatus: "extended", behindBytes: 300 * MB },
    ],
    senders: [{ applicationName: "pg2", state: "streaming", behindBytes: 1200 }],
    slotCapBytes: 10 * GB,
  };
  return { ...look, nodes: { ...look.nodes, pg1: seen(aNode(leaderNode, { leader })), pg3: failed(refused) } };
}

export const target = aTarget({ replicas: 2 });

export function aStatus(look: StatusObservation = aLook(target), of: CheckTarget = target): ClusterStatus {
  return clusterStatus(of, look, { ok: true, at: "2026-11-25T11:48:00.000Z", durationMs: 412, findings: [] });
}
