import { z } from "zod";

import { connectEngine } from "../../src/engine/connect.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { UserError } from "../../src/errors.ts";
import { withSession } from "../../src/postgres/session.ts";
import type { PendingNode, PendingSetting } from "../../src/restarts/order.ts";
import { restartOrder, standbyLimited } from "../../src/restarts/order.ts";
import { parseInputs } from "../inputs.ts";
import type { Context, Kind } from "../kind.ts";
import type { ServiceNode } from "../service/access.ts";
import { nodeInputs, poolerInputs } from "../service/access.ts";
import { restartNode, restartWorld } from "../service/restart.ts";

const inputs = z.object({
  host: z.string(),
  /** Settings that take effect only at a restart, as declared: a preview shows them. */
  settings: z.record(z.string(), z.string()),
  nodes: z.array(nodeInputs),
  password: z.string(),
  patienceS: z.number(),
  pooler: poolerInputs,
});

type Inputs = z.output<typeof inputs>;

/** Raised and lowered settings together need replicas before and after the leader. */
const maxPasses = 3;

/**
 * Restarts the servers that run with other settings than their files have, one at a time and in the order that replication
 * needs. It checks the servers, not what changed, so a run continues where an interrupted one ended.
 */
export const restarts: Kind = {
  needsWork: (_context, olds) => Promise.resolve((olds["pending"] ?? "") !== ""),

  apply: async (context, properties) => {
    const wanted = parseInputs(inputs, properties);
    const engine = await connectEngine(wanted.host);
    const leader = wanted.nodes.find(({ role }) => role === "leader");
    if (leader === undefined) throw new Error("a cluster without a leader");
    const { password, patienceS, pooler } = wanted;
    const world = restartWorld(context, engine, { leader, password, patienceS, pooler });
    for (let pass = 1; ; pass += 1) {
      const found = await Promise.all(wanted.nodes.map((node) => pendingOf(context, engine, wanted, node)));
      const order = restartOrder(found);
      if (order.length === 0) return { pending: "" };
      if (pass > maxPasses) throw stillPending(found);
      for (const name of order) {
        const node = wanted.nodes.find((other) => other.name === name);
        if (node === undefined) continue;
        const heldMs = await restartNode(world, node, leader.name);
        const what = (found.find((pending) => pending.node === name)?.pending ?? []).map((setting) => setting.name).join(", ");
        context.log(
          "info",
          `${name} restarted for ${what}${heldMs === undefined ? "" : `; clients waited ${(heldMs / 1000).toFixed(1)} s`}`,
        );
      }
    }
  },

  // Some servers may have been restarted: with other settings, they have to be restarted again.
  failed: { pending: "interrupted" },

  read: async (context, stored) => {
    const wanted = parseInputs(inputs, stored);
    const engine = await connectEngine(wanted.host);
    const found = await Promise.all(wanted.nodes.map((node) => pendingOf(context, engine, wanted, node)));
    // A server that is down is handled by the gate and the check.
    const waiting = found.flatMap(({ node, pending }) =>
      pending.filter(({ running }) => running !== "").map(({ name }) => `${node}: ${name}`),
    );
    return { pending: waiting.join(", ") };
  },
};

async function pendingOf(context: Context, engine: Engine, { password, settings }: Inputs, node: ServiceNode): Promise<PendingNode> {
  const of = (pending: readonly PendingSetting[]): PendingNode => ({ node: node.name, role: node.role, pending });
  try {
    const login = { ...node.address, user: "monitoring", password, database: "postgres" };
    return of(
      await withSession(login, async (client) => {
        const { rows } = await client.query<{ name: string; running: string; marked: boolean }>(
          `select name, setting as running, pending_restart as marked from pg_settings
          where pending_restart or (source = 'command line' and name = any($1))`,
          [standbyLimited],
        );
        return rows.flatMap(({ name, running, marked }) => {
          const wanted = settings[name] ?? running;
          return marked || wanted !== running ? [{ name, running, wanted }] : [];
        });
      }),
    );
  } catch (error) {
    // The check handles a server that runs and does not answer; one that is down has no sessions to lose.
    if (await isRunning(engine, node.container)) {
      context.log("warning", `${node.name} does not answer, so what waits for a restart there is not known: ${(error as Error).message}`);
      return of([]);
    }
    return of([{ name: "being down", running: "", wanted: "" }]);
  }
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
