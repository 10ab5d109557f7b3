import { setTimeout as delay } from "node:timers/promises";

import type pg from "pg";

import { poll } from "../../src/deadline.ts";
import { connectClient } from "./client.ts";

export interface LoadOptions {
  readonly writeUrl: string;
  readonly readUrl: string;
  /** Clients of each kind that keep their connection. @default 4 */
  readonly clients?: number;
  /** Between two statements of a client, in milliseconds. @default 5 */
  readonly everyMs?: number;
  /**
   * Gives the URL with the newest password. A client whose password is refused asks for it once and tries again; a failure is
   * what is refused then too. @default - a refused password is a failure
   */
  readonly renew?: (url: string) => Promise<string>;
  /** Ends by itself after this time, in milliseconds. @default 10 minutes */
  readonly maxMs?: number;
}

/** What clients of one route saw. */
export interface RouteResult {
  readonly statements: number;
  /** Failed statements and logins by SQLSTATE, or by message where there is none. */
  readonly failures: Readonly<Record<string, number>>;
  /** The statement that took longest, in milliseconds, login included. */
  readonly longestMs: number;
}

export interface LoadResult {
  readonly write: RouteResult;
  readonly read: RouteResult;
  /** Numbers of the rows that the server confirmed. */
  readonly acknowledged: readonly number[];
}

type Options = Required<Omit<LoadOptions, "renew">> & Pick<LoadOptions, "renew">;

/** Longer than any pause: a statement that waits is not one that fails. */
const limits = { connectionTimeoutMillis: 120_000, query_timeout: 120_000 };

class RouteStatistics {
  statements = 0;
  longestMs = 0;
  readonly failures: Record<string, number> = {};

  get failed(): number {
    return Object.values(this.failures).reduce((sum, count) => sum + count, 0);
  }

  fail(error: unknown): void {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    const key = code === undefined || !/^[0-9A-Z]{5}$/.test(code) ? message : `${code} ${message}`;
    this.failures[key] = (this.failures[key] ?? 0) + 1;
  }

  get result(): RouteResult {
    return { statements: this.statements, failures: this.failures, longestMs: Math.round(this.longestMs) };
  }
}

/**
 * Clients of both routes: writers insert numbered rows, one per statement; readers read them; on each route one client more
 * logs in anew for every statement. Each statement is counted, none is tried again.
 */
export class Load {
  readonly #write = new RouteStatistics();
  readonly #read = new RouteStatistics();
  readonly #acknowledged: number[] = [];
  readonly #options: Options;
  #next: number;
  #stopped = false;
  #done: Promise<unknown> = Promise.resolve();

  private constructor(options: Options, next: number) {
    this.#options = options;
    this.#next = next;
  }

  /** Makes the table `writes` if there is none, and returns once rows are confirmed and read. */
  static async start(options: LoadOptions): Promise<Load> {
    const { writeUrl } = options;
    const client = await connectClient(writeUrl, limits);
    await client.query("create table if not exists writes (n int primary key, at timestamptz not null default clock_timestamp())");
    const { rows } = await client.query<{ next: number }>("select coalesce(max(n), 0) + 1 as next from writes");
    await client.end();
    const load = new Load({ clients: 4, everyMs: 5, maxMs: 600_000, ...options }, rows[0]?.next ?? 1);
    load.#done = load.#run();
    await load.#flows();
    return load;
  }

  get result(): LoadResult {
    return { write: this.#write.result, read: this.#read.result, acknowledged: this.#acknowledged };
  }

  async stop(): Promise<LoadResult> {
    this.#stopped = true;
    await this.#done;
    return this.result;
  }

  async #flows(): Promise<void> {
    const both = (): Promise<true | undefined> =>
      Promise.resolve(this.#acknowledged.length > 0 && this.#read.statements > 0 ? true : undefined);
    if ((await poll(both, { everyMs: 20, timeoutMs: 30_000 })) === undefined)
      throw new Error(`no statement succeeded: ${JSON.stringify([this.#write.failures, this.#read.failures])}`);
  }

  #run(): Promise<unknown> {
    const { clients, writeUrl, readUrl } = this.#options;
    const insert = async (client: pg.Client): Promise<void> => {
      const number = this.#next;
      this.#next += 1;
      await client.query("insert into writes (n) values ($1)", [number]);
      this.#acknowledged.push(number);
    };
    const select = async (client: pg.Client): Promise<void> => {
      // A replica may be behind: what it has is read, not what was written last.
      await client.query("select n from writes order by n desc limit 10");
    };
    const kept = Array.from({ length: clients }, () => [
      this.#client(writeUrl, this.#write, insert, true),
      this.#client(readUrl, this.#read, select, true),
    ]).flat();
    return Promise.all([...kept, this.#client(writeUrl, this.#write, insert, false), this.#client(readUrl, this.#read, select, false)]);
  }

  async #client(first: string, route: RouteStatistics, statement: (client: pg.Client) => Promise<void>, keeps: boolean): Promise<void> {
    const end = performance.now() + this.#options.maxMs;
    let url = first;
    let client: pg.Client | undefined;
    while (!this.#stopped && performance.now() < end) {
      let began = performance.now();
      try {
        client ??= await connectClient(url, limits).catch(async (error: unknown) => {
          const { renew } = this.#options;
          // The pooler's words; its code is that of any broken protocol.
          if (renew === undefined || (error as Error).message !== "SASL authentication failed") throw error;
          url = await renew(url);
          // Asking the state is no part of the login.
          began = performance.now();
          return connectClient(url, limits);
        });
        await statement(client);
        route.statements += 1;
      } catch (error) {
        route.fail(error);
        void client?.end().catch(() => undefined);
        client = undefined;
      }
      route.longestMs = Math.max(route.longestMs, performance.now() - began);
      if (!keeps) {
        await client?.end().catch(() => undefined);
        client = undefined;
      }
      await delay(this.#options.everyMs);
    }
    await client?.end().catch(() => undefined);
  }
}
