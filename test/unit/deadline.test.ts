import { describe, expect, it } from "vitest";

import { orAborted, poll } from "../../src/deadline.ts";

const never = (): Promise<undefined> => new Promise(() => undefined);

describe("a wait", () => {
  it("gives what an attempt gives, however many it takes", async () => {
    let attempts = 0;
    const third = (): Promise<number | undefined> => Promise.resolve((attempts += 1) === 3 ? attempts : undefined);
    expect(await poll(third, { everyMs: 1, timeoutMs: 1000 })).toBe(3);
  });

  it("gives undefined when the time is over", async () => {
    expect(await poll(() => Promise.resolve(undefined), { everyMs: 1, timeoutMs: 5 })).toBeUndefined();
  });

  it("ends at once when it is aborted, also in the middle of an attempt that hangs", async () => {
    const abort = new AbortController();
    const waiting = poll(never, { everyMs: 1, timeoutMs: Number.POSITIVE_INFINITY, signal: abort.signal });
    abort.abort(new Error("cancelled"));
    await expect(waiting).rejects.toThrow("cancelled");
  });

  it("does not begin when it is aborted before", async () => {
    await expect(orAborted(never(), AbortSignal.abort(new Error("cancelled")))).rejects.toThrow("cancelled");
  });

  it("throws what an attempt throws", async () => {
    const failing = (): Promise<never> => Promise.reject(new Error("broken"));
    await expect(poll(failing, { everyMs: 1, timeoutMs: 1000, signal: new AbortController().signal })).rejects.toThrow("broken");
  });
});
