import { randomBytes, randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { encryptedValue } from "../config/secret-keys.ts";
import { UserError } from "../errors.ts";
import type { ClusterSecrets, ServiceSecret } from "../plan/types.ts";
import { passwordRoles } from "../plan/types.ts";
import { passwordsPath } from "../render/compose/names.ts";

/** Only letters and digits: other characters break URLs, `.pgpass`, connection strings and Compose's `$`. */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const passwordLength = 40;

const password = z.string().regex(/^[A-Za-z0-9]{16,}$/);
const secretsSchema = z.object({
  passwords: z.object({ app: password, replicator: password, monitoring: password, pgbouncer: password }),
  users: z.record(z.string(), password).default({}),
  services: z.partialRecord(z.enum(["grafana", "alertWebhook", "alertEmailPassword"]), z.string().min(1)).optional(),
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

/**
 * The same secrets with those of the additional services: generated ones are kept, given ones come from the stack
 * file, or, where they are encrypted there, from the person who wrote them into the bundle.
 *
 * @throws UserError when a given one can be read nowhere
 */
export function withServices(
  secrets: ClusterSecrets,
  {
    folder,
    given,
    generated,
  }: {
    readonly folder: string;
    readonly given: Readonly<Partial<Record<ServiceSecret, string>>>;
    readonly generated: readonly ServiceSecret[];
  },
): ClusterSecrets {
  const made = generated.map((name) => [name, secrets.services?.[name] ?? generatePassword()] as const);
  const read = Object.entries(given).map(([name, value]) => {
    const known = value === encryptedValue ? secrets.services?.[name as ServiceSecret] : value;
    if (known !== undefined) return [name, known] as const;
    throw new UserError([
      {
        where: join(folder, passwordsPath),
        problem: `${name} is encrypted in the stack file, and only Pulumi can read it there`,
        fix: `write it into that file as "services": { "${name}": "…" }, or take the bundle that \`pulumi up\` writes to build/`,
      },
    ]);
  });
  const services = Object.fromEntries([...made, ...read]);
  return Object.keys(services).length === 0 ? { ...secrets, services: undefined } : { ...secrets, services };
}

function generatePassword(): string {
  return Array.from({ length: passwordLength }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/**
 * The secrets that a bundle has; undefined when it has none yet.
 *
 * @throws UserError when their file is damaged: new ones would lock all users out
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
