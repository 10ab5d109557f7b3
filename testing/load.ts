import { setTimeout as delay } from "node:timers/promises";

import type pg from "pg";

import { poll } from "../src/deadline.ts";
import { connectClient } from "./client.ts";

export interface LoadOptions {
  readonly writeUrl: string;
  readonly readUrl: string;
  /** Clients of each kind that keep their connection. @default 4 */
  readonly clients?: number;
  /** Clients of each kind that log in each time. @default 1 */
  readonly reconnecting?: number;
  /** Statements after which those do. @default 1 */
  readonly perLogin?: number;
  /** Number of the first row, so that two loads write different ones. @default the next one */
  readonly firstRow?: number;
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
  /** Connections that were closed while no statement ran: clients log in again for their next one. */
  readonly closed: number;
}

export interface LoadResult {
  readonly write: RouteResult;
  readonly read: RouteResult;
  /** Of both routes: what clients saw that log in each time. */
  readonly reconnecting: RouteResult;
  /** Numbers of the rows that the server confirmed. */
  readonly acknowledged: readonly number[];
  /** Numbers of the rows whose statement failed. */
  readonly failed: readonly number[];
}

type Options = Required<Omit<LoadOptions, "renew" | "firstRow">> & Pick<LoadOptions, "renew">;

/** Longer than any pause: a statement that waits is not one that fails. */
const limits = { connectionTimeoutMillis: 120_000, query_timeout: 120_000 };

class RouteStatistics {
  statements = 0;
  longestMs = 0;
  closed = 0;
  readonly failures: Record<string, number> = {};

  fail(error: unknown): void {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    const key = code === undefined || !/^[0-9A-Z]{5}$/.test(code) ? message : `${code} ${message}`;
    this.failures[key] = (this.failures[key] ?? 0) + 1;
  }

  get result(): RouteResult {
    return { statements: this.statements, failures: this.failures, longestMs: Math.round(this.longestMs), closed: this.closed };
  }
}

/**
 * Waits until every reader finds the table: a replica may be behind. As many statements at once as open a connection to each of
 * them.
 */
async function readable(readUrl: string): Promise<void> {
  const find = async (): Promise<boolean> => {
    const client = await connectClient(readUrl, limits);
    try {
      await client.query("select pg_sleep(0.1), (select count(*) from (select from writes limit 1) as found)");
      return true;
    } catch (error) {
      if ((error as { readonly code?: string }).code === "42P01") return false;
      throw error;
    } finally {
      await client.end();
    }
  };
  const everywhere = async (): Promise<true | undefined> =>
    (await Promise.all(Array.from({ length: 8 }, find))).includes(false) ? undefined : true;
  if ((await poll(everywhere, { everyMs: 50, timeoutMs: 30_000 })) === undefined)
    throw new Error("the read route does not show the table writes");
}

/** A client's connection, and whether it was closed while no statement ran. */
class Connection {
  readonly client: pg.Client;
  isBusy = false;
  isClosed = false;

  constructor(client: pg.Client) {
    this.client = client;
    const close = (): void => {
      this.isClosed ||= !this.isBusy;
    };
    client.on("error", close);
    client.on("end", close);
  }

  static async open(url: string): Promise<Connection> {
    return new Connection(await connectClient(url, limits));
  }

  async run(statement: (client: pg.Client) => Promise<void>): Promise<void> {
    this.isBusy = true;
    await statement(this.client);
    this.isBusy = false;
  }

  async end(): Promise<void> {
    // What ends now was not closed by the server.
    this.isBusy = true;
    await this.client.end().catch(() => undefined);
  }
}

/**
 * Clients of both routes: writers insert numbered rows, one per statement; readers read them; on each route some clients more
 * log in again for every statement, or every few. Each statement is counted, none is tried again. A client whose connection was
 * closed while it did nothing notices that, as a pool does.
 */
export class Load {
  readonly #write = new RouteStatistics();
  readonly #read = new RouteStatistics();
  readonly #reconnecting = new RouteStatistics();
  readonly #acknowledged: number[] = [];
  readonly #failed: number[] = [];
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
    await readable(options.readUrl);
    const load = new Load(
      { clients: 4, reconnecting: 1, perLogin: 1, everyMs: 5, maxMs: 600_000, ...options },
      options.firstRow ?? rows[0]?.next ?? 1,
    );
    load.#done = load.#run();
    await load.#flows();
    return load;
  }

  /** Does something while clients work. They end with it, also when it fails: the next load finds its rows its own. */
  static async during(options: LoadOptions, work: () => Promise<unknown>): Promise<LoadResult> {
    const load = await Load.start(options);
    try {
      await work();
    } finally {
      await load.stop();
    }
    return load.result;
  }

  get result(): LoadResult {
    return {
      write: this.#write.result,
      read: this.#read.result,
      reconnecting: this.#reconnecting.result,
      acknowledged: this.#acknowledged,
      failed: this.#failed,
    };
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
    const { clients, reconnecting, writeUrl, readUrl } = this.#options;
    const insert = async (client: pg.Client): Promise<void> => {
      const number = this.#next;
      this.#next += 1;
      try {
        await client.query("insert into writes (n) values ($1)", [number]);
      } catch (error) {
        this.#failed.push(number);
        throw error;
      }
      this.#acknowledged.push(number);
    };
    const select = async (client: pg.Client): Promise<void> => {
      // A replica may be behind: what it has is read, not what was written last.
      await client.query("select n from writes order by n desc limit 10");
    };
    const both = (statistics: readonly RouteStatistics[], perLogin: number): readonly Promise<void>[] => [
      this.#client({ url: writeUrl, statistics: [this.#write, ...statistics], statement: insert, perLogin }),
      this.#client({ url: readUrl, statistics: [this.#read, ...statistics], statement: select, perLogin }),
    ];
    return Promise.all([
      ...Array.from({ length: clients }, () => both([], Infinity)).flat(),
      ...Array.from({ length: reconnecting }, () => both([this.#reconnecting], this.#options.perLogin)).flat(),
    ]);
  }

  async #client({ url: first, statistics, statement, perLogin }: Client): Promise<void> {
    const end = performance.now() + this.#options.maxMs;
    let url = first;
    let connection: Connection | undefined;
    let left = perLogin;
    while (!this.#stopped && performance.now() < end) {
      if (connection?.isClosed === true) {
        for (const each of statistics) each.closed += 1;
        connection = undefined;
      }
      let began = performance.now();
      try {
        if (connection === undefined) {
          left = perLogin;
          connection = await Connection.open(url).catch(async (error: unknown) => {
            const { renew } = this.#options;
            // The pooler's words; its code is that of any broken protocol.
            if (renew === undefined || (error as Error).message !== "SASL authentication failed") throw error;
            url = await renew(url);
            // Asking the state is no part of the login.
            began = performance.now();
            return Connection.open(url);
          });
        }
        await connection.run(statement);
        for (const each of statistics) each.statements += 1;
      } catch (error) {
        for (const each of statistics) each.fail(error);
        void connection?.end();
        connection = undefined;
      }
      for (const each of statistics) each.longestMs = Math.max(each.longestMs, performance.now() - began);
      left -= 1;
      if (left <= 0) {
        await connection?.end();
        connection = undefined;
      }
      await delay(this.#options.everyMs);
    }
    await connection?.end();
  }
}

interface Client {
  readonly url: string;
  readonly statistics: readonly RouteStatistics[];
  readonly statement: (client: pg.Client) => Promise<void>;
  /** Statements on one connection. */
  readonly perLogin: number;
}
