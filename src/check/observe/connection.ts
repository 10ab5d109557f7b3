import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { Client } from "pg";

import { driverOptions } from "../../postgres/endpoint.ts";
import type { Login } from "../../postgres/endpoint.ts";
import { failed, seen } from "../observation.ts";
import type { Observed } from "../observation.ts";
import { remainingMs } from "./context.ts";
import type { ObserveContext } from "./context.ts";
import { failureOf, outOfTime } from "./failure.ts";

/** A login of the check. */
export interface CheckLogin extends Login {
  /** Through the pooler, which refuses startup parameters that it does not know. */
  readonly pooled?: boolean;
  /** Ends this connection before the pass ends. */
  readonly limitMs?: number;
}

/** A login through the pooler, or at its console. */
export function pooled(login: Login): CheckLogin {
  return { ...login, pooled: true };
}

/** How long a server may take to notice that a client leaves. */
const goodbyeMs = 250;

/**
 * Connects, hands the connection to `use`, and closes it whatever happens. Nothing is thrown for what the server
 * does: a failure is returned. Everything ends with the pass, or at once when it is aborted.
 */
export async function withConnection<T>(
  context: ObserveContext,
  login: CheckLogin,
  use: (client: Client) => Promise<T>,
): Promise<Observed<T>> {
  const { secrets, signal } = context;
  if (signal.aborted || remainingMs(context) === 0) return failed(outOfTime);
  // The driver cannot be interrupted, its socket can.
  const socket = new Socket();
  const abort = (): void => void socket.destroy(new Error("Connection terminated"));
  const client = newClient(context, login, socket);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await client.connect();
    return seen(await use(client));
  } catch (error) {
    return failed(failureOf(error, secrets));
  } finally {
    signal.removeEventListener("abort", abort);
    await close(client, socket);
  }
}

function newClient(context: ObserveContext, login: CheckLogin, socket: Socket): Client {
  const { pooled: isPooled = false, limitMs = Infinity, ...where } = login;
  const timeoutMs = Math.min(limitMs, remainingMs(context));
  const client = new Client({
    ...driverOptions(where),
    application_name: "pgstack-check",
    stream: () => socket,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    ...(isPooled ? {} : { statement_timeout: timeoutMs }),
  });
  forgetEnvironment(client);
  // A connection lost between two queries: the next query says so. Unheard, the event would end the process.
  client.on("error", () => undefined);
  return client;
}

/**
 * The driver reads PGOPTIONS of the operator's shell, and the pooler refuses a client that sends options.
 * There is no setting for it: an empty value counts as none.
 */
function forgetEnvironment(client: Client): void {
  const parameters: unknown = Reflect.get(client, "connectionParameters");
  if (typeof parameters === "object" && parameters !== null) Reflect.set(parameters, "options", undefined);
}

async function close(client: Client, socket: Socket): Promise<void> {
  if (!socket.destroyed) {
    const late = new AbortController();
    const end = client.end().catch(() => undefined);
    await Promise.race([end, sleep(goodbyeMs, undefined, { signal: late.signal })]);
    late.abort();
  }
  socket.destroy();
}
