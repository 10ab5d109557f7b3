import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";

import { connectEngine } from "../src/engine/connect.ts";

/** Ports and a subnet that nothing on this machine uses. */
export interface FreeBlock {
  readonly ports: {
    readonly postgres: number;
    readonly pooler: number;
    readonly postgresExporter: number;
    readonly poolerExporter: number;
    readonly prometheus: number;
    readonly alertmanager: number;
    readonly grafana: number;
  };
  readonly subnet: string;
}

const blocks = 49;

/** Numbers of blocks that this test run has handed out. */
const given = new Set<number>();

/** Where this run begins: one that runs beside it rather begins elsewhere. */
const first = randomInt(blocks);

/** A block of a hundred ports and a /24, unused now; a test's deployment must not meet another's or a user's. */
export async function freeBlock(): Promise<FreeBlock> {
  const engine = await connectEngine(process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock");
  // A network without containers has an address on this machine that Node does not list.
  const taken = (await engine.listNetworks()).flatMap(({ IPAM }) => (IPAM?.Config ?? []).map(({ Subnet }) => Subnet));
  for (let tried = 0; tried < blocks; tried += 1) {
    const number = (first + tried) % blocks;
    const block = blockOf(number);
    // oxlint-disable-next-line no-await-in-loop -- one after the other until one is free
    if (
      !given.has(number) &&
      !taken.includes(block.subnet) &&
      !isBridged(block.subnet) &&
      (await Promise.all(Object.values(block.ports).map(isFree))).every(Boolean)
    ) {
      given.add(number);
      return block;
    }
  }
  throw new Error("no free block of ports between 10100 and 15000");
}

function blockOf(number: number): FreeBlock {
  // Below the range that the kernel takes for outgoing connections, and without 10080, which browsers and fetch refuse to ask.
  const port = 10_100 + number * 100;
  return {
    ports: {
      postgres: port,
      pooler: port + 30,
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

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once("error", () => resolve(false));
  server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  return promise;
}
