import { setTimeout as delay } from "node:timers/promises";

import type pg from "pg";

import { poll } from "../src/deadline.ts";
import { connectClient } from "./client.ts";

export interface WriterOptions {
  /** Most rows. @default 20000 */
  readonly maxRows?: number;
  /** Longest time, in milliseconds. @default 5 minutes */
  readonly maxMs?: number;
  /** Between two rows, in milliseconds. @default 10 */
  readonly everyMs?: number;
}

/** What a client saw of a cluster while it wrote. */
export interface Written {
  /** Numbers of the rows that the server confirmed. */
  readonly acknowledged: readonly number[];
  /** Statements and connections that failed; each is tried again with another number. */
  readonly failures: number;
  readonly lastFailure: string;
  /** Longest time between two confirmed rows, in milliseconds. */
  readonly longestStallMs: number;
}

const limits = { connectionTimeoutMillis: 2000, query_timeout: 5000 };

/** A client that inserts numbered rows into the table `writes`, one per statement, and comes back after every failure. */
export class Writer {
  readonly #url: string;
  readonly #options: Required<WriterOptions>;
  readonly #acknowledged: number[] = [];
  #failures = 0;
  #lastFailure = "";
  #longestStallMs = 0;
  #stopped = false;
  #done: Promise<void> = Promise.resolve();

  private constructor(url: string, options: WriterOptions) {
    this.#url = url;
    this.#options = { maxRows: 20_000, maxMs: 300_000, everyMs: 10, ...options };
  }

  /** Makes the table if there is none, and returns once the first row is confirmed. */
  static async start(url: string, options: WriterOptions = {}): Promise<Writer> {
    const client = await connectClient(url, limits);
    await client.query("create table if not exists writes (n int primary key, at timestamptz not null default clock_timestamp())");
    const { rows } = await client.query<{ next: number }>("select coalesce(max(n), 0) + 1 as next from writes");
    await client.end();
    const writer = new Writer(url, options);
    writer.#done = writer.#write(rows[0]?.next ?? 1);
    await writer.next();
    return writer;
  }

  get written(): Written {
    return {
      acknowledged: this.#acknowledged,
      failures: this.#failures,
      lastFailure: this.#lastFailure,
      longestStallMs: Math.round(this.#longestStallMs),
    };
  }

  /** Waits until a further row is confirmed: writes work. */
  async next(timeoutMs = 60_000): Promise<void> {
    const before = this.#acknowledged.length;
    const more = (): Promise<true | undefined> => Promise.resolve(this.#acknowledged.length > before ? true : undefined);
    if ((await poll(more, { everyMs: 20, timeoutMs })) === undefined)
      throw new Error(`no row was confirmed within ${timeoutMs / 1000} s: ${this.#lastFailure}`);
  }

  async stop(): Promise<Written> {
    this.#stopped = true;
    await this.#done;
    return this.written;
  }

  async #write(first: number): Promise<void> {
    const end = performance.now() + this.#options.maxMs;
    let confirmedAt = performance.now();
    let client: pg.Client | undefined;
    for (let number = first; !this.#stopped && number < first + this.#options.maxRows && performance.now() < end; number += 1) {
      try {
        client ??= await connectClient(this.#url, limits);
        await client.query("insert into writes (n) values ($1)", [number]);
        this.#acknowledged.push(number);
        this.#longestStallMs = Math.max(this.#longestStallMs, performance.now() - confirmedAt);
        confirmedAt = performance.now();
      } catch (error) {
        this.#failures += 1;
        this.#lastFailure = (error as Error).message;
        // Whether that row is there nobody knows; its number is not used again.
        void client?.end().catch(() => undefined);
        client = undefined;
      }
      await delay(this.#options.everyMs);
    }
    await client?.end().catch(() => undefined);
  }
}

/**
 * Confirmed rows that a node does not have, once it had the time to receive them.
 *
 * @param sql - runs SQL on the node and returns psql's unaligned output
 */
export async function lostRows(
  { acknowledged }: Pick<Written, "acknowledged">,
  sql: (text: string) => Promise<string>,
  timeoutMs = 30_000,
): Promise<readonly number[]> {
  const missing = async (): Promise<readonly number[]> => {
    const found = await sql(
      `select coalesce(string_agg(n::text, ','), '') from unnest('{${acknowledged.join(",")}}'::int[]) as n where not exists (select from writes where writes.n = n.n);`,
    );
    return found === "" ? [] : found.split(",").map(Number);
  };
  const none = async (): Promise<readonly number[] | undefined> => {
    const lost = await missing();
    return lost.length === 0 ? lost : undefined;
  };
  return (await poll(none, { everyMs: 200, timeoutMs })) ?? missing();
}
