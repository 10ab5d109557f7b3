import { describe, expect, it } from "vitest";

import { applied, before, changesOf, nodesOf } from "../../../bench/lib/cluster-changes.ts";
import type { StackKeys } from "../../../testing/stacks.ts";
import { aPlan } from "../../../testing/stacks.ts";

const tags = { postgres: "other-postgres:second", pooler: "other-pooler:second" };
const changes = changesOf(tags);
const first: StackKeys = { ...before, pooler: { poolSize: 50, maxClients: 2000 } };
const last = changes.reduce((keys, { to }) => applied(keys, to), first);

describe("applied", () => {
  it("merges keys that hold keys and replaces all others", () => {
    const keys = { settings: { work_mem: "4MB", max_connections: 100 }, replicas: 2, clientNetworks: ["a"] };
    expect(applied(keys, { settings: { work_mem: "7MB" }, replicas: 3, clientNetworks: ["b"], images: { pooler: "x" } })).toStrictEqual({
      settings: { work_mem: "7MB", max_connections: 100 },
      replicas: 3,
      clientNetworks: ["b"],
      images: { pooler: "x" },
    });
  });
});

describe("changesOf", () => {
  it("adds up to one stack", () => {
    expect(last).toMatchObject({
      replicas: 1,
      memory: "1536MB",
      settings: { work_mem: "7MB", max_connections: 100, shared_buffers: "400MB" },
      images: tags,
      pooler: { poolSize: 40, maxClients: 2000 },
    });
  });

  it("is a stack that the config allows after each step", () => {
    let keys = applied({ memory: "2GB", pooler: { poolSize: 50 } }, before);
    for (const { to, shows } of changes) {
      const earlier = keys;
      keys = applied(keys, to);
      expect(keys).not.toEqual(earlier);
      const plan = aPlan(keys);
      expect(plan.nodes.map(({ name }) => name)).toEqual(nodesOf(keys));
      // What is looked for afterwards is what was declared.
      const declared = Object.fromEntries((plan.nodes[0]?.settings ?? []).map(({ name, value }) => [name, value]));
      if (shows !== undefined) expect(declared[shows[0]]).toBe(shows[1]);
    }
  });

  it("has names of its own for each", () => {
    expect(new Set(changes.map(({ name }) => name)).size).toBe(changes.length);
  });
});

describe("nodesOf", () => {
  it("counts the leader", () => expect(nodesOf({ replicas: "2" })).toEqual(["pg1", "pg2", "pg3"]));
});
