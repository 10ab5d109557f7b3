import type { ClientConfig } from "pg";

import { conninfoString } from "../formats/escape.ts";

/**
 * Logins in the words of each reader: the driver, connection URLs, libpq's `key=value` form. No other file says how a
 * connection is secured.
 */

/** A PostgreSQL server or PgBouncer as it is reached. */
export interface Server {
  readonly host: string;
  readonly port: number;
}

/** As whom, and where: a database of a server, a route of the pooler or its console. */
export interface Visitor {
  readonly user: string;
  readonly database: string;
}

/** A login of this process. */
export interface Login extends Server, Visitor {
  readonly password: string;
  /** Opens a replication connection (`IDENTIFY_SYSTEM` and the like). */
  readonly replication?: boolean | undefined;
  /** Settings of the session in PGOPTIONS' form; the pooler refuses some. */
  readonly options?: string | undefined;
}

/** At a node as the role that may look; `postgres` is there when the application's database is not. */
export function monitoringLogin(server: Server, password: string, database = "postgres"): Login {
  return { ...server, user: "monitoring", password, database };
}

type Parameters = Readonly<Record<string, string | number>>;

/**
 * Neither the servers nor the pooler have a certificate. libpq and most drivers then continue without TLS by themselves; Go's
 * refuses to, and node-postgres takes the choice from its options.
 */
const security: { readonly libpq: Parameters; readonly go: Parameters; readonly node: Pick<ClientConfig, "ssl"> } = {
  libpq: {},
  go: { sslmode: "disable" },
  node: { ssl: false },
};

/** A login for node-postgres. */
export function driverOptions({ replication = false, ...login }: Login): ClientConfig {
  // `replication` is understood by the driver but missing from its types.
  const mode: { readonly replication?: string } = replication ? { replication: "true" } : {};
  return { ...login, ...mode, ...security.node };
}

/** A login as a URL for applications. With several servers their drivers try one after the other. */
export function connectionUrl(
  servers: readonly Server[],
  visitor: Visitor & { readonly password: string },
  parameters: Parameters = {},
): string {
  return `postgresql://${encodeURIComponent(visitor.user)}:${encodeURIComponent(visitor.password)}@${target(servers, visitor, { ...security.libpq, ...parameters })}`;
}

/** A login as a URL for Go's driver, which takes the password from elsewhere. */
export function goUrl(server: Server, visitor: Visitor, parameters: Parameters = {}): string {
  return `postgresql://${encodeURIComponent(visitor.user)}@${goTarget(server, visitor, parameters)}`;
}

/** The same without scheme and user, as postgres_exporter puts it together. */
export function goTarget(server: Server, visitor: Pick<Visitor, "database">, parameters: Parameters = {}): string {
  return target([server], visitor, { ...security.go, ...parameters });
}

/** A login for libpq, which takes the password from a file. */
export function libpqLogin(login: Partial<Server & Visitor>, parameters: Parameters = {}): string {
  const { host, port, user, database } = login;
  const given = { host, port, user, dbname: database, ...security.libpq, ...parameters };
  return conninfoString(
    Object.fromEntries(Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]))),
  );
}

function target(servers: readonly Server[], { database }: Pick<Visitor, "database">, parameters: Parameters): string {
  const hosts = servers.map(({ host, port }) => `${host}:${port}`).join(",");
  const query = Object.entries(parameters).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return `${hosts}/${encodeURIComponent(database)}${query.length === 0 ? "" : `?${query.join("&")}`}`;
}
