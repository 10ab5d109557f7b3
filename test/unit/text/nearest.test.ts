import { describe, expect, it } from "vitest";

import { nearest } from "../../../src/text/nearest.ts";

const known = ["replicas", "leader", "pooler", "poolSize", "ports", "memory"];

describe("nearest", () => {
  it.each([
    ["replica", "replicas"],
    ["REPLICAS", "replicas"],
    ["poolsize", "poolSize"],
    ["pool_size", "poolSize"],
    ["memroy", "memory"],
    ["port", "ports"],
    ["leader", "leader"],
  ])("takes %s for %s", (word, meant) => {
    expect(nearest(word, known)).toBe(meant);
  });

  it.each(["", "zzz", "exporters", "shared_buffers"])("finds nothing close to %j", (word) => {
    expect(nearest(word, known)).toBeUndefined();
  });

  it("finds nothing among no words", () => {
    expect(nearest("replicas", [])).toBeUndefined();
  });

  it("allows two wrong letters in a short word and a third of a long one", () => {
    expect(nearest("abcd", ["abxy"])).toBe("abxy");
    expect(nearest("abcd", ["axyz"])).toBeUndefined();
    expect(nearest("max_wal_xxxxers", ["max_wal_senders"])).toBe("max_wal_senders");
    expect(nearest("max_xxx_xxxders", ["max_wal_senders"])).toBeUndefined();
  });
});
