import { setTimeout as sleep } from "node:timers/promises";

import { valueOf } from "../observation.ts";
import type { ClusterObservation, LoginOutcome, Observed } from "../observation.ts";
import type { CheckNode } from "../../target/target.ts";
import { remainingMs } from "./context.ts";
import type { ObserveContext } from "./context.ts";
import { observeDeclared } from "./declared.ts";
import { observeExporters } from "./exporters.ts";
import { observeHeartbeat, observeWriteRoute } from "./heartbeat.ts";
import { observeInsert } from "./inserts.ts";
import { observeLogins } from "./logins.ts";
import { observeMonitoring } from "./monitoring.ts";
import { observeNode, withLaterPosition } from "./node.ts";
import { observePooler } from "./pooler.ts";
import { observeReadRoute } from "./read-route.ts";

/** How much of a cluster is looked at. */
export interface ObserveScope {
  /** Also what leaves a trace: rows written, logins that must fail. */
  readonly traces: boolean;
  /** Logins of an earlier pass; settled ones are not tried again. */
  readonly earlier: readonly LoginOutcome[];
}

/** Longest wait until the heartbeat may begin. */
const quietMs = 1000;

/** Looks at the whole cluster, everything at the same time but for the heartbeat. */
export async function observeCluster(context: ObserveContext, { traces, earlier }: ObserveScope): Promise<ClusterObservation> {
  const { target } = context;
  const seenPooler = observePooler(context);
  const seenLogins = observeLogins(context, { refusals: traces, earlier });
  const [pooler, nodes, logins, readRoute, heartbeat, inserts, exporters, monitoring, declared] = await Promise.all([
    seenPooler,
    perNode(target.nodes, async (node) => observeNode(context, node)).then(async (seen) => withLaterPosition(context, seen)),
    seenLogins,
    seenPooler.then(async (facts) => observeReadRoute(context, valueOf(facts))),
    traces ? quiet(context, seenLogins).then(async () => observeHeartbeat(context)) : observeWriteRoute(context),
    traces ? perNode(target.nodes, async (node) => observeInsert(context, node)) : undefined,
    target.exporters === undefined ? undefined : observeExporters(context, target.exporters),
    target.monitoring === undefined ? undefined : observeMonitoring(context, target.monitoring),
    target.declared === undefined ? undefined : observeDeclared(context, target.declared),
  ]);
  return {
    pooler,
    nodes,
    logins,
    readRoute,
    heartbeat,
    inserts,
    exporters,
    ...(monitoring === undefined ? {} : { monitoring }),
    ...(declared === undefined ? {} : { declared }),
  };
}

/** The heartbeat times replication, so it is not to compete with dozens of logins; nor is it to wait for one that hangs. */
async function quiet(context: ObserveContext, busy: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const wait = sleep(Math.min(quietMs, remainingMs(context) / 4), undefined, { signal: late.signal });
  await Promise.race([busy, wait]);
  late.abort();
}

async function perNode<T>(
  nodes: readonly CheckNode[],
  observe: (node: CheckNode) => Promise<Observed<T>>,
): Promise<Readonly<Record<string, Observed<T>>>> {
  return Object.fromEntries(await Promise.all(nodes.map(async (node) => [node.name, await observe(node)] as const)));
}
