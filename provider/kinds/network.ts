import { networkInputs } from "../../resources/network.ts";
import { connectEngine, isNotFound } from "../../src/engine/connect.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { UserError } from "../../src/errors.ts";
import { parseInputs } from "../inputs.ts";
import type { Kind } from "../kind.ts";

/**
 * The cluster's network. The Docker provider could create it, but waits two seconds for each (of about nine for a whole
 * cluster), treats any error of a lookup as "gone", and replaces it, with every container, when anything changes.
 */
export const network: Kind = {
  apply: async (_context, properties) => {
    const { host, name, subnet, gateway, strangers } = parseInputs(networkInputs, properties);
    const engine = await connectEngine(host);
    // A network that an interrupted run left is as good as a new one, if it has the same options.
    const found = await subnetOf(engine, name);
    if (found === undefined) {
      const config = {
        Subnet: subnet,
        Gateway: gateway,
        ...(strangers === undefined ? {} : { IPRange: strangers }),
      };
      await engine.createNetwork({ Name: name, Driver: "bridge", IPAM: { Driver: "default", Config: [config] } });
    } else if (found !== subnet) throw differs(name, found, subnet);
    return {};
  },

  read: async (_context, stored) => {
    const { host, name, subnet } = parseInputs(networkInputs, stored);
    const found = await subnetOf(await connectEngine(host), name);
    if (found === undefined) return undefined;
    if (found !== subnet) throw differs(name, found, subnet);
    return {};
  },

  remove: async (_context, stored) => {
    const { host, name } = parseInputs(networkInputs, stored);
    const engine = await connectEngine(host);
    try {
      await engine.getNetwork(name).remove();
    } catch (error) {
      if (isNotFound(error)) return;
      const attached = await attachedTo(engine, name);
      if (attached.length === 0) throw error;
      throw new UserError([
        {
          where: `network ${name}`,
          problem: `containers that are not this stack's are attached to it: ${attached.join(", ")}`,
          fix: `take them out, then destroy again: docker network disconnect ${name} <container>`,
        },
      ]);
    }
  },
};

/** The IPv4 subnet of a network; undefined when there is none of this name. */
async function subnetOf(engine: Engine, name: string): Promise<string | undefined> {
  // By listing: a name may belong to several networks, and a prefix would find others.
  const networks = await engine.listNetworks({ filters: { name: [name] } });
  const own = networks.find(({ Name }) => Name === name);
  return own === undefined ? undefined : (own.IPAM?.Config?.[0]?.Subnet ?? "no subnet");
}

async function attachedTo(engine: Engine, name: string): Promise<readonly string[]> {
  const { Containers } = (await engine.getNetwork(name).inspect()) as {
    readonly Containers?: Readonly<Record<string, { readonly Name: string }>>;
  };
  return Object.values(Containers ?? {}).map((container) => container.Name);
}

function differs(name: string, found: string, subnet: string): UserError {
  return new UserError([
    {
      where: `network ${name}`,
      problem: `it has the subnet ${found}, declared is ${subnet}`,
      fix: "remove it when no container needs it (docker network rm), or set pgstack:subnet to what it has",
    },
  ]);
}
