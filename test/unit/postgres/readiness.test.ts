import { describe, expect, it } from "vitest";

import type { LeaderWal, ReplicaWal } from "../../../src/postgres/readiness.ts";
import { judgeReplica } from "../../../src/postgres/readiness.ts";

describe("judgeReplica", () => {
  const leader: LeaderWal = { system: "7", timeline: 1, flushed: "1/20" };
  const replica: ReplicaWal = { recovering: true, system: "7", receiver: "streaming", timeline: 1, replayed: "1/20" };
  /** @param now - where the leader is when it is asked once more; undefined: it must not be asked */
  const judge = (changes: Partial<ReplicaWal>, now?: string): ReturnType<typeof judgeReplica> =>
    judgeReplica({ ...replica, ...changes }, leader, () => {
      if (now === undefined) throw new Error("the leader was asked again");
      return Promise.resolve({ ...leader, flushed: now });
    });

  it("finds a replica ready that has replayed what the leader had written", async () => {
    expect(await judge({})).toEqual({ state: "ready", role: "replica" });
  });

  it("waits for one that is behind, across the boundary of 4 GiB too", async () => {
    expect(await judge({ replayed: "0/FFFFFFF0" })).toEqual({ state: "waiting", reason: "48 bytes behind the leader" });
    expect(await judge({ replayed: null })).toEqual({ state: "waiting", reason: "it has replayed nothing yet" });
  });

  it("finds one ready that is past where a leader that keeps writing was", async () => {
    expect(await judge({ replayed: "1/80" }, "1/90")).toEqual({ state: "ready", role: "replica" });
    expect(await judge({ replayed: "1/80" }, "1/80")).toEqual({ state: "ready", role: "replica" });
  });

  it.each(["streaming", "waiting", null])(
    "is wrong when it holds WAL that the leader does not have, its receiver being %s",
    async (receiver) => {
      const readiness = await judge({ replayed: "1/80", receiver }, "1/60");
      expect(readiness).toMatchObject({
        state: "wrong",
        reason: expect.stringMatching(/^it holds 32 bytes of WAL that the leader does not have/),
      });
    },
  );

  it("waits for one that receives another timeline than the leader's", async () => {
    const reason = "it receives timeline 2, the leader's is 1";
    expect(await judge({ timeline: 2 })).toEqual({ state: "waiting", reason });
  });

  it("is wrong with the data of another cluster", async () => {
    expect((await judge({ system: "8" })).state).toBe("wrong");
  });

  it("is asked again when it was promoted between two questions", async () => {
    expect(await judge({ recovering: false })).toEqual({ state: "waiting", reason: "it has just been promoted" });
  });
});
