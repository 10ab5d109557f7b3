import type { ClusterConfig } from "../../config/schema.ts";
import { addressesNeeded } from "../addresses.ts";
import { nodeNames, processNumbers } from "../members.ts";
import { publishedPorts } from "../ports.ts";
import { parseSubnet } from "../subnet.ts";
import type { KeyProblem } from "./problem.ts";

export function portProblems(config: ClusterConfig): KeyProblem[] {
  const ports = publishedPorts(config);
  const tooHigh = ports
    .filter(({ port }) => port > 65_535)
    .map(({ key, port, what }): KeyProblem => ({
      key,
      problem: `${what} would get port ${port}`,
      fix: "choose a lower first port: the highest is 65535",
    }));
  const byPort = Map.groupBy(ports, ({ port }) => port);
  const clashes = [...byPort.values()].flatMap((same): KeyProblem[] => {
    const [first, second] = same;
    if (first === undefined || second === undefined) return [];
    return [
      {
        key: second.key,
        problem: `port ${second.port} is given to ${first.what} and to ${second.what}`,
        fix: "choose ports that do not overlap: nodes use consecutive ones",
      },
    ];
  });
  return [...tooHigh, ...clashes];
}

export function subnetProblems(config: ClusterConfig): KeyProblem[] {
  const need = addressesNeeded(nodeNames(config).length, processNumbers(config).length);
  try {
    const { size } = parseSubnet(config.subnet);
    if (size >= need) return [];
    return [
      {
        key: "subnet",
        problem: `"${config.subnet}" has ${size} addresses, ${need} are needed`,
        fix: "choose a larger network, for example a /24",
      },
    ];
  } catch (error) {
    return [
      {
        key: "subnet",
        problem: `"${config.subnet}" is not an IPv4 network in CIDR form: ${(error as Error).message}`,
        fix: "use a network such as 172.29.10.0/24",
      },
    ];
  }
}

/** A line of pg_hba.conf with a network that is none would keep every server from starting. */
export function clientNetworkProblems({ clientNetworks }: ClusterConfig): KeyProblem[] {
  return clientNetworks.flatMap((network, index): KeyProblem[] => {
    try {
      parseSubnet(network);
      return [];
    } catch (error) {
      return [
        {
          key: `clientNetworks.${index}`,
          problem: `"${network}" is not an IPv4 network in CIDR form: ${(error as Error).message}`,
          fix: "use a network such as 192.168.10.0/24",
        },
      ];
    }
  });
}

/** Gates and the check log in from here, so published ports must be reachable from here, and their servers must admit it. */
export function addressProblems({ dockerHost, bindAddress, clientNetworks }: ClusterConfig): KeyProblem[] {
  const engine = /^(?:tcp|ssh):\/\/(?:[^@]*@)?\[?([^\]/]*?)\]?(?::\d+)?$/.exec(dockerHost)?.[1];
  const isHere = engine === undefined || engine === "localhost" || engine.startsWith("127.");
  const isLoopback = bindAddress.startsWith("127.");
  if (!isHere && isLoopback) {
    return [
      {
        key: "bindAddress",
        problem: `"${bindAddress}" on the engine at ${dockerHost} can be reached only from that host, but the deployment is checked from here`,
        fix: "use an address of that host that this machine can reach, preferably in a private network, or 0.0.0.0",
      },
    ];
  }
  // Through a loopback port the server sees the network's gateway; through any other one, the client's own address.
  const seesGateway = isHere && (isLoopback || bindAddress === "0.0.0.0");
  if (seesGateway || clientNetworks.length > 0) return [];
  return [
    {
      key: "clientNetworks",
      problem: `none are given, but with bindAddress ${bindAddress} the servers see this machine's own address and refuse it`,
      fix: "list the network that this machine reaches the engine from, for example 192.168.10.0/24",
    },
  ];
}
