import { DatabaseError } from "pg";

import type { CheckSecrets } from "../../target/target.ts";
import type { Failure, FailureKind } from "../observation.ts";

/** Says that there was no time left to ask. */
export const outOfTime: Failure = {
  kind: "silent",
  code: "TIMEOUT",
  message: "no answer before the deadline",
};

/**
 * PgBouncer says nearly everything with 08P01, including errors of a server, so its message has to be parsed.
 * (src/client.c, src/admin.c and src/objects.c of 1.24.)
 */
const poolerRefusal =
  /authentication failed|authentication method|server login failed|pg_hba\.conf|not allowed|no such user|login rejected|admin access needed|permission denied/i;

/** 42501 at login: no CONNECT privilege. 28: invalid authorization, which is also what `reject` gives. */
const refusalCode = /^(28|42501)/;

/** 57P01 to 57P03: shutting down, crashed, starting up. */
const startingCode = /^57P0[1-3]/;

/** What an error means, without any password in it. */
export function failureOf(error: unknown, secrets: CheckSecrets): Failure {
  const message = withoutSecrets(messageOf(error), secrets);
  if (error instanceof DatabaseError) {
    const code = error.code ?? "ERROR";
    return { kind: answerKind(code, message), code, message };
  }
  return silence(error, message);
}

function answerKind(code: string, message: string): FailureKind {
  if (startingCode.test(code)) return "starting";
  if (refusalCode.test(code)) return "refused";
  return code === "08P01" && poolerRefusal.test(message) ? "refused" : "error";
}

/** No server answered: refused, reset and late connections look different but mean the same. */
function silence(error: unknown, message: string): Failure {
  const code = errorCode(error);
  // The driver has no codes for these three.
  if (/timeout expired|read timeout/i.test(message)) return outOfTime;
  if (/connection terminated|connection ended/i.test(message))
    return { kind: "silent", code: "CLOSED", message: "the connection was closed" };
  const kind = code !== undefined && /^(E[A-Z_]+|ABORT_ERR)$/.test(code) ? "silent" : "error";
  return { kind, code: code ?? "ERROR", message };
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function messageOf(error: unknown): string {
  // Node tries every address of a host name and reports all of them under an empty message.
  if (error instanceof AggregateError) return error.errors.map((inner: unknown) => messageOf(inner)).join("; ");
  return error instanceof Error ? error.message : String(error);
}

function withoutSecrets(message: string, secrets: CheckSecrets): string {
  return Object.values(secrets)
    .filter((secret) => secret !== "")
    .reduce((text, secret) => text.replaceAll(secret, "***"), message);
}
