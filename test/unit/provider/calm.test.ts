import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Context } from "../../../provider/kind.ts";
import { calm } from "../../../provider/kinds/calm.ts";

const restarted: string[] = [];

vi.mock(import("../../../src/engine/connect.ts"), async (original) => ({
  ...(await original()),
  connectEngine: async () => engine as never,
}));

const engine = {
  getContainer: (name: string) => ({
    inspect: async () => ({ Id: "c", RestartCount: 0, State: { Running: true, Restarting: false, ExitCode: 0, OOMKilled: false } }),
    restart: async () => restarted.push(name),
  }),
};

const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };
const older = { host: "unix:///docker.sock", container: "pgbouncer", spec: "a", nodes: [], address: "172.29.10.253", timeoutS: 1 };
const wanted = { ...older, signals: "inside" };

describe("before the pooler's container is replaced", () => {
  beforeEach(() => {
    restarted.length = 0;
  });

  it("one that stays is restarted once, because an earlier version may have signalled it by the engine", async () => {
    await calm.apply(context, wanted, older);
    expect(restarted).toEqual(["pgbouncer"]);
    await calm.apply(context, wanted, wanted);
    expect(restarted).toEqual(["pgbouncer"]);
  });

  it("one that is replaced anyway, or is new, is not", async () => {
    await calm.apply(context, { ...wanted, spec: "b" }, older);
    await calm.apply(context, wanted, undefined);
    expect(restarted).toEqual([]);
  });
});
