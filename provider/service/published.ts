import type { Engine } from "../../src/engine/connect.ts";
import { isNotFound } from "../../src/engine/connect.ts";
import { containerName, processNumber, services } from "../../src/plan/names.ts";
import type { Server } from "../../src/postgres/endpoint.ts";
import type { PoolerAccess, PoolerProcess } from "../../resources/parts.ts";

/**
 * The pooler as it is now: every process with its current address. With fewer replicas than before it has processes that are no longer
 * declared, and have clients until they are removed at the end: what is done to the pooler is done to them too.
 */
export async function poolerNow(engine: Engine, pooler: PoolerAccess): Promise<PoolerAccess> {
  const [processes, retired] = await Promise.all([withAddresses(engine, pooler.processes), retiredProcesses(engine, pooler)]);
  return { ...pooler, processes: [...processes, ...(await withAddresses(engine, retired))] };
}

/** Processes with the addresses at which their containers currently publish their ports. */
export function withAddresses<P extends Pick<PoolerProcess, "container" | "address">>(
  engine: Engine,
  processes: readonly P[],
): Promise<P[]> {
  return Promise.all(
    processes.map(async (process) => ({ ...process, address: await publishedNow(engine, process.container, process.address) })),
  );
}

/** Processes that run and are not declared. */
async function retiredProcesses(engine: Engine, { listener, processes }: PoolerAccess): Promise<readonly PoolerProcess[]> {
  const prefix = listener.slice(0, -containerName("", services.pooler).length);
  const start = containerName(prefix, "");
  const found = await engine.listContainers({ filters: { name: [start] } });
  return found
    .flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, "")))
    .flatMap((container) => {
      const number = container.startsWith(start) ? processNumber(container.slice(start.length)) : undefined;
      const isDeclared = processes.some((process) => process.container === container);
      // Without a port of its own it cannot be asked anything; its address is looked up next.
      return number === undefined || isDeclared
        ? []
        : [{ number, container, address: { host: processes[0]?.address.host ?? "", port: 0 } }];
    });
}

/**
 * Where a server's container currently publishes its port: while ports or the address change, a container that is replaced
 * later still has the old ones.
 *
 * @param declared - where it will be; the result for a container that publishes nothing now
 */
export async function publishedNow(engine: Engine, container: string, declared: Server): Promise<Server> {
  try {
    const { NetworkSettings } = await engine.getContainer(container).inspect();
    const [binding] = Object.values(NetworkSettings.Ports).flatMap((bindings) => bindings ?? []);
    if (binding === undefined) return declared;
    const isEverywhere = binding.HostIp === "" || binding.HostIp === "0.0.0.0" || binding.HostIp === "::";
    return { host: isEverywhere ? declared.host : binding.HostIp, port: Number(binding.HostPort) };
  } catch (error) {
    if (isNotFound(error)) return declared;
    throw error;
  }
}
