import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { addressesNeeded, gatewayAddress, oneShotAddress, strangersRange } from "../../../src/plan/addresses.ts";
import { planContainers } from "../../../src/plan/containers.ts";
import { overlaps, parseSubnet } from "../../../src/plan/subnet.ts";
import { aPlan } from "../../../testing/stacks.ts";

const addresses = (replicas: number, subnet = "172.29.10.0/24"): Record<string, string> =>
  Object.fromEntries(planContainers(aPlan({ replicas, subnet })).map(({ service, address }) => [service, address]));

describe("container addresses", () => {
  it("are fixed for each service", () => {
    expect(addresses(1)).toEqual({
      pooler: "172.29.10.2",
      "pgbouncer-1": "172.29.10.249",
      "pgbouncer-1-exporter": "172.29.10.248",
      "pgbouncer-2": "172.29.10.247",
      "pgbouncer-2-exporter": "172.29.10.246",
      pg1: "172.29.10.4",
      "pg1-exporter": "172.29.10.5",
      pg2: "172.29.10.6",
      "pg2-exporter": "172.29.10.7",
    });
  });

  it("stay when replicas are added", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 14 }), (replicas) => {
        expect(addresses(replicas + 1)).toMatchObject(addresses(replicas));
      }),
    );
  });

  it("are all different and leave network, gateway and broadcast free in the smallest subnet that is accepted", () => {
    for (let replicas = 0; replicas <= 15; replicas += 1) {
      const prefix = 32 - Math.ceil(Math.log2(addressesNeeded(replicas + 1, Math.max(2, replicas))));
      const subnet = `10.1.2.0/${prefix}`;
      const { size } = parseSubnet(subnet);
      const plan = aPlan({ replicas, subnet, monitoring: { prometheus: true } });
      const taken = [...planContainers(plan).map(({ address }) => address), oneShotAddress(subnet)];
      const last = taken.map((address) => Number(address.split(".")[3]));
      expect(new Set(last).size).toBe(last.length);
      expect(Math.min(...last)).toBe(2);
      expect(Math.max(...last)).toBeLessThan(size - 1);
    }
  });

  it("lie outside the range for containers of others, as the gateway does, whatever the subnet and the replicas", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 8, max: 24 }), (replicas, prefix) => {
        const subnet = `10.0.0.0/${prefix}`;
        const range = parseSubnet(strangersRange(subnet) ?? "");
        expect(overlaps(parseSubnet(subnet), range)).toBe(true);
        const plan = aPlan({ replicas, subnet, monitoring: { prometheus: true } });
        for (const address of [...planContainers(plan).map((one) => one.address), gatewayAddress(subnet)])
          expect(overlaps(parseSubnet(`${address}/32`), range)).toBe(false);
      }),
    );
    expect(strangersRange("172.29.10.0/24")).toBe("172.29.10.128/26");
  });

  it("leave no range for others in a small subnet", () => {
    expect(strangersRange("10.1.2.0/25")).toBeUndefined();
  });
});
