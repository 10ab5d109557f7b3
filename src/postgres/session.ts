import pg from "pg";

import { driverOptions } from "./endpoint.ts";
import type { Login } from "./endpoint.ts";

export interface SessionLimits {
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

const usualLimits: SessionLimits = { connectTimeoutMs: 3000, statementTimeoutMs: 5000 };

/**
 * Runs work on one connection and closes it whatever happens.
 *
 * @throws what the driver throws; its messages hold no password
 */
export async function withSession<T>(
  login: Login,
  work: (client: pg.Client) => Promise<T>,
  limits: SessionLimits = usualLimits,
): Promise<T> {
  const client = new pg.Client({
    ...driverOptions(login),
    application_name: "pgstack-check",
    connectionTimeoutMillis: limits.connectTimeoutMs,
    // Only on the client: as a startup parameter the pooler would have to know it.
    query_timeout: limits.statementTimeoutMs,
  });
  // A server that goes down between two statements must not end this process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
