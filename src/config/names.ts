import { z } from "zod";

import { readRouteSuffix } from "../read-route.ts";

/** Names of databases, roles and schemas, and those that are not free. */

export const identifier = (what: string, maxLength = 63): z.ZodString =>
  z
    .string()
    .regex(
      new RegExp(`^[a-z_][a-z0-9_]{0,${maxLength - 1}}$`),
      `${what}: lower-case letters, digits and _, at most ${maxLength} characters, no leading digit`,
    );

/** Roles that pgstack or PostgreSQL itself owns; an application role must be another one. */
export const reservedRoles = [
  "postgres",
  "replicator",
  "monitoring",
  "pgbouncer",
  "all",
  "public",
  "none",
  "current_role",
  "current_user",
  "session_user",
] as const;

/** Databases that pgstack, PgBouncer or PostgreSQL itself owns, and words that mean something else in pg_hba.conf. */
export const reservedDatabases = [
  "postgres",
  "template0",
  "template1",
  "pgbouncer",
  "all",
  "replication",
  "sameuser",
  "samerole",
  "samegroup",
] as const;

/** A database of an application. The read route's name is three characters longer, and PgBouncer's names have at most 63. */
export const databaseName = identifier("a database name", 60)
  .refine((name) => !(reservedDatabases as readonly string[]).includes(name), "another name: this database is not the application's")
  .refine((name) => !name.endsWith(readRouteSuffix), "a name that does not end in _ro: that is the read route's");

/** A role of an application. */
export const roleName = identifier("a role name").refine(
  (name) => !(reservedRoles as readonly string[]).includes(name) && !name.startsWith("pg_"),
  "another name: this role is reserved",
);

/** Schemas that exist already, or that belong to PostgreSQL or pgstack. */
const reservedSchemas: readonly string[] = ["information_schema", "public", "pgstack"];

export const schemaName = identifier("a schema name").refine(
  (name) => !reservedSchemas.includes(name) && !name.startsWith("pg_"),
  "another name: this schema exists already, or is reserved",
);
