import type { RestartsInputs } from "../../resources/restarts.ts";
import { restartsInputs } from "../../resources/restarts.ts";
import { connectEngine } from "../../src/engine/connect.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { UserError } from "../../src/errors.ts";
import type { NodeRole } from "../../src/node-role.ts";
import { monitoringLogin } from "../../src/postgres/endpoint.ts";
import { withSession } from "../../src/postgres/session.ts";
import type { PendingNode, PendingRow, PendingSetting } from "../../src/rollout/pending.ts";
import { pendingSettings, pendingSql, waitingOf } from "../../src/rollout/pending.ts";
import { restartOrder } from "../../src/rollout/restarts.ts";
import { parseInputs } from "../inputs.ts";
import type { Context, Kind } from "../kind.ts";
import { topologyNow } from "../topology.ts";
import type { ServiceNode } from "../../resources/parts.ts";
import { restartNode, restartWorld } from "../service/restart.ts";

/** Raised and lowered settings together need replicas before and after the leader. */
const maxPasses = 3;

/**
 * Restarts the servers that run with other settings than their files have, one at a time and in the order that replication
 * needs. It checks the servers, not what changed, so a run continues where an interrupted one ended.
 */
export const restarts: Kind = {
  needsWork: (_context, olds) => Promise.resolve((olds["pending"] ?? "") !== ""),

  apply: async (context, properties) => {
    const wanted = parseInputs(restartsInputs, properties);
    const engine = await connectEngine(wanted.host);
    const { prefix, password, patienceS, pooler } = wanted;
    const world = restartWorld(context, engine, { prefix, password, patienceS, pooler });
    for (let pass = 1; ; pass += 1) {
      const found = await Promise.all(wanted.nodes.map((node) => pendingOf(context, engine, wanted, node)));
      const order = restartOrder(found.map(waitingOf));
      if (order.length === 0) return { pending: "" };
      if (pass > maxPasses) throw stillPending(found);
      const { leader } = await topologyNow({ engine, prefix });
      for (const name of order) {
        const node = wanted.nodes.find((other) => other.name === name);
        if (node === undefined) continue;
        const role = leader?.name === name ? "leader" : "replica";
        const heldMs = await restartNode(world, { ...node, role });
        context.log("info", restartedText(name, found, heldMs));
      }
    }
  },

  // Some servers may have been restarted: with other settings, they have to be restarted again.
  failed: { pending: "interrupted" },

  read: async (context, stored) => {
    const wanted = parseInputs(restartsInputs, stored);
    const engine = await connectEngine(wanted.host);
    const found = await Promise.all(wanted.nodes.map((node) => pendingOf(context, engine, wanted, node)));
    // A server that is down is handled by the gate and the check.
    const waiting = found.flatMap(({ node, pending }) =>
      pending.filter(({ running }) => running !== "").map(({ name }) => `${node}: ${name}`),
    );
    return { pending: waiting.join(", ") };
  },
};

async function pendingOf(
  context: Context,
  engine: Engine,
  { password, settings }: RestartsInputs,
  node: ServiceNode,
): Promise<PendingNode> {
  const of = (pending: readonly PendingSetting[], role?: NodeRole): PendingNode => ({ node: node.name, role, pending });
  try {
    return await withSession(monitoringLogin(node.address, password), async (client) => {
      const recovery = await client.query<{ standby: boolean }>("select pg_is_in_recovery() as standby");
      const { rows } = await client.query<PendingRow>(pendingSql);
      return of(pendingSettings(rows, settings), recovery.rows[0]?.standby === false ? "leader" : "replica");
    });
  } catch (error) {
    // The check handles a server that runs and does not answer; one that is down has no sessions to lose.
    if (await isRunning(engine, node.container)) {
      context.log("warning", `${node.name} does not answer, so what waits for a restart there is not known: ${(error as Error).message}`);
      return of([]);
    }
    return of([{ name: "being down", running: "", wanted: "" }]);
  }
}

function restartedText(name: string, found: readonly PendingNode[], heldMs: number | undefined): string {
  const what = (found.find(({ node }) => node === name)?.pending ?? []).map((setting) => setting.name).join(", ");
  return `${name} restarted for ${what}${heldMs === undefined ? "" : `; clients waited ${(heldMs / 1000).toFixed(1)} s`}`;
}

function stillPending(found: readonly PendingNode[]): UserError {
  const waiting = found.filter(({ pending }) => pending.length > 0);
  return new UserError([
    {
      where: waiting.map(({ node }) => node).join(", "),
      problem: `restarted, but it still runs with other settings than its files have: ${[...new Set(waiting.flatMap(({ pending }) => pending.map(({ name }) => name)))].join(", ")}`,
      fix: "see ./pgstack check, and the server's log",
    },
  ]);
}
