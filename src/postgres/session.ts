import pg from "pg";

/** Where and as whom to log in. */
export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Opens a replication connection (`IDENTIFY_SYSTEM` and the like). */
  readonly replication?: boolean;
}

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
  const { replication, ...where } = login;
  const client = new pg.Client({
    ...where,
    ...(replication === true ? { replication: "true" } : {}),
    application_name: "pgstack-check",
    connectionTimeoutMillis: limits.connectTimeoutMs,
    // Only on the client: as a startup parameter the pooler would have to know it.
    query_timeout: limits.statementTimeoutMs,
    ssl: false,
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
