import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Context } from "../../../provider/kind.ts";
import { reloadPgbouncer } from "../../../provider/reload/pgbouncer.ts";
import { RefusedFiles } from "../../../provider/reload/refused-files.ts";
import type { Engine } from "../../../src/engine/connect.ts";
import type { ConfigRow } from "../../../src/pgbouncer/console.ts";

/** The processes of a pooler that have been told to read their files again. */
const world = {
  rows: [] as ConfigRow[],
  afterRestart: [] as ConfigRow[],
  answers: true,
  /** Containers that do not run. */
  stopped: [] as string[],
  /** What was done, in order. */
  steps: [] as string[],
};

beforeEach(() => Object.assign(world, { rows: [], afterRestart: [], answers: true, stopped: [], steps: [] }));

vi.mock(import("../../../provider/traffic/quiet.ts"), async (original) => ({
  ...(await original()),
  reloadProcess: async (_context, _engine, { container }) => {
    world.steps.push(`reload ${container}`);
    return !world.stopped.includes(container);
  },
}));
// One attempt: what it sees does not change.
vi.mock(import("../../../src/deadline.ts"), async (original) => ({ ...(await original()), poll: async (attempt) => attempt() }));
vi.mock(import("../../../src/engine/container.ts"), async (original) => ({
  ...(await original()),
  restartContainer: async (_engine, container) => {
    world.steps.push(`restart ${container}`);
    world.rows = world.afterRestart;
  },
}));
vi.mock(import("../../../src/pgbouncer/console.ts"), async (original) => ({
  ...(await original()),
  PoolerConsole: {
    with: async (_access: unknown, use: (console: unknown) => Promise<unknown>): Promise<unknown> => {
      if (!world.answers) throw new Error("password authentication failed");
      return use({ config: async () => world.rows, routes: async () => [], servers: async () => [] });
    },
  } as never,
}));

const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };

const row = (key: string, value: string, changeable: "yes" | "no" = "yes"): ConfigRow =>
  ({ key, value, default: "", changeable }) as ConfigRow;

/** Has these processes reload: each with settings of its own. */
const reloadAll = (...settings: readonly Readonly<Record<string, string>>[]): Promise<unknown> =>
  reloadPgbouncer(context, {} as Engine, {
    processes: settings.map((own, index) => ({
      container: `pgbouncer-${index + 1}`,
      address: { host: "h", port: index + 1 },
      settings: own,
    })),
    password: "p",
  }).then(
    () => "taken",
    (error: unknown) => error,
  );

const reload = (settings: Readonly<Record<string, string>>): Promise<unknown> => reloadAll(settings);

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
    expect(world.steps.filter((step) => step === "restart pgbouncer-1")).toHaveLength(2);
  });

  it("has all processes read their files before any restarts for them, and leaves out those that do not run", async () => {
    world.rows = [row("listen_backlog", "1", "no")];
    world.afterRestart = [row("listen_backlog", "2", "no")];
    world.stopped = ["pgbouncer-2"];
    expect(await reloadAll({ listen_backlog: "2" }, { listen_backlog: "3" }, { listen_backlog: "2" })).toBe("taken");
    expect(world.steps).toEqual([
      "reload pgbouncer-1",
      "reload pgbouncer-2",
      "reload pgbouncer-3",
      "restart pgbouncer-1",
      "restart pgbouncer-3",
    ]);
  });

  it("restarts nothing when a process refuses the files, and names it", async () => {
    world.rows = [row("reserve_pool_size", "3"), row("listen_backlog", "1", "no")];
    const error = await reloadAll({ listen_backlog: "2" }, { reserve_pool_size: "2" }, { listen_backlog: "2" });
    expect(error).toBeInstanceOf(RefusedFiles);
    expect(String(error)).toContain("pgbouncer-2: it did not take its new files: it still runs with reserve_pool_size = 3");
    expect(world.steps.filter((step) => step.startsWith("restart"))).toEqual([]);
  });
});
