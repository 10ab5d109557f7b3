import pg from "pg";

import { driverOptions } from "../postgres/endpoint.ts";
import type { Login } from "../postgres/endpoint.ts";

const timeoutMs = 3000;

/** A server's code for a wrong password, and the one that PgBouncer gives. */
const refused = new Set(["28P01", "08P01"]);

/**
 * Whether the pooler accepts a password by this verifier, as soon as it says so: a login to a route that is held would continue only
 * when that resumes. With the login the pooler learns the keys that it comes to the servers with.
 *
 * @throws what the driver throws for anything but a refused password; its messages hold none
 */
export async function acceptsPassword(login: Login, verifier: string): Promise<boolean> {
  const client = new pg.Client({ ...driverOptions(login), application_name: "pgstack-rotation", connectionTimeoutMillis: timeoutMs });
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  // The old verifier may be of the same password, with another salt.
  let offered = "";
  client.connection.once("authenticationSASLContinue", ({ data }: { readonly data: string }) => (offered = data));
  client.connection.once("authenticationSASLFinal", () => resolve(isOffered(offered, verifier)));
  client.on("error", () => undefined);
  client.connect().then(
    () => resolve(isOffered(offered, verifier)),
    (error: unknown) => (refused.has((error as { readonly code?: string }).code ?? "") ? resolve(false) : reject(error as Error)),
  );
  try {
    return await promise;
  } finally {
    client.connection.stream.destroy();
  }
}

/** Whether a server's first message (RFC 5802: `r=…,s=<salt>,i=<iterations>`) has the salt and the iterations of a verifier. */
export function isOffered(message: string, verifier: string): boolean {
  const [, iterations, salt] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(verifier) ?? [];
  const parts = message.split(",");
  return parts.includes(`s=${salt}`) && parts.includes(`i=${iterations}`);
}
