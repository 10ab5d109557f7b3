import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { restartContainer } from "../../src/engine/container.ts";
import { UserError } from "../../src/errors.ts";
import type { ConfigRow, ServerConnection } from "../../src/pgbouncer/console.ts";
import { PoolerConsole } from "../../src/pgbouncer/console.ts";
import { routesOf } from "../../src/pgbouncer/rotation.ts";
import type { Context } from "../kind.ts";
import { reloadQuietly } from "../traffic/quiet.ts";
import { RefusedFiles } from "./refused-files.ts";

export interface PgbouncerReload {
  readonly container: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly password: string;
  /** How long reads on a server that left its routes may take to end, in seconds. */
  readonly drainTimeoutS: number;
  readonly settings: Readonly<Record<string, string>>;
}

const reloadTimeoutMs = 10_000;

/** How long transactions may take to end before the pooler is killed, in seconds. */
const stopS = 60;

/** Makes a running pooler reload its files and verifies through its console that it uses them. */
export async function reloadPgbouncer(context: Context, engine: Engine, reload: PgbouncerReload): Promise<void> {
  if (!(await reloadQuietly(context, engine, reload))) return;
  let last: readonly ConfigRow[] = [];
  let problem = "";
  const done = await poll(
    async () => {
      try {
        last = differing(await showConfig(reload), reload.settings);
        problem = "";
        return last.some(({ changeable }) => changeable === "yes") ? undefined : true;
      } catch (error) {
        // The new password is valid only once the new userlist was read.
        problem = (error as Error).message;
        return undefined;
      }
    },
    { everyMs: 100, timeoutMs: reloadTimeoutMs, signal: context.signal },
  );
  if (done === undefined) {
    const what = problem === "" ? `it still runs with ${last.map(({ key, value }) => `${key} = ${value}`).join(", ")}` : problem;
    // One that does not answer has refused nothing.
    throw new (problem === "" ? RefusedFiles : UserError)([
      { where: reload.container, problem: `it did not take its new files: ${what}`, fix: `see its log: docker logs ${reload.container}` },
    ]);
  }
  await resumeAll(reload);
  await awaitLeaving(context, reload);
  if (last.length > 0) await restartFor(context, engine, reload, last);
}

/** For settings that PgBouncer reads only at start. Transactions end before it stops; its clients reconnect. */
async function restartFor(context: Context, engine: Engine, reload: PgbouncerReload, rows: readonly ConfigRow[]): Promise<void> {
  context.status("restarting the pooler");
  await restartContainer(engine, reload.container, stopS);
  const answers = async (): Promise<true | undefined> => {
    try {
      return differing(await showConfig(reload), reload.settings).length === 0 ? true : undefined;
    } catch {
      return undefined;
    }
  };
  const names = rows.map(({ key }) => key).join(", ");
  if ((await poll(answers, { everyMs: 50, timeoutMs: reloadTimeoutMs, signal: context.signal })) === undefined)
    throw new RefusedFiles([
      {
        where: reload.container,
        problem: `restarted, but it does not run with its files: ${names}`,
        fix: `see its log: docker logs ${reload.container}`,
      },
    ]);
  context.log("info", `${reload.container} restarted for ${names}`);
}

/**
 * Whether a pooler runs with other routes than those in its file, or has paused one: an interrupted change of nodes leaves that.
 * For one that does not answer this is unknown.
 */
export async function servesOtherwise(reload: PgbouncerReload, ini: string): Promise<boolean> {
  const declared = routesOf(ini);
  try {
    const running = await PoolerConsole.with(reload, (console) => console.routes());
    return running.some(({ name, hosts, isPaused }) => isPaused || (declared.get(name) ?? hosts).join(",") !== hosts.join(","));
  } catch {
    return false;
  }
}

/** Ends a pause that an interrupted change has left: its clients wait for nothing. */
async function resumeAll(reload: PgbouncerReload): Promise<void> {
  await PoolerConsole.with(reload, async (console) => {
    for (const { name, isPaused } of await console.routes()) if (isPaused) await console.resume(name);
  });
}

/** Waits for transactions on servers that are no longer in a route: a server that is removed afterwards has no clients. */
async function awaitLeaving(context: Context, reload: PgbouncerReload): Promise<void> {
  let left: readonly ServerConnection[] = [];
  const gone = await poll(
    async () => {
      left = (await PoolerConsole.with(reload, (console) => console.servers())).filter(({ isLeaving }) => isLeaving);
      if (left.length > 0) context.status(`waiting for ${left.length} transactions on servers that leave`);
      return left.length === 0 ? true : undefined;
    },
    { everyMs: 50, timeoutMs: reload.drainTimeoutS * 1000, signal: context.signal },
  );
  if (gone === true) return;
  const who = [...new Set(left.map(({ route, user, address }) => `${user} in ${route} on ${address}`))].join(", ");
  // In the other modes a connection belongs to its client until the client disconnects.
  if (reload.settings["pool_mode"] === "session") {
    context.log("warning", `clients keep connections to servers that leave, and will lose them: ${who}`);
    return;
  }
  throw new UserError([
    {
      where: reload.container,
      problem: `transactions on servers that leave the routes did not end within ${reload.drainTimeoutS} s, so nothing was removed: ${who}`,
      fix: "deploy again when they have ended, or end them: select pg_terminate_backend(<pid>) on that node",
    },
  ]);
}

function showConfig(reload: PgbouncerReload): Promise<readonly ConfigRow[]> {
  return PoolerConsole.with(reload, (console) => console.config());
}

/** Rows whose value in effect differs from the file's; numbers are compared as numbers. */
function differing(rows: readonly ConfigRow[], settings: Readonly<Record<string, string>>): readonly ConfigRow[] {
  return rows.filter(({ key, value }) => {
    const wanted = settings[key];
    if (wanted === undefined || wanted === value) return false;
    return Number.isNaN(Number(wanted)) || Number(wanted) !== Number(value);
  });
}
