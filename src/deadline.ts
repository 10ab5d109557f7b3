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
    const result = await orAborted(attempt(), signal);
    if (result !== undefined) return result;
    if (performance.now() + everyMs > end) return undefined;
    await delay(everyMs, undefined, signal === undefined ? {} : { signal });
  }
}

/** The result of work, or the signal's reason as soon as it is aborted; the work then ends by itself, and its result is dropped. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error("cancelled"));
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
