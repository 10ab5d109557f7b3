import type { NodeService, PoolerService } from "../../resources/out-of-service.ts";
import { outOfServiceInputs } from "../../resources/out-of-service.ts";
import { connectEngine } from "../../src/engine/connect.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { UserError } from "../../src/errors.ts";
import { parseInputs } from "../inputs.ts";
import type { Context, Kind } from "../kind.ts";
import { poolerNow } from "../service/published.ts";
import { dropSlot } from "../service/slot.ts";
import { longTransactionsAfter } from "../traffic/calm.ts";
import { drain } from "../traffic/drain.ts";
import { pauseLeader } from "../traffic/pause.ts";
import { topologyNow } from "../topology.ts";
import { serversOn, trafficOn } from "../traffic/world.ts";

/**
 * Before a container with clients is replaced. A replica leaves rotation and its reads end; clients of the leader wait; the
 * node's gate undoes both. The pooler's long transactions end while clients are still served: later all clients would wait for
 * them. A container that does not run has no clients, so nothing is done for it. After a node's container was removed, its slot is
 * dropped on the node that leads.
 */
export const outOfService: Kind = {
  apply: async (context, properties, olds) => {
    const { host, prefix, container, spec, service } = parseInputs(outOfServiceInputs, properties);
    if (olds === undefined || olds["spec"] === spec) return {};
    const engine = await connectEngine(host);
    if (!(await isRunning(engine, container))) return {};
    if (service.kind === "node") await releaseNode(context, engine, prefix, service);
    else await awaitTransactions(context, engine, container, service);
    return {};
  },

  remove: async (context, stored) => {
    const { host, prefix, service } = parseInputs(outOfServiceInputs, stored);
    if (service.kind === "node") await forget(context, await connectEngine(host), prefix, service);
  },
};

async function releaseNode(context: Context, engine: Engine, prefix: string, service: NodeService): Promise<void> {
  const traffic = trafficOn(context, engine, await poolerNow(engine, service.pooler));
  const { leader } = await topologyNow({ engine, prefix });
  if (leader?.name === service.node.name) await pauseLeader(traffic, service.node);
  else await drain(traffic, { ...service.node, role: "replica" });
}

async function awaitTransactions(
  context: Context,
  engine: Engine,
  container: string,
  { nodes, address, timeoutS }: PoolerService,
): Promise<void> {
  const seen = await longTransactionsAfter({ context, world: serversOn(engine) }, { nodes, client: address, timeoutS });
  if (seen === "") return;
  throw new UserError([
    {
      where: container,
      problem: `to be replaced, it would make everybody wait for long transactions, and they did not end within ${timeoutS} s, so nothing was changed on it: ${seen}`,
      fix: "deploy again when they have ended, or end them: select pg_terminate_backend(<pid>) on that node",
    },
  ]);
}

async function forget(context: Context, engine: Engine, prefix: string, { node: { name }, dataVolume }: NodeService): Promise<void> {
  context.log("info", `the data of ${name} stays in the volume ${dataVolume}`);
  const { leader } = await topologyNow({ engine, prefix });
  if (leader === undefined || leader.name === name) return;
  if (await dropSlot(engine, leader.container, name, context.signal)) return;
  context.log(
    "warning",
    `slot ${name} is still in use and stays; it keeps at most slotWalCap of WAL. Drop it on the leader: select pg_drop_replication_slot('${name}')`,
  );
}
