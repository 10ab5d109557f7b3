import { setTimeout as sleep } from "node:timers/promises";

import { referenceOf } from "../../topology/lead.ts";
import { leadSeen } from "../lead.ts";
import { failed } from "../observation.ts";
import type { ClusterObservation, LoginOutcome, NodeFacts, Observed } from "../observation.ts";
import type { CheckDeclared, CheckNode, CheckProcess } from "../../target/target.ts";
import { remainingMs } from "./context.ts";
import type { ObserveContext } from "./context.ts";
import { observeDeclared } from "./declared.ts";
import { observeExporters } from "./exporters.ts";
import { observeHeartbeat, observeWriteRoute } from "./heartbeat.ts";
import { observeInsert } from "./inserts.ts";
import { observeLogins } from "./logins.ts";
import { observeMonitoring } from "./monitoring.ts";
import { observeNode, withLaterPosition } from "./node.ts";
import { observeProcess } from "./pooler.ts";
import { observeReadRoute } from "./read-route.ts";

/** How much of a cluster is looked at. */
export interface ObserveScope {
  /** Also what leaves a trace: rows written, logins that must fail. */
  readonly traces: boolean;
  /** Logins of an earlier pass; settled ones are not tried again. */
  readonly earlier: readonly LoginOutcome[];
}

const noLeader = { kind: "error", code: "NO_LEADER", message: "no node is known to lead" } as const;

/** Longest wait until the heartbeat may begin. */
const quietMs = 1000;

/** Looks at the whole cluster, everything at the same time but for what has to know who leads. */
export async function observeCluster(context: ObserveContext, { traces, earlier }: ObserveScope): Promise<ClusterObservation> {
  const { target } = context;
  const seenNodes = perNode(target.nodes, async (node) => observeNode(context, node));
  const seenLogins = observeLogins(context, { refusals: traces, earlier });
  const [processes, readRoutes, nodes, logins, heartbeat, inserts, exporters, monitoring, declared] = await Promise.all([
    perProcess(target.processes, async (process) => observeProcess(context, process)),
    perProcess(target.processes, async (process) => observeReadRoute(context, process)),
    seenNodes.then(async (seen) => withLaterPosition(context, seen)),
    seenLogins,
    traces ? quiet(context, seenLogins).then(async () => observeHeartbeat(context)) : observeWriteRoute(context),
    traces ? perNode(target.nodes, async (node) => observeInsert(context, node)) : undefined,
    target.exporters === undefined ? undefined : observeExporters(context, target.exporters),
    target.monitoring === undefined ? undefined : observeMonitoring(context, target.monitoring),
    target.declared === undefined ? undefined : declaredAt(context, seenNodes, target.declared),
  ]);
  return {
    processes,
    readRoutes,
    nodes,
    logins,
    heartbeat,
    inserts,
    exporters,
    ...(monitoring === undefined ? {} : { monitoring }),
    ...(declared === undefined ? {} : { declared }),
  };
}

/** On the leader, so it is asked once it is known who that is. */
async function declaredAt(
  context: ObserveContext,
  nodes: Promise<Readonly<Record<string, Observed<NodeFacts>>>>,
  declared: CheckDeclared,
): Promise<Observed<readonly string[]>> {
  const name = referenceOf(leadSeen(context.target, { nodes: await nodes }));
  const leader = context.target.nodes.find((node) => node.name === name);
  return leader === undefined ? failed(noLeader) : observeDeclared(context, leader, declared);
}

/** The heartbeat times replication, so it is not to compete with dozens of logins; nor is it to wait for one that hangs. */
async function quiet(context: ObserveContext, busy: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const wait = sleep(Math.min(quietMs, remainingMs(context) / 4), undefined, { signal: late.signal });
  await Promise.race([busy, wait]);
  late.abort();
}

async function perProcess<T>(
  processes: readonly CheckProcess[],
  observe: (process: CheckProcess) => Promise<Observed<T>>,
): Promise<Readonly<Record<number, Observed<T>>>> {
  return Object.fromEntries(await Promise.all(processes.map(async (process) => [process.number, await observe(process)] as const)));
}

async function perNode<T>(
  nodes: readonly CheckNode[],
  observe: (node: CheckNode) => Promise<Observed<T>>,
): Promise<Readonly<Record<string, Observed<T>>>> {
  return Object.fromEntries(await Promise.all(nodes.map(async (node) => [node.name, await observe(node)] as const)));
}
