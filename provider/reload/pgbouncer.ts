import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { restartContainer } from "../../src/engine/container.ts";
import { UserError } from "../../src/errors.ts";
import type { ConfigRow } from "../../src/pgbouncer/console.ts";
import { PoolerConsole } from "../../src/pgbouncer/console.ts";
import { notInEffect } from "../../src/pgbouncer/in-effect.ts";
import type { Context } from "../kind.ts";
import { reloadProcess } from "../traffic/quiet.ts";
import { RefusedFiles } from "./refused-files.ts";

export interface PgbouncerReload {
  readonly processes: readonly Omit<ProcessReload, "password">[];
  readonly password: string;
}

interface ProcessReload {
  readonly container: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly password: string;
  readonly settings: Readonly<Record<string, string>>;
}

const reloadTimeoutMs = 10_000;

/** How long transactions may take to end before the pooler is killed, in seconds. */
const stopS = 60;

/**
 * Has the processes of a pooler reload their files, and verifies through their consoles that they use them. Those that must restart for
 * it do so together: one after the other, each would close clients that the one before has closed.
 */
export async function reloadPgbouncer(context: Context, engine: Engine, { processes, password }: PgbouncerReload): Promise<void> {
  const all = processes.map((process) => ({ ...process, password }));
  const left = await Promise.all(all.map((process) => reloadOne(context, engine, process)));
  await Promise.all(
    all.map(async (process, index) => {
      const rows = left[index] ?? [];
      if (rows.length > 0) await restartFor(context, engine, process, rows);
    }),
  );
}

/** @returns settings that the process takes only when it starts */
async function reloadOne(context: Context, engine: Engine, reload: ProcessReload): Promise<readonly ConfigRow[]> {
  if (!(await reloadProcess(context, engine, reload))) return [];
  let last: readonly ConfigRow[] = [];
  let problem = "";
  const done = await poll(
    async () => {
      try {
        last = notInEffect(await showConfig(reload), reload.settings);
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
  return last;
}

/** For settings that PgBouncer reads only at start. Transactions end before it stops; its clients reconnect. */
async function restartFor(context: Context, engine: Engine, reload: ProcessReload, rows: readonly ConfigRow[]): Promise<void> {
  context.status(`restarting ${reload.container}`);
  await restartContainer(engine, reload.container, stopS);
  const answers = async (): Promise<true | undefined> => {
    try {
      return notInEffect(await showConfig(reload), reload.settings).length === 0 ? true : undefined;
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

function showConfig(reload: ProcessReload): Promise<readonly ConfigRow[]> {
  return PoolerConsole.with(reload, (console) => console.config());
}
