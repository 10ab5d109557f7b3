/**
 * SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677) in the form PostgreSQL stores in `pg_authid.rolpassword` and
 * PgBouncer accepts in `userlist.txt`. Given the same string, both sides agree without knowing the password.
 */
import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto";

/** Iterations of PostgreSQL's own verifiers (`scram_iterations`, since 16; fixed at this number before). */
export const SCRAM_ITERATIONS = 4096;

/** Salt length in bytes of PostgreSQL's own verifiers (`SCRAM_DEFAULT_SALT_LEN`). */
export const SCRAM_SALT_BYTES = 16;

const KEY_BYTES = 32;

/** What a verifier is derived from. */
export interface ScramInput {
  /** Printable ASCII only, not empty. */
  readonly password: string;
  readonly salt: Buffer;
  /** PBKDF2 rounds, at least 1. */
  readonly iterations: number;
}

interface ScramKeys {
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/**
 * `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, salt and keys in base64.
 *
 * @throws Error for a password that is empty or not printable ASCII: SASLprep (RFC 4013) would change other
 * characters before hashing and is not done here. The message never holds the password.
 */
export function scramVerifier({ password, salt, iterations }: ScramInput): string {
  if (!/^[\u0020-\u007e]+$/.test(password)) {
    throw new Error("a SCRAM password must be printable ASCII and not empty: SASLprep is not implemented");
  }
  if (salt.length === 0) throw new Error("a SCRAM salt must not be empty");
  if (!Number.isSafeInteger(iterations) || iterations < 1) {
    throw new Error(`SCRAM iterations must be a positive whole number, got ${iterations}`);
  }
  const { storedKey, serverKey } = deriveKeys(password, salt, iterations);
  const parameters = `${iterations}:${salt.toString("base64")}`;
  return `SCRAM-SHA-256$${parameters}$${storedKey.toString("base64")}:${serverKey.toString("base64")}`;
}

/**
 * A role's salt: the first 16 bytes of HMAC-SHA-256 with the seed as key and the role's name as message. One random seed
 * gives every role a salt of its own that stays the same, so that a verifier changes only when the password does.
 *
 * @throws Error when the seed or the role's name is empty.
 */
export function roleSalt(seed: string, role: string): Buffer {
  if (seed === "") throw new Error("the seed of the role salts must not be empty");
  if (role === "") throw new Error("a role salt needs a role name");
  return createHmac("sha256", seed).update(role, "utf8").digest().subarray(0, SCRAM_SALT_BYTES);
}

/**
 * Whether the password belongs to the verifier.
 *
 * @throws Error when the text is not a SCRAM-SHA-256 verifier (the message does not hold it).
 */
export function verifyScram(verifier: string, password: string): boolean {
  const { iterations, salt, storedKey, serverKey } = parseVerifier(verifier);
  const derived = deriveKeys(password, salt, iterations);
  const storedEqual = timingSafeEqual(derived.storedKey, storedKey);
  return timingSafeEqual(derived.serverKey, serverKey) && storedEqual;
}

function deriveKeys(password: string, salt: Buffer, iterations: number): ScramKeys {
  const saltedPassword = pbkdf2Sync(password, salt, iterations, KEY_BYTES, "sha256");
  const clientKey = createHmac("sha256", saltedPassword).update("Client Key").digest();
  return {
    storedKey: createHash("sha256").update(clientKey).digest(),
    serverKey: createHmac("sha256", saltedPassword).update("Server Key").digest(),
  };
}

function parseVerifier(verifier: string): ScramKeys & { readonly salt: Buffer; readonly iterations: number } {
  const base64 = "[A-Za-z0-9+/]+={0,2}";
  const form = new RegExp(`^SCRAM-SHA-256\\$([1-9][0-9]{0,8}):(${base64})\\$(${base64}):(${base64})$`);
  const [, iterations, salt, stored, server] = form.exec(verifier) ?? [];
  const storedKey = Buffer.from(stored ?? "", "base64");
  const serverKey = Buffer.from(server ?? "", "base64");
  if (storedKey.length !== KEY_BYTES || serverKey.length !== KEY_BYTES) {
    throw new Error("not a SCRAM-SHA-256 verifier");
  }
  return {
    iterations: Number(iterations),
    salt: Buffer.from(salt ?? "", "base64"),
    storedKey,
    serverKey,
  };
}
