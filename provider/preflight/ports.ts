import { createServer } from "node:net";
import { networkInterfaces } from "node:os";

import type { Engine } from "../../src/engine/connect.ts";
import { containerName, nodeOfContainer } from "../../src/plan/names.ts";
import { precedes, rolloutTurns } from "../../src/rollout/turns.ts";
import { topologySeen } from "../topology.ts";
import type { PreflightInputs } from "../../resources/preflight.ts";

/** A container that publishes a port now. */
interface Holder {
  readonly container: string;
  /** Addresses of the engine's host on which it has the port. */
  readonly addresses: readonly string[];
}

/**
 * Ports that are not free when their container is created. The engine knows which container has a port; the last deployment's
 * inputs do not, since they already have the new ports if a deployment has stopped halfway.
 */
export async function portProblems(
  engine: Engine,
  before: PreflightInputs | undefined,
  wanted: PreflightInputs,
  taken: typeof isTaken = isTaken,
): Promise<readonly string[]> {
  const containers = await engine.listContainers();
  const holders = portHolders(containers);
  const own = new Set([...wanted.containers, ...(before?.containers ?? [])]);
  const problems = await Promise.all(
    Object.entries(wanted.published).map(async ([container, port]) => {
      const holder = holders.get(port);
      if (holder === undefined) {
        const isNew = before === undefined || before.bindAddress !== wanted.bindAddress || !before.ports.includes(port);
        return isNew && (await taken(wanted, port, [])) ? [inUse(port, "another process")] : [];
      }
      if (!own.has(holder.container)) return [inUse(port, `container ${holder.container}`)];
      if (holder.container !== container && !isFreedBefore(wanted, containers, holder.container, container))
        return [handedOn(port, holder.container, container)];
      return (await taken(wanted, port, holder.addresses)) ? [inUse(port, "another process, on another address of this machine")] : [];
    }),
  );
  return problems.flat();
}

function inUse(port: number, holder: string): string {
  return `pgstack:ports: port ${port} is in use by ${holder}: choose another one`;
}

function handedOn(port: number, holder: string, container: string): string {
  return (
    `pgstack:ports: port ${port} is ${container}'s from now on, but ${holder} of this stack holds it and lets go of it later: ` +
    "change in two steps: give the key ports that nothing holds now, `pulumi up`, then the ones that you want, `pulumi up`. " +
    "To give up the change, give the ports that the containers have now: docker ps"
  );
}

/** Whether a container is replaced, and so lets go of its port, before another one of the rollout gets its own. */
function isFreedBefore(
  { prefix, nodes, leader }: PreflightInputs,
  containers: readonly Listed[],
  holder: string,
  container: string,
): boolean {
  const states = new Map(
    containers.flatMap(({ Names, State }) =>
      Names.map((name) => [name.replace(/^\//, ""), State === "running" || State === "paused" ? "running" : "stopped"] as const),
    ),
  );
  const turns = rolloutTurns(
    nodes.map(({ name }) => ({ name, container: states.get(containerName(prefix, name)) ?? "absent", isRecloned: false })),
    topologySeen(prefix)?.leader?.name ?? leader ?? nodes[0]?.name ?? "",
  );
  const nodeOf = (name: string): string => nodeOfContainer(prefix, name) ?? name;
  return precedes(turns, nodeOf(holder), nodeOf(container));
}

type Listed = Awaited<ReturnType<Engine["listContainers"]>>[number];

/** Host port → the container that publishes it. Stopped containers hold none. */
function portHolders(containers: readonly Listed[]): ReadonlyMap<number, Holder> {
  const bindings = containers.flatMap(({ Names, Ports }) =>
    // In the engine's schema the public port is absent if there is none.
    (Ports as readonly { readonly PublicPort?: number; readonly IP?: string }[]).flatMap(({ PublicPort, IP }) =>
      PublicPort === undefined ? [] : [{ container: (Names[0] ?? "").replace(/^\//, ""), port: PublicPort, address: IP ?? "0.0.0.0" }],
    ),
  );
  return new Map(
    [...Map.groupBy(bindings, ({ port }) => port)].map(([port, of]) => [
      port,
      { container: of[0]?.container ?? "", addresses: of.map(({ address }) => address) },
    ]),
  );
}

/**
 * Whether something on this machine listens there; this only works for an engine on this machine.
 *
 * @param held - addresses on which a container of this stack has the port: it releases them, so they are not tested
 */
async function isTaken({ host, bindAddress }: PreflightInputs, port: number, held: readonly string[]): Promise<boolean> {
  if (!host.startsWith("unix://") || held.includes("0.0.0.0") || held.includes(bindAddress)) return false;
  // If one address is in use, listening on all addresses at once would fail.
  const addresses = bindAddress === "0.0.0.0" && held.length > 0 ? ownAddresses().filter((own) => !held.includes(own)) : [bindAddress];
  const answers = await Promise.all(addresses.map((address) => listensOn(address, port)));
  return answers.includes(true);
}

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((of) =>
    (of ?? []).flatMap(({ family, address }) => (family === "IPv4" ? [address] : [])),
  );
}

function listensOn(address: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EADDRINUSE"));
  server.listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(false)));
  return promise;
}
