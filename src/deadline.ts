import { setTimeout as delay } from "node:timers/promises";

export interface PollOptions {
  /** Between two attempts, in milliseconds. */
  readonly everyMs: number;
  /** In all, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Tries until an attempt gives something other than undefined.
 *
 * @returns undefined when the time is over
 * @throws what an attempt throws, or the signal's reason when it is aborted
 */
export async function poll<T>(attempt: () => Promise<T | undefined>, { everyMs, timeoutMs, signal }: PollOptions): Promise<T | undefined> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const result = await attempt();
    if (result !== undefined) return result;
    if (performance.now() + everyMs > end) return undefined;
    await delay(everyMs, undefined, signal === undefined ? {} : { signal });
  }
}
