import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Context } from "../../../provider/kind.ts";
import { loginsWorld } from "../../../provider/service/logins-world.ts";
import { reloadQuietly } from "../../../provider/traffic/quiet.ts";
import { allServe, isServing, routesOn, runningProcesses } from "../../../provider/traffic/serving.ts";
import { trafficOn } from "../../../provider/traffic/world.ts";
import type { PoolerAccess } from "../../../resources/parts.ts";
import type { Engine } from "../../../src/engine/connect.ts";

/** The processes of a pooler, by their containers. */
const world = {
  stopped: [] as string[],
  /** Those whose console does not answer, or that refuse a login. */
  silent: [] as string[],
  paused: [] as string[],
  steps: [] as string[],
};

beforeEach(() => Object.assign(world, { stopped: [], silent: [], paused: [], steps: [] }));

const containerAt = ({ port }: { readonly port: number }): string => `pgbouncer-${port}`;

vi.mock(import("../../../src/pgbouncer/console.ts"), async (original) => ({
  ...(await original()),
  PoolerConsole: {
    with: async (
      { address }: { readonly address: { readonly port: number } },
      work: (console: unknown) => Promise<unknown>,
    ): Promise<unknown> => {
      const container = containerAt(address);
      if (world.silent.includes(container)) throw new Error(`${container} does not answer`);
      const step = async (what: string): Promise<void> => void world.steps.push(`${what} ${container}`);
      return work({
        routes: async () => [
          { name: "app", host: "pg1", database: "app", poolSize: address.port, isPaused: world.paused.includes(container) },
        ],
        servers: async () => [{ route: "app", user: "app", address: `server of ${container}`, state: "active", isLeaving: false }],
        logins: async () => 0,
        reload: () => step("reload"),
        pause: (route: string) => step(`pause ${route} in`),
        resume: (route: string) => step(`resume ${route} in`),
      });
    },
  } as never,
}));
vi.mock(import("../../../src/engine/signal-inside.ts"), () => ({
  signalInside: async (_engine: Engine, container: string, signal: "HUP") => {
    if (world.stopped.includes(container)) return false;
    world.steps.push(`${signal} ${container}`);
    return true;
  },
}));
vi.mock(import("../../../src/engine/exec.ts"), async (original) => ({
  ...(await original()),
  startInContainer: async (_engine: Engine, container: string) => {
    world.steps.push(`watch ${container}`);
    return "";
  },
}));
vi.mock(import("../../../src/engine/volume-files.ts"), async (original) => ({
  ...(await original()),
  writeVolumeFiles: async (_engine: Engine, volume: string) => void world.steps.push(`write ${volume}`),
}));
vi.mock(import("../../../src/pgbouncer/accepts.ts"), () => ({
  acceptsPassword: async (login: { readonly port: number }) => {
    world.steps.push(`log in at ${containerAt(login)}`);
    return !world.silent.includes(containerAt(login));
  },
}));
vi.mock(import("../../../src/postgres/session.ts"), async (original) => ({
  ...(await original()),
  withSession: (async (login: { readonly port: number }) => {
    world.steps.push(`query ${containerAt(login)}`);
    if (world.silent.includes(containerAt(login))) throw new Error("password authentication failed");
  }) as never,
}));

const engine = {
  getContainer: (name: string) => ({
    inspect: async () => ({
      Id: name,
      RestartCount: 0,
      State: { Running: !world.stopped.includes(name), Restarting: false, ExitCode: 0, OOMKilled: false },
    }),
  }),
} as unknown as Engine;

const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };
const pooler: PoolerAccess = {
  listener: "pooler",
  processes: [1, 2, 3].map((number) => ({ number, container: `pgbouncer-${number}`, address: { host: "h", port: number } })),
  configVolume: "pooler-config",
  image: "pooler",
  password: "p",
  drainTimeoutS: 1,
};

describe("the processes of a pooler that run", () => {
  it("are those that are asked, each for itself", async () => {
    world.stopped = ["pgbouncer-2"];
    expect((await runningProcesses(engine, pooler)).map(({ number }) => number)).toEqual([1, 3]);
    const routes = await routesOn(engine, pooler);
    expect(routes.map(({ number, routes: of }) => [number, of.map(({ poolSize }) => poolSize)])).toEqual([
      [1, [1]],
      [3, [3]],
    ]);
    const { world: traffic } = trafficOn(context, engine, pooler);
    expect((await traffic.servers()).map(({ address }) => address)).toEqual(["server of pgbouncer-1", "server of pgbouncer-3"]);
  });

  it("are all held, let go and watched", async () => {
    world.stopped = ["pgbouncer-1"];
    const { world: traffic } = trafficOn(context, engine, pooler);
    await traffic.resumeLater(["app"], 30);
    await traffic.pause("app", 1000);
    await traffic.resume(["app", "app_ro"]);
    expect(world.steps.toSorted()).toEqual(
      ["watch", "pause app in", "resume app in", "resume app_ro in"]
        .flatMap((what) => [2, 3].map((number) => `${what} pgbouncer-${number}`))
        .toSorted(),
    );
  });

  it("all reload, those whose console does not answer by a signal", async () => {
    world.stopped = ["pgbouncer-1"];
    world.silent = ["pgbouncer-2"];
    expect(await reloadQuietly(context, engine, pooler)).toBe(true);
    expect(world.steps.toSorted()).toEqual(["HUP pgbouncer-2", "reload pgbouncer-3"]);
    world.stopped = ["pgbouncer-1", "pgbouncer-2", "pgbouncer-3"];
    expect(await reloadQuietly(context, engine, pooler)).toBe(false);
  });

  it("serve when one of them answers, and all serve when none is silent", async () => {
    const seen = async (): Promise<readonly boolean[]> => [await isServing(engine, pooler), await allServe(engine, pooler)];
    expect(await seen()).toEqual([true, true]);
    world.stopped = ["pgbouncer-2"];
    expect(await seen()).toEqual([true, true]);
    world.silent = ["pgbouncer-3"];
    expect(await seen()).toEqual([true, false]);
    world.silent = ["pgbouncer-1", "pgbouncer-3"];
    expect(await seen()).toEqual([false, false]);
    world.stopped = ["pgbouncer-1", "pgbouncer-2", "pgbouncer-3"];
    expect(await seen()).toEqual([false, false]);
  });
});

describe("a login at a pooler of several processes", () => {
  const login = { user: "app", password: "new", route: "app" };

  it("is accepted, and gets to a server, when every process that runs says so", async () => {
    const { accepts, query } = loginsWorld(context, engine, pooler);
    world.stopped = ["pgbouncer-1"];
    expect(await accepts(login, "verifier")).toBe(true);
    await query(login);
    expect(world.steps).toEqual(["log in at pgbouncer-2", "log in at pgbouncer-3", "query pgbouncer-2", "query pgbouncer-3"]);
    world.silent = ["pgbouncer-3"];
    expect(await accepts(login, "verifier")).toBe(false);
    await expect(query(login)).rejects.toThrow("password authentication failed");
  });

  it("has its list read by every process", async () => {
    world.stopped = ["pgbouncer-2"];
    const { runs, writeUserlist } = loginsWorld(context, engine, pooler);
    expect(await runs()).toBe(true);
    await writeUserlist("");
    expect(world.steps).toEqual(["write pooler-config", "HUP pgbouncer-1", "HUP pgbouncer-3"]);
    world.stopped = ["pgbouncer-1", "pgbouncer-2", "pgbouncer-3"];
    expect(await runs()).toBe(false);
  });
});
