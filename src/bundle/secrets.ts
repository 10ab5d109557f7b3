import { randomBytes, randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { UserError } from "../errors.ts";
import type { ClusterSecrets } from "../plan/types.ts";
import { passwordRoles } from "../plan/types.ts";
import { passwordsPath } from "../render/compose/names.ts";

/** Letters and digits alone: other characters break URLs, `.pgpass`, connection strings and Compose's `$`. */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const passwordLength = 40;

const password = z.string().regex(/^[A-Za-z0-9]{16,}$/);
const secretsSchema = z.object({
  passwords: z.object({ app: password, replicator: password, monitoring: password, pgbouncer: password }),
  users: z.record(z.string(), password).default({}),
  saltSeed: z.string().min(16),
});

/** New passwords and a new seed of their salts, for a bundle without declared users. */
export function generateSecrets(): ClusterSecrets {
  const entries = passwordRoles.map((role) => [role, generatePassword()] as const);
  return { passwords: Object.fromEntries(entries) as ClusterSecrets["passwords"], users: {}, saltSeed: randomBytes(32).toString("hex") };
}

/** The same secrets with a password for each declared user: a known one keeps its own, and who is no longer declared has none. */
export function withUsers(secrets: ClusterSecrets, users: readonly string[]): ClusterSecrets {
  return { ...secrets, users: Object.fromEntries(users.map((user) => [user, secrets.users[user] ?? generatePassword()])) };
}

function generatePassword(): string {
  return Array.from({ length: passwordLength }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/**
 * The secrets that a bundle has; undefined when it has none yet.
 *
 * @throws UserError when their file is damaged: new ones would lock everybody out
 */
export function readSecrets(folder: string): ClusterSecrets | undefined {
  const path = join(folder, passwordsPath);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const parsed = secretsSchema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new UserError([
    {
      where: path,
      problem: "it does not hold this bundle's passwords in the form that pgstack writes",
      fix: "restore it from a copy; without one remove it: new passwords are made, and setup gives them to the roles at the next start",
    },
  ]);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
