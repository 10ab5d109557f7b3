import type { Engine } from "../../src/engine/connect.ts";
import { overlaps, parseSubnet } from "../../src/plan/subnet.ts";
import type { PreflightInputs } from "../../resources/preflight.ts";

/** Compares limits with what the engine has. */
export async function sizeProblems(engine: Engine, wanted: PreflightInputs): Promise<readonly string[]> {
  const { MemTotal, NCPU } = (await engine.info()) as { readonly MemTotal: number; readonly NCPU: number };
  const availableMb = Math.floor(MemTotal / 1024 ** 2);
  return [
    ...(wanted.memoryMb > availableMb
      ? [
          `pgstack:memory: all containers together may use ${wanted.memoryMb} MB, but the engine has ${availableMb} MB: lower memory or replicas`,
        ]
      : []),
    ...(wanted.cpus > NCPU ? [`pgstack:cpus: ${wanted.cpus} is more than the engine's ${NCPU} CPUs: give at most ${NCPU}`] : []),
  ];
}

/** Other networks on the engine whose addresses overlap. */
export async function subnetProblems(engine: Engine, { network }: PreflightInputs): Promise<readonly string[]> {
  const own = parseSubnet(network.subnet);
  const networks = await engine.listNetworks();
  return networks
    .filter(({ Name }) => Name !== network.name)
    .flatMap(({ Name, IPAM }) => (IPAM?.Config ?? []).map(({ Subnet }) => ({ name: Name, subnet: Subnet ?? "" })))
    .filter(({ subnet }) => /^\d+\.\d+\.\d+\.\d+\//.test(subnet) && overlaps(own, parseSubnet(subnet)))
    .map(
      ({ name, subnet }) =>
        `pgstack:subnet: ${network.subnet} overlaps with the network ${name} (${subnet}) on this engine: choose another one`,
    );
}

/** Containers and a network with this stack's names, although this stack's state knows of none. */
export async function nameProblems(engine: Engine, wanted: PreflightInputs): Promise<readonly string[]> {
  const taken = await containersByName(engine);
  const found = wanted.containers.filter((name) => taken.has(name));
  const networks = (await engine.listNetworks()).filter(({ Name }) => Name === wanted.network.name);
  return [
    ...(found.length === 0
      ? []
      : [
          `containers of this stack's names are on the engine, but Pulumi's state does not know them: ${found.join(", ")}. ` +
            `If the state was lost, restore it. To give the names free and keep the data: docker stop -t 120 ${found.join(" ")} && docker rm ${found.join(" ")}`,
        ]),
    ...(networks.length === 0
      ? []
      : [
          `the network ${wanted.network.name} is on the engine, but Pulumi's state does not know it: docker network rm ${wanted.network.name}`,
        ]),
  ];
}

async function containersByName(engine: Engine): Promise<ReadonlySet<string>> {
  const containers = await engine.listContainers({ all: true });
  return new Set(containers.flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, ""))));
}
