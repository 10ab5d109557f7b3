import pg from "pg";

import type { Login } from "../postgres/session.ts";

const timeoutMs = 3000;

/**
 * Whether the pooler accepts a password, as soon as it says so: a login to a route that is held would go on only when that
 * resumes. With the login the pooler learns the keys that it comes to the servers with.
 *
 * @throws what the driver throws for anything but a refused password; its messages hold none
 */
export async function acceptsPassword(login: Login): Promise<boolean> {
  const client = new pg.Client({ ...login, application_name: "pgstack-rotation", connectionTimeoutMillis: timeoutMs, ssl: false });
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  client.connection.once("authenticationSASLFinal", () => resolve(true));
  client.on("error", () => undefined);
  client.connect().then(
    () => resolve(true),
    (error: unknown) => ((error as { readonly code?: string }).code === "28P01" ? resolve(false) : reject(error as Error)),
  );
  try {
    return await promise;
  } finally {
    client.connection.stream.destroy();
  }
}
