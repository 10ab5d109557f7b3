import { createServer } from "node:net";

/** Ports and a subnet that nothing on this machine uses. */
export interface FreeBlock {
  readonly ports: {
    readonly postgres: number;
    readonly pooler: number;
    readonly postgresExporter: number;
    readonly poolerExporter: number;
  };
  readonly subnet: string;
}

/** Numbers of blocks that this test run has handed out. */
const given = new Set<number>();

/** A block of a hundred ports and a /24, unused now; a test's deployment must not meet another's or a user's. */
export async function freeBlock(): Promise<FreeBlock> {
  for (let number = 0; number < 49; number += 1) {
    const block = blockOf(number);
    // oxlint-disable-next-line no-await-in-loop -- one after the other until one is free
    if (!given.has(number) && (await Promise.all(Object.values(block.ports).map(isFree))).every(Boolean)) {
      given.add(number);
      return block;
    }
  }
  throw new Error("no free block of ports between 10000 and 15000");
}

function blockOf(number: number): FreeBlock {
  // Below the range that the kernel takes for outgoing connections.
  const first = 10_000 + number * 100;
  return {
    ports: { postgres: first, pooler: first + 30, postgresExporter: first + 40, poolerExporter: first + 70 },
    subnet: `172.28.${100 + number}.0/24`,
  };
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once("error", () => resolve(false));
  server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  return promise;
}
