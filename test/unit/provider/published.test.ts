import { describe, expect, it } from "vitest";

import { poolerNow, publishedNow } from "../../../provider/service/published.ts";
import type { Engine } from "../../../src/engine/connect.ts";

type Bindings = Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>;

/** An engine with containers that publish these ports. */
function engineWith(containers: Readonly<Record<string, Bindings>>): Engine {
  return {
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

  it("is the listener's for a pooler, so that its clients are spared while its port changes", async () => {
    const engine = engineWith({ listener: { "6432/tcp": [{ HostIp: "127.0.0.1", HostPort: "16432" }] } });
    const pooler = { container: "pgbouncer", listener: "listener", address: { host: "127.0.0.1", port: 16500 } };
    expect(await poolerNow(engine, pooler)).toEqual({ ...pooler, address: { host: "127.0.0.1", port: 16432 } });
    const older = { container: "pgbouncer", address: declared };
    expect(await poolerNow(engine, older)).toEqual(older);
  });
});
