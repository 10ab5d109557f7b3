import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { containerState } from "../../src/engine/container.ts";
import { signalInside } from "../../src/engine/signal-inside.ts";
import type { PoolerAccess } from "../../src/pgbouncer/console.ts";
import { PoolerConsole } from "../../src/pgbouncer/console.ts";
import type { Context } from "../kind.ts";

/** How long a moment without a login is waited for: under a flood of them there may be none. */
const quietMs = 2000;

/**
 * Waits for a moment in which no server connection is being opened. A reload that changes a route, and a pause, cut such a login;
 * PgBouncer takes that for a failed one and refuses clients of a pool without connections for `server_login_retry`, a second
 * (1.24.1, check_fast_fail in client.c).
 */
export async function awaitNoLogins(context: Context, console: PoolerConsole): Promise<void> {
  const none = async (): Promise<true | undefined> => ((await console.logins()) === 0 ? true : undefined);
  await poll(none, { everyMs: 2, timeoutMs: quietMs, signal: context.signal });
}

/** Has a running pooler read its files again in such a moment. False when it does not run. */
export async function reloadQuietly(
  context: Context,
  engine: Engine,
  pooler: PoolerAccess & { readonly container: string },
): Promise<boolean> {
  if ((await containerState(engine, pooler.container))?.running !== true) return false;
  try {
    await PoolerConsole.with(pooler, async (console) => {
      await awaitNoLogins(context, console);
      await console.reload();
    });
    return true;
  } catch {
    context.signal.throwIfAborted();
    // It has only just begun, or its console knows another password so far: the files tell it the new one.
    return signalInside(engine, pooler.container, "HUP");
  }
}
