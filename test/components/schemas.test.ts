import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { changedKeys } from "../../provider/wire.ts";
import type { KindName } from "../../resources/schemas.ts";
import { incidental, schemas } from "../../resources/schemas.ts";
import type { StackKeys } from "../../testing/stacks.ts";
import { aPlan, root, stackPlan, stacks } from "../../testing/stacks.ts";
import { kindOf, storedInputs } from "../../testing/stored-state.ts";

const everything = aPlan({
  replicas: 2,
  leader: "pg2",
  reclone: { pg1: "once" },
  users: { reporter: { access: { app: "read" } } },
  monitoring: { prometheus: true, alertmanager: {}, grafana: {} },
});

const schemaOf = (id: string): (typeof schemas)[KindName] => schemas[kindOf(id) as KindName];

describe("the inputs that a program registers", () => {
  it.each([...stacks.map((stack) => [stack, stackPlan(stack)] as const), ["everything", everything] as const])(
    "of %s are what the provider reads: nothing is lost or refused",
    async (_name, plan) => {
      const registered = await storedInputs(plan);
      expect(new Set([...registered.keys()].map(kindOf))).toEqual(new Set(Object.keys(schemas)));
      for (const [id, inputs] of registered) expect(schemaOf(id).parse(inputs), id).toEqual(inputs);
    },
  );
});

describe("state that a release has stored", () => {
  const folder = join(root, "test/fixtures/releases");
  const stored = readdirSync(folder).filter((name) => name.endsWith(".json"));

  it("is kept for each release", () => {
    const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
    const released = [...changelog.matchAll(/^## \[([^\]]+)\] - \d{4}-\d\d-\d\d$/gm)].map(([, version]) => `${version}.json`);
    expect(stored.toSorted()).toEqual(released.toSorted());
  });

  it("is read by the schemas of today", () => {
    for (const file of stored) {
      const of = JSON.parse(readFileSync(join(folder, file), "utf8")) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
      for (const [stack, resources] of Object.entries(of))
        for (const [id, inputs] of Object.entries(resources))
          expect(schemaOf(id)?.safeParse(inputs).error?.issues ?? [], `${file}: ${stack}: ${id}`).toEqual([]);
    }
  });
});

describe("a change of stack config", () => {
  /** Own resources that have work to do, without what records and checks the whole. */
  async function touched(before: StackKeys, after: StackKeys): Promise<readonly string[]> {
    const [was, is] = [await storedInputs(aPlan(before)), await storedInputs(aPlan(after))];
    const whole = ["Changes", "ComposeBundle", "ReplicationCheck"];
    return [...is].flatMap(([id, inputs]) => {
      const old = was.get(id);
      const isSame = old !== undefined && changedKeys(old, inputs, incidental[kindOf(id) as KindName]).length === 0;
      return isSame || whole.includes(kindOf(id)) ? [] : [id];
    });
  }

  it("of what the pooler waits for touches nothing, since it is for the next change", async () => {
    expect(await touched({ replicas: 2 }, { replicas: 2, pooler: { drainTimeout: "9s" } })).toEqual([]);
  });

  it("of a pool touches the pooler alone", async () => {
    expect(await touched({ replicas: 2 }, { replicas: 2, pooler: { poolSize: 20 } })).toEqual([
      "ConfigFiles pooler-config",
      "Routes pooler-routes",
    ]);
  });

  it("of a setting touches the nodes' files and what restarts them", async () => {
    expect(await touched({ replicas: 1 }, { replicas: 1, settings: { shared_buffers: "300MB" } })).toEqual([
      "ConfigFiles pg1-config",
      "ConfigFiles pg2-config",
      "Restarts restarts",
    ]);
  });
});
