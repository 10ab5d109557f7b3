import { z } from "zod";

import { databaseName, roleName, schemaName } from "./names.ts";

/** Databases and users in addition to the first ones (`database`, `appUser`), and the values that allow removing one with data. */

const limit = z.int().min(1).max(10_000);

export const extensionList = z
  .array(z.string().regex(/^[a-z_][a-z0-9_-]{0,62}$/, "an extension's name such as pg_trgm or uuid-ossp"))
  .default([]);

const databaseSchema = z.strictObject({
  owner: roleName.optional().describe("The role that owns it: `appUser`, or one of `users`. Default: `appUser`."),
  extensions: extensionList.describe("Its extensions."),
  schemas: z.array(schemaName).default([]).describe("Schemas in addition to `public`; its owner owns them."),
  prismaShadow: z
    .boolean()
    .default(false)
    .describe("Creates an empty database `<name>_shadow` with the same owner, which `prisma migrate dev` can reset."),
  connectionLimit: limit.optional().describe("Connections that each server accepts for it. Default: no limit of its own."),
  poolSize: z
    .int()
    .min(2)
    .max(10_000)
    .default(10)
    .describe("Server connections for writes, and per replica for reads, all users together. Without replicas its two routes share them."),
});

const userSchema = z.strictObject({
  access: z
    .record(
      databaseName,
      z.enum(["read", "write"], "read, or write; an owner is named in `databases.<name>.owner`"),
      "a mapping of databases to read or write",
    )
    .default({})
    .describe("Databases that it may use: `read` sees every table, `write` also changes rows. Owners need no access."),
  connectionLimit: limit
    .optional()
    .describe("Connections that each server accepts from it; the pooler respects it too. Default: no limit of its own."),
  pooled: z.boolean().default(true).describe("Whether it may use the pooler; with `false` it can only connect to the nodes."),
});

export const databasesSchema = z
  .record(databaseName, databaseSchema)
  .default({})
  .describe("Databases in addition to `database`, by name. Each has a write route of its name and a read route that ends in `_ro`.");

export const usersSchema = z
  .record(roleName, userSchema)
  .default({})
  .describe("Users in addition to `appUser`, by name. Each gets a generated password.");

export const removeSchema = z
  .strictObject({
    databases: z
      .record(databaseName, z.literal("with-data", "the words with-data"))
      .default({})
      .describe("Databases that may be dropped although they hold tables, each with the value `with-data`."),
    users: z
      .record(roleName, z.enum(["keep-objects", "with-objects"]))
      .default({})
      .describe(
        "Users that may be dropped although they own objects: `keep-objects` gives these to the owner of the database, `with-objects` drops them too.",
      ),
  })
  .prefault({});
