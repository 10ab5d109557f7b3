import { randomInt } from "node:crypto";
import { networkInterfaces } from "node:os";

import { connectEngine } from "../src/engine/connect.ts";
import { listenOn } from "./port-lock.ts";

/** Ports and a subnet that nothing on this machine uses. */
export interface FreeBlock {
  readonly ports: {
    readonly postgres: number;
    readonly pooler: number;
    readonly poolerConsole: number;
    readonly postgresExporter: number;
    readonly poolerExporter: number;
    readonly prometheus: number;
    readonly alertmanager: number;
    readonly grafana: number;
  };
  readonly subnet: string;
}

const blocks = 49;

/** Of a block's ports the one that reserves it. */
const reservation = 99;

/** Where this run begins: one that runs at the same time begins elsewhere. */
const first = randomInt(blocks);

/**
 * A block of a hundred ports and a /24, unused now, and kept for this process as long as it runs: a test's deployment must not meet
 * another's or a user's.
 */
export async function freeBlock(): Promise<FreeBlock> {
  const engine = await connectEngine(process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock");
  // A network without containers has an address on this machine that Node does not list.
  const taken = (await engine.listNetworks()).flatMap(({ IPAM }) => (IPAM?.Config ?? []).map(({ Subnet }) => Subnet));
  for (let tried = 0; tried < blocks; tried += 1) {
    const number = (first + tried) % blocks;
    const block = blockOf(number);
    // oxlint-disable-next-line no-await-in-loop -- one after the other until one is free
    if (
      !taken.includes(block.subnet) &&
      !isBridged(block.subnet) &&
      (await Promise.all(Object.values(block.ports).map(isFree))).every(Boolean) &&
      (await listenOn(portOf(number) + reservation)) !== undefined
    )
      return block;
  }
  throw new Error("no free block of ports between 10100 and 15000");
}

/** Below the range that the kernel takes for outgoing connections, and without 10080, which browsers and fetch refuse to ask. */
const portOf = (number: number): number => 10_100 + number * 100;

function blockOf(number: number): FreeBlock {
  const port = portOf(number);
  return {
    ports: {
      postgres: port,
      pooler: port + 30,
      poolerConsole: port + 31,
      postgresExporter: port + 40,
      poolerExporter: port + 70,
      prometheus: port + 80,
      alertmanager: port + 81,
      grafana: port + 82,
    },
    subnet: `172.28.${100 + number}.0/24`,
  };
}

/** Whether this machine has an address there: a network of the engine, whether anything runs in it or not. */
function isBridged(subnet: string): boolean {
  const start = subnet.replace(/0\/24$/, "");
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address.startsWith(start)));
}

async function isFree(port: number): Promise<boolean> {
  const server = await listenOn(port);
  if (server === undefined) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}
