import pg from "pg";

export interface ClientLimits {
  readonly connectionTimeoutMillis: number;
  readonly query_timeout: number;
}

/** A connected client; nothing of it is left when it cannot connect. */
export async function connectClient(url: string, limits: ClientLimits): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, ...limits });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    void client.end().catch(() => undefined);
    throw error;
  }
}
