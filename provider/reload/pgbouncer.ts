import { poll } from "../../src/deadline.ts";
import type { Engine } from "../../src/engine/connect.ts";
import { signalContainer } from "../../src/engine/container.ts";
import { UserError } from "../../src/errors.ts";
import { withSession } from "../../src/postgres/session.ts";
import type { Context } from "../kind.ts";

export interface PgbouncerReload {
  readonly container: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly password: string;
  readonly settings: Readonly<Record<string, string>>;
}

const reloadTimeoutMs = 10_000;

interface ConfigRow {
  readonly key: string;
  readonly value: string;
  readonly changeable: string;
}

/** Has a running pooler read its files again and proves through its console that it runs with them. */
export async function reloadPgbouncer(context: Context, engine: Engine, reload: PgbouncerReload): Promise<void> {
  if (!(await signalContainer(engine, reload.container, "SIGHUP"))) return;
  let last: readonly ConfigRow[] = [];
  let problem = "";
  const done = await poll(
    async () => {
      try {
        last = differing(await showConfig(reload), reload.settings);
        problem = "";
        return last.some(({ changeable }) => changeable === "yes") ? undefined : true;
      } catch (error) {
        // The new password counts only once the new userlist is read.
        problem = (error as Error).message;
        return undefined;
      }
    },
    { everyMs: 100, timeoutMs: reloadTimeoutMs, signal: context.signal },
  );
  if (done === undefined) {
    const what = problem === "" ? `it still runs with ${last.map(({ key, value }) => `${key} = ${value}`).join(", ")}` : problem;
    throw new UserError([
      { where: reload.container, problem: `it did not take its new files: ${what}`, fix: `see its log: docker logs ${reload.container}` },
    ]);
  }
  if (last.length > 0)
    context.log("warning", `${reload.container}: takes effect at the next restart: ${last.map(({ key }) => key).join(", ")}`);
}

function showConfig({ address, password }: PgbouncerReload): Promise<readonly ConfigRow[]> {
  const login = { ...address, user: "pgbouncer", password, database: "pgbouncer" };
  return withSession(login, async (client) => (await client.query<ConfigRow>("SHOW CONFIG")).rows);
}

/** Rows whose value in effect is another than the file's; numbers compare as numbers. */
function differing(rows: readonly ConfigRow[], settings: Readonly<Record<string, string>>): readonly ConfigRow[] {
  return rows.filter(({ key, value }) => {
    const wanted = settings[key];
    if (wanted === undefined || wanted === value) return false;
    return Number.isNaN(Number(wanted)) || Number(wanted) !== Number(value);
  });
}
