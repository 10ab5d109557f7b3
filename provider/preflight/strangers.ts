import type { Engine } from "../../src/engine/connect.ts";
import type { PreflightInputs } from "../../resources/preflight.ts";

/**
 * Containers of others in the cluster's network that have an address of one of its containers. That happens on networks without
 * a range for others: small ones.
 */
export async function strangerProblems(engine: Engine, { network, addresses }: PreflightInputs): Promise<readonly string[]> {
  // By listing: a name may belong to several networks, and a prefix would find others.
  const found = (await engine.listNetworks({ filters: { name: [network.name] } })).find(({ Name }) => Name === network.name);
  if (found === undefined) return [];
  const { Containers } = (await engine.getNetwork(found.Id).inspect()) as {
    readonly Containers?: Readonly<Record<string, { readonly Name: string; readonly IPv4Address: string }>> | null;
  };
  const owners = new Map(Object.entries(addresses).map(([container, address]) => [address, container]));
  return Object.values(Containers ?? {}).flatMap(({ Name, IPv4Address }) => {
    const address = IPv4Address.replace(/\/.*$/, "");
    const owner = owners.get(address);
    if (owner === undefined || Name in addresses) return [];
    return [
      `the container ${Name} has the address ${address} in the network ${network.name}, which is ${owner}'s: ` +
        `docker network disconnect ${network.name} ${Name}, then pulumi up, then docker network connect --ip <address> ${network.name} ${Name} with an address that is far from both ends of ${network.subnet}`,
    ];
  });
}
