import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { isRunning } from "../../src/engine/container.ts";
import { signalInside } from "../../src/engine/signal-inside.ts";
import type { ConsoleAccess } from "../../src/pgbouncer/console.ts";
import { PoolerConsole } from "../../src/pgbouncer/console.ts";
import type { PoolerAccess } from "../../resources/parts.ts";
import type { Context } from "../kind.ts";

/** How long to wait for a moment without a login: with very many logins there may be none. */
const quietMs = 2000;

/**
 * Waits for a moment in which no server connection is being opened. A reload that changes a route, and a pause, abort such a
 * login; PgBouncer treats that as a failed one and refuses clients of a pool without connections for `server_login_retry`, a second
 * (1.24.1, check_fast_fail in client.c).
 */
export async function awaitNoLogins(context: Context, console: PoolerConsole): Promise<void> {
  const none = async (): Promise<true | undefined> => ((await console.logins()) === 0 ? true : undefined);
  await poll(none, { everyMs: 2, timeoutMs: quietMs, signal: context.signal });
}

/** Has each process that runs reload its files in such a moment. False when none runs. */
export async function reloadQuietly(
  context: Context,
  engine: Engine,
  { processes, password }: Pick<PoolerAccess, "processes" | "password">,
): Promise<boolean> {
  const reloaded = await Promise.all(processes.map((process) => reloadProcess(context, engine, { ...process, password })));
  return reloaded.includes(true);
}

/** The same for one process. */
export async function reloadProcess(
  context: Context,
  engine: Engine,
  pooler: ConsoleAccess & { readonly container: string },
): Promise<boolean> {
  if (!(await isRunning(engine, pooler.container))) return false;
  try {
    await PoolerConsole.with(pooler, async (console) => {
      await awaitNoLogins(context, console);
      await console.reload();
    });
    return true;
  } catch {
    context.signal.throwIfAborted();
    // It has only just started, or its console still has another password: the files have the new one.
    return signalInside(engine, pooler.container, "HUP");
  }
}
