import { describe, expect, it } from "vitest";

import { poolerNow, publishedNow } from "../../../provider/service/published.ts";
import type { PoolerAccess } from "../../../resources/parts.ts";
import type { Engine } from "../../../src/engine/connect.ts";

type Bindings = Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>;

/** An engine with containers that publish these ports. */
function engineWith(containers: Readonly<Record<string, Bindings>>): Engine {
  return {
    listContainers: () => Promise.resolve(Object.keys(containers).map((name) => ({ Names: [`/${name}`] }))),
    getContainer: (name: string) => ({
      inspect: () =>
        name in containers
          ? Promise.resolve({ NetworkSettings: { Ports: containers[name] } })
          : Promise.reject(Object.assign(new Error("no such container"), { statusCode: 404 })),
    }),
  } as unknown as Engine;
}

const declared = { host: "127.0.0.1", port: 15433 };

describe("where a container publishes its port now", () => {
  it("is where the engine has it, as long as it is not replaced", async () => {
    const engine = engineWith({ pg1: { "5432/tcp": [{ HostIp: "192.0.2.5", HostPort: "15432" }], "9/tcp": null } });
    expect(await publishedNow(engine, "pg1", declared)).toEqual({ host: "192.0.2.5", port: 15432 });
  });

  it("is the declared host where it is published on all addresses", async () => {
    const engine = engineWith({ pg1: { "5432/tcp": [{ HostIp: "0.0.0.0", HostPort: "15432" }] } });
    expect(await publishedNow(engine, "pg1", declared)).toEqual({ host: "127.0.0.1", port: 15432 });
  });

  it("is the declared one of a container that does not run or is not there", async () => {
    expect(await publishedNow(engineWith({ pg1: {} }), "pg1", declared)).toEqual(declared);
    expect(await publishedNow(engineWith({}), "pg1", declared)).toEqual(declared);
  });

  it("is each process's own for a pooler, so that its clients are spared while ports change", async () => {
    const engine = engineWith({ "x-pgbouncer-1": { "6432/tcp": [{ HostIp: "127.0.0.1", HostPort: "16433" }] }, "x-pgbouncer-2": {} });
    const pooler = poolerOf(1, 2);
    const [first, second] = pooler.processes;
    expect(await poolerNow(engine, pooler)).toEqual({
      ...pooler,
      processes: [{ ...first, address: { host: "127.0.0.1", port: 16_433 } }, second],
    });
  });

  it("has a process that runs and is no longer declared among a pooler's, and no other container", async () => {
    const engine = engineWith({
      "x-pgbouncer-3": { "6432/tcp": [{ HostIp: "127.0.0.1", HostPort: "16435" }] },
      "x-pgbouncer-1-exporter": {},
      "x-pooler": {},
      "other-x-pgbouncer-4": {},
    });
    const { processes } = await poolerNow(engine, poolerOf(1, 2));
    expect(processes.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(processes[2]).toEqual({ number: 3, container: "x-pgbouncer-3", address: { host: "127.0.0.1", port: 16_435 } });
  });
});

function poolerOf(...numbers: readonly number[]): PoolerAccess {
  const processes = numbers.map((number) => ({
    number,
    container: `x-pgbouncer-${number}`,
    address: { host: "127.0.0.1", port: 16_500 + number },
  }));
  return { listener: "x-pooler", processes, configVolume: "x-pooler-config", image: "an-image", password: "secret", drainTimeoutS: 1 };
}
