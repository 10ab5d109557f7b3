import { describe, expect, it } from "vitest";

import type { PreflightInputs } from "../../../resources/preflight.ts";
import { portProblems } from "../../../provider/preflight/ports.ts";
import { strangerProblems } from "../../../provider/preflight/strangers.ts";
import type { Engine } from "../../../src/engine/connect.ts";

/** Container without its prefix → port. */
type Ports = Readonly<Record<string, number>>;

const running: Ports = { pg1: 5432, pg2: 5433, pg3: 5434, pooler: 6432 };

function declared(ports: Ports, bindAddress = "127.0.0.1"): PreflightInputs {
  const containers = Object.keys(ports).map((name) => `pgstack-a-${name}`);
  return {
    host: "unix:///docker.sock",
    prefix: "pgstack-a",
    leader: "pg1",
    major: 17,
    locale: "C.UTF-8",
    network: { name: "pgstack-a", subnet: "172.29.10.0/24" },
    bindAddress,
    memoryMb: 512,
    cpus: 0,
    containers,
    ports: Object.values(ports),
    published: Object.fromEntries(Object.entries(ports).map(([name, port]) => [`pgstack-a-${name}`, port])),
    addresses: { "pgstack-a-pg1": "172.29.10.4", "pgstack-a-pg4": "172.29.10.10" },
    nodes: ["pg1", "pg2", "pg3"].map((name) => ({ name, dataVolume: `${name}-data` })),
    declared: { databases: {}, users: [], entries: {}, first: { database: "app", owner: "app" }, remove: { databases: [], users: {} } },
  };
}

/** An engine whose running containers publish these ports. */
function engineWith(ports: Readonly<Record<string, number>>, address = "127.0.0.1"): Engine {
  const containers = Object.entries(ports).map(([name, port]) => ({
    Names: [`/pgstack-a-${name}`],
    State: "running",
    Ports: [{ PublicPort: port, IP: address }, { PrivatePort: 9 }],
  }));
  return { listContainers: () => Promise.resolve(containers) } as unknown as Engine;
}

const nothingListens = (): Promise<boolean> => Promise.resolve(false);

describe("published ports of a running stack", () => {
  it("may move to another address, where its own containers are no other process", async () => {
    const asked: unknown[] = [];
    const taken = (_wanted: PreflightInputs, port: number, held: readonly string[]): Promise<boolean> => {
      asked.push([port, held]);
      return nothingListens();
    };
    expect(await portProblems(engineWith(running), declared(running), declared(running, "0.0.0.0"), taken)).toEqual([]);
    expect(asked).toEqual(Object.values(running).map((port) => [port, ["127.0.0.1"]]));
  });

  it("are refused on another address where another process has them", async () => {
    const found = await portProblems(engineWith({ pg1: 5432 }), declared({ pg1: 5432 }), declared({ pg1: 5432 }, "0.0.0.0"), () =>
      Promise.resolve(true),
    );
    expect(found).toEqual([
      "pgstack:ports: port 5432 is in use by another process, on another address of this machine: choose another one",
    ]);
  });

  it("may go from a replica to the leader or a later replica, which are replaced after it", async () => {
    const down = { pg1: 5433, pg2: 5440, pg3: 5441, pooler: 6432 };
    expect(await portProblems(engineWith(running), declared(running), declared(down), nothingListens)).toEqual([]);
  });

  it("are refused where a container that is replaced later holds them, with the way that there is", async () => {
    const up = { pg1: 5433, pg2: 5434, pg3: 5435, pooler: 6432 };
    const found = await portProblems(engineWith(running), declared(running), declared(up), nothingListens);
    expect(found).toEqual([
      expect.stringMatching(
        /^pgstack:ports: port 5434 is pgstack-a-pg2's from now on, but pgstack-a-pg3 of this stack holds it .*two steps/,
      ),
    ]);
  });

  it("may not go from a replica to a leader that does not run: such a one is replaced first", async () => {
    const down = { pg1: 5433, pg2: 5440, pg3: 5441, pooler: 6432 };
    const { pg1: _stopped, ...left } = running;
    const found = await portProblems(engineWith(left), declared(running), declared(down), nothingListens);
    expect(found).toEqual([expect.stringMatching(/^pgstack:ports: port 5433 is pgstack-a-pg1's from now on, but pgstack-a-pg2/)]);
  });

  it("are refused where two services swap them", async () => {
    const swapped = { ...running, pg1: 6432, pooler: 5432 };
    const found = await portProblems(engineWith(running), declared(running), declared(swapped), nothingListens);
    expect(found).toHaveLength(2);
  });

  it("may always go back, also where the last change has stopped half way", async () => {
    // What is recorded as deployed is the new declaration; pg2 is down, the others have not moved.
    const shifted = { pg1: 5433, pg2: 5434, pg3: 5435, pooler: 6432 };
    const { pg2: _down, ...left } = running;
    expect(await portProblems(engineWith(left), declared(shifted), declared(running), nothingListens)).toEqual([]);
  });

  it("are refused where a container of somebody else has them", async () => {
    const engine = engineWith({ "other-stack-pg1": 5432 });
    const found = await portProblems(engine, undefined, declared({ pg1: 5432 }), nothingListens);
    expect(found).toEqual(["pgstack:ports: port 5432 is in use by container pgstack-a-other-stack-pg1: choose another one"]);
  });
});

describe("a container of somebody else in the network", () => {
  const engineHolding = (containers: readonly { readonly Name: string; readonly IPv4Address: string }[]): Engine =>
    ({
      listNetworks: () => Promise.resolve([{ Name: "pgstack-a", Id: "1" }]),
      getNetwork: () => ({ inspect: () => Promise.resolve({ Containers: Object.fromEntries(containers.map((one) => [one.Name, one])) }) }),
    }) as unknown as Engine;

  it("is named when it has the address of one of the stack's", async () => {
    const engine = engineHolding([
      { Name: "pgstack-a-pg1", IPv4Address: "172.29.10.4/24" },
      { Name: "shop", IPv4Address: "172.29.10.10/24" },
      { Name: "harmless", IPv4Address: "172.29.10.130/24" },
    ]);
    expect(await strangerProblems(engine, declared(running))).toEqual([
      expect.stringMatching(
        /^the container shop has the address 172.29.10.10 .* pgstack-a-pg4's: docker network disconnect pgstack-a shop/,
      ),
    ]);
  });
});
