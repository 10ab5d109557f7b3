import { describe, expect, it } from "vitest";

import { added, addMissing } from "../../../src/agents/node-20.ts";
import { agentProgram } from "../../../src/render/agent-program.ts";

/** What Nodes after 20 have. Methods of sets and iterators are not told from others by name, so they are not looked for. */
const newer =
  /\b(?:Promise\.(?:withResolvers|try)|(?:Map|Object)\.groupBy|Array\.fromAsync|RegExp\.escape|Error\.isError|Math\.sumPrecise|Iterator\.from|import\.meta\.(?:main|dirname)|process\.getBuiltinModule|new (?:DisposableStack|AsyncDisposableStack|WebSocket))\b/g;

describe("what Node 20 lacks", () => {
  it("is added for all that the programs use of it", () => {
    const used = new Set([...agentProgram("setup").matchAll(newer)].map(([name]) => name));
    expect([...used].filter((name) => !added.includes(name))).toEqual([]);
    expect(used.size).toBeGreaterThan(0);
  });

  it("works as what newer Nodes have", async () => {
    const [promise, map] = [{}, {}] as [Partial<PromiseConstructor>, Partial<MapConstructor>];
    addMissing(promise, map);
    const made = promise.withResolvers?.<number>();
    made?.resolve(7);
    expect(await made?.promise).toBe(7);
    const failing = promise.withResolvers?.<number>();
    failing?.reject(new Error("no"));
    await expect(failing?.promise).rejects.toThrow("no");
    const items = ["a", "bb", "cc"];
    expect(map.groupBy?.(items, ({ length }) => length)).toEqual(Map.groupBy(items, ({ length }) => length));
  });

  it("leaves alone what is there", () => {
    const [withResolvers, groupBy] = [(): string => "its own", (): string => "its own"];
    const [promise, map] = [{ withResolvers }, { groupBy }];
    addMissing(promise, map);
    expect([promise, map]).toEqual([{ withResolvers }, { groupBy }]);
  });
});
