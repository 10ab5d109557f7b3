import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Context } from "../../../provider/kind.ts";
import { reloadPgbouncer } from "../../../provider/reload/pgbouncer.ts";
import { RefusedFiles } from "../../../provider/reload/refused-files.ts";
import type { Engine } from "../../../src/engine/connect.ts";
import type { ConfigRow } from "../../../src/pgbouncer/console.ts";

/** A pooler that has been told to read its files again. */
const world = { rows: [] as ConfigRow[], afterRestart: [] as ConfigRow[], answers: true, restarts: 0 };

beforeEach(() => Object.assign(world, { rows: [], afterRestart: [], answers: true, restarts: 0 }));

vi.mock(import("../../../provider/traffic/quiet.ts"), async (original) => ({ ...(await original()), reloadQuietly: async () => true }));
// One attempt: what it sees does not change.
vi.mock(import("../../../src/deadline.ts"), async (original) => ({ ...(await original()), poll: async (attempt) => attempt() }));
vi.mock(import("../../../src/engine/container.ts"), async (original) => ({
  ...(await original()),
  restartContainer: async () => {
    world.restarts += 1;
    world.rows = world.afterRestart;
  },
}));
vi.mock(import("../../../src/pgbouncer/console.ts"), async (original) => {
  const { PoolerConsole } = await original();
  const console = { config: async () => world.rows, routes: async () => [], servers: async () => [] };
  vi.spyOn(PoolerConsole, "with").mockImplementation(async (_access, use) => {
    if (!world.answers) throw new Error("password authentication failed");
    return use(console as never);
  });
  return { ...(await original()), PoolerConsole };
});

const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };

const row = (key: string, value: string, changeable: "yes" | "no" = "yes"): ConfigRow =>
  ({ key, value, default: "", changeable }) as ConfigRow;

const reload = (settings: Readonly<Record<string, string>>): Promise<unknown> =>
  reloadPgbouncer(context, {} as Engine, {
    container: "pgbouncer",
    address: { host: "h", port: 1 },
    password: "p",
    drainTimeoutS: 1,
    settings,
  }).then(
    () => "taken",
    (error: unknown) => error,
  );

describe("a reload of PgBouncer", () => {
  it("is proven by what it runs with", async () => {
    world.rows = [row("pool_mode", "session"), row("max_client_conn", "100.0")];
    expect(await reload({ pool_mode: "session", max_client_conn: "100" })).toBe("taken");
  });

  it("that leaves it with other settings has refused the files: the old ones are put back", async () => {
    world.rows = [row("pool_mode", "session")];
    const error = await reload({ pool_mode: "transaction" });
    expect(error).toBeInstanceOf(RefusedFiles);
    expect(String(error)).toContain("it did not take its new files: it still runs with pool_mode = session");
  });

  it("of one that does not answer has refused nothing", async () => {
    world.answers = false;
    const error = await reload({ pool_mode: "transaction" });
    expect(error).not.toBeInstanceOf(RefusedFiles);
    expect(String(error)).toContain("password authentication failed");
  });

  it("restarts it for what it takes at its start alone, and has refused the files when it does not run with them then", async () => {
    world.rows = [row("listen_backlog", "1", "no")];
    world.afterRestart = [row("listen_backlog", "2", "no")];
    expect(await reload({ listen_backlog: "2" })).toBe("taken");
    world.rows = world.afterRestart = [row("listen_backlog", "1", "no")];
    expect(await reload({ listen_backlog: "2" })).toBeInstanceOf(RefusedFiles);
    expect(world.restarts).toBe(2);
  });
});
