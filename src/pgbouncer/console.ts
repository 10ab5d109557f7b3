import type pg from "pg";

import { consoleDatabase, poolerRoles } from "../plan/pgbouncer-defaults.ts";
import type { Server } from "../postgres/endpoint.ts";
import type { ShownRoute } from "./routes.ts";
import type { DatabaseRow } from "./show.ts";
import { withSession } from "../postgres/session.ts";

/** How to reach the console of one process as its admin. */
export interface ConsoleAccess {
  readonly address: Server;
  /** Password of the `pgbouncer` admin. */
  readonly password: string;
}

/** A route as a process runs it. */
export interface RunningRoute extends ShownRoute {
  readonly isPaused: boolean;
}

/** The routes of one process of the pooler. */
export interface RunningProcess {
  /** From 1 on. */
  readonly number: number;
  readonly routes: readonly RunningRoute[];
}

/** A connection of the pooler to a server. */
export interface ServerConnection {
  readonly route: string;
  readonly user: string;
  readonly address: string;
  /** `active`: a client uses it. */
  readonly state: string;
  /** Ends with the transaction that uses it: its route has other servers now. */
  readonly isLeaving: boolean;
}

/** A setting as the pooler runs it. */
export interface ConfigRow {
  readonly key: string;
  readonly value: string;
  /** `no`: read only at start. */
  readonly changeable: string;
}

interface ServerRow {
  readonly database: string;
  readonly user: string;
  readonly addr: string;
  readonly state: string;
  readonly close_needed: number;
}

/**
 * PgBouncer's console. It only supports the simple protocol, and every command ends by itself, except PAUSE, which waits for
 * transactions to end.
 */
export class PoolerConsole {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  /** Runs work on one session; a command that takes longer than `timeoutMs` fails. */
  static async with<T>({ address, password }: ConsoleAccess, work: (console: PoolerConsole) => Promise<T>, timeoutMs = 5000): Promise<T> {
    const login = { ...address, user: poolerRoles.admin, password, database: consoleDatabase };
    return withSession(login, async (client) => work(new PoolerConsole(client)), { connectTimeoutMs: 3000, statementTimeoutMs: timeoutMs });
  }

  async routes(): Promise<readonly RunningRoute[]> {
    const { rows } = await this.#client.query<DatabaseRow>("SHOW DATABASES");
    return rows.flatMap(({ name, host, database, pool_size: poolSize, paused }) =>
      host === null ? [] : [{ name, host, database, poolSize, isPaused: paused !== 0 }],
    );
  }

  async config(): Promise<readonly ConfigRow[]> {
    return (await this.#client.query<ConfigRow>("SHOW CONFIG")).rows;
  }

  async servers(): Promise<readonly ServerConnection[]> {
    const { rows } = await this.#client.query<ServerRow>("SHOW SERVERS");
    return rows.map(({ database, user, addr, state, close_needed: closes }) => ({
      route: database,
      user,
      address: addr,
      state,
      isLeaving: closes !== 0,
    }));
  }

  /** Connections to servers that are being opened right now. */
  async logins(): Promise<number> {
    const { rows } = await this.#client.query<{ sv_login: string }>("SHOW POOLS");
    return rows.reduce((sum, { sv_login }) => sum + Number(sv_login), 0);
  }

  /** Has it read its files again, and returns once it has. */
  async reload(): Promise<void> {
    await this.#client.query("RELOAD");
  }

  /** Lets transactions end, holds new ones, and closes the route's connections. Returns once all that is done. */
  async pause(route: string): Promise<void> {
    await this.#client.query(`PAUSE ${quoted(route)}`);
  }

  /** Ends a pause; does nothing if there is none. */
  async resume(route: string): Promise<void> {
    try {
      await this.#client.query(`RESUME ${quoted(route)}`);
    } catch (error) {
      if (!/not paused/i.test((error as Error).message)) throw error;
    }
  }
}

function quoted(route: string): string {
  return `"${route.replaceAll('"', '""')}"`;
}
