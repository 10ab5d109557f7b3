import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { formatAddress, overlaps, parseSubnet } from "../../../src/plan/subnet.ts";

describe("parseSubnet", () => {
  it.each([
    ["172.29.10.0/24", 2_887_584_256, 256],
    ["10.0.0.0/8", 167_772_160, 16_777_216],
    ["192.168.1.128/25", 3_232_235_904, 128],
    ["192.168.1.7/32", 3_232_235_783, 1],
    ["255.255.255.254/31", 4_294_967_294, 2],
    ["128.0.0.0/1", 2_147_483_648, 2_147_483_648],
  ])("reads %s", (text, first, size) => {
    expect(parseSubnet(text)).toEqual({ first, size });
  });

  it.each([
    ["172.29.10.256/24", "172.29.10.256 is not an IPv4 address"],
    ["172.29.10/24", "172.29.10 is not an IPv4 address"],
    ["172.29.10.0.0/24", "172.29.10.0.0 is not an IPv4 address"],
    ["172.029.10.0/24", "172.029.10.0 is not an IPv4 address"],
    ["172..10.0/24", "172..10.0 is not an IPv4 address"],
    ["/24", " is not an IPv4 address"],
    ["172.29.10.0", "/ is not a prefix length between 1 and 32"],
    ["172.29.10.0/0", "/0 is not a prefix length between 1 and 32"],
    ["172.29.10.0/33", "/33 is not a prefix length between 1 and 32"],
    ["172.29.10.0/024", "/024 is not a prefix length between 1 and 32"],
    ["172.29.10.5/24", "it has bits set after the first 24: the network is 172.29.10.0/24"],
    ["172.29.10.130/25", "it has bits set after the first 25: the network is 172.29.10.128/25"],
  ])("refuses %s", (text, message) => {
    expect(() => parseSubnet(text)).toThrow(new Error(message));
  });

  it("reads back what formatAddress writes", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 32 - 1 }), (address) => {
        expect(parseSubnet(`${formatAddress(address)}/32`)).toEqual({ first: address, size: 1 });
      }),
    );
  });
});

describe("overlaps", () => {
  it.each([
    ["172.29.10.0/24", "172.29.10.0/24", true],
    ["172.29.10.0/24", "172.29.0.0/16", true],
    ["172.29.10.0/24", "172.29.10.255/32", true],
    ["172.29.10.0/24", "172.29.11.0/24", false],
    ["172.29.10.0/24", "172.29.9.255/32", false],
    ["0.0.0.0/1", "128.0.0.0/1", false],
  ])("of %s and %s is %s, both ways round", (a, b, expected) => {
    expect(overlaps(parseSubnet(a), parseSubnet(b))).toBe(expected);
    expect(overlaps(parseSubnet(b), parseSubnet(a))).toBe(expected);
  });
});
