import { z } from "zod";

/** Databases and users that are declared in addition to the first ones, and what config says of those that no longer are. */
export const declaration = z.object({
  /** Database → owner, shadow databases included. */
  databases: z.record(z.string(), z.string()),
  users: z.array(z.string()),
  /** User → database → its access level there. */
  entries: z.record(z.string(), z.record(z.string(), z.string())),
  /** The first database and its owner: never dropped. */
  first: z.object({ database: z.string(), owner: z.string() }),
  remove: z.object({ databases: z.array(z.string()), users: z.record(z.string(), z.enum(["keep-objects", "with-objects"])) }),
});

export type Declaration = z.output<typeof declaration>;
