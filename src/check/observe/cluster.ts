import { valueOf } from "../observation.ts";
import type { ClusterObservation, LoginOutcome, Observed } from "../observation.ts";
import type { CheckNode } from "../target.ts";
import type { ObserveContext } from "./context.ts";
import { observeExporters } from "./exporters.ts";
import { observeHeartbeat, observeWriteRoute } from "./heartbeat.ts";
import { observeInsert } from "./inserts.ts";
import { observeLogins } from "./logins.ts";
import { observeNode } from "./node.ts";
import { observePooler } from "./pooler.ts";
import { observeReadRoute } from "./read-route.ts";

/** How much of a cluster is looked at. */
export interface ObserveScope {
  /** Also what leaves a trace: rows written, logins that must fail. */
  readonly traces: boolean;
  /** Logins of an earlier pass; settled ones are not tried again. */
  readonly earlier: readonly LoginOutcome[];
}

/** Looks at the whole cluster, everything at the same time. */
export async function observeCluster(
  context: ObserveContext,
  { traces, earlier }: ObserveScope,
): Promise<ClusterObservation> {
  const { target } = context;
  const seenPooler = observePooler(context);
  const [pooler, nodes, logins, readRoute, heartbeat, inserts, exporters] = await Promise.all([
    seenPooler,
    perNode(target.nodes, async (node) => observeNode(context, node)),
    observeLogins(context, { refusals: traces, earlier }),
    seenPooler.then(async (facts) => observeReadRoute(context, valueOf(facts))),
    traces ? observeHeartbeat(context) : observeWriteRoute(context),
    traces ? perNode(target.nodes, async (node) => observeInsert(context, node)) : undefined,
    target.exporters === undefined ? undefined : observeExporters(context, target.exporters),
  ]);
  return { pooler, nodes, logins, readRoute, heartbeat, inserts, exporters };
}

async function perNode<T>(
  nodes: readonly CheckNode[],
  observe: (node: CheckNode) => Promise<Observed<T>>,
): Promise<Readonly<Record<string, Observed<T>>>> {
  return Object.fromEntries(
    await Promise.all(nodes.map(async (node) => [node.name, await observe(node)] as const)),
  );
}
