import type { Context } from "../../../provider/kind.ts";
import type { KnownNode } from "../../../provider/service/known-node.ts";
import type { Traffic, TrafficWorld } from "../../../provider/traffic/world.ts";
import type { RunningProcess, RunningRoute, ServerConnection } from "../../../src/pgbouncer/console.ts";
import type { Routes, RoutesText } from "../../../src/pgbouncer/routes.ts";
import { processRoutesFile, routesFile, routesFiles } from "../../../src/pgbouncer/routes.ts";
import { readIni, readPgbouncerConnstr } from "../render/escape-readers.ts";

/** Two routes of a cluster that pg1 leads, with a process of the pooler for each replica. */
export function routesWith(replicas: readonly string[]): Routes {
  const route = { database: "app", poolSize: 20, most: 25, parameters: {} };
  const routes = [
    { ...route, name: "app", reads: false },
    { ...route, name: "app_ro", reads: true },
  ];
  return { leader: "pg1", nodes: ["pg1", ...replicas], drained: {}, processes: Math.max(2, replicas.length), routes };
}

export function nodeOf(name: string, role: KnownNode["role"]): KnownNode {
  return { name, role, container: name, networkAddress: `address of ${name}`, address: { host: "127.0.0.1", port: 1 } };
}

export const leader = nodeOf("pg1", "leader");
export const replica = nodeOf("pg2", "replica");

/** The text of what is wanted. */
export function wantedText(routes: Routes): string {
  return routesFiles(routes).find(({ path }) => path === routesFile)?.content ?? "";
}

/** A pooler of several processes with its routes and their clients, and servers; any step can be made to fail. */
export class FakedTraffic implements TrafficWorld {
  readonly steps: string[] = [];
  failsAt = Infinity;
  serving = true;
  /** Nodes to which the pooler keeps a connection, whatever happens. */
  readonly busy = new Set<string>();
  /** Long transactions of the leader, as text. */
  long = "";
  /** Routes whose transactions do not end. */
  readonly endless = new Set<string>();
  /** Routes that are held, in each process that holds any. */
  readonly paused = new Set<string>();
  readonly watched = new Set<string>();
  /** Processes that do not run. */
  readonly stopped = new Set<number>();
  /** Processes that go on as before when they are told to read their files. */
  readonly deaf = new Set<number>();
  /** Processes that hold nobody, whatever they are told. */
  readonly restless = new Set<number>();
  readonly files = new Map<string, string>();
  readonly #loaded = new Map<number, string>();

  constructor(readers: readonly string[]) {
    this.put(routesWith(readers));
    for (const number of this.numbers()) this.start(number);
  }

  /** What is wanted, as it is in the volume. */
  get file(): string {
    return this.files.get(routesFile) ?? "";
  }

  /** Writes these routes, without anybody reading them. */
  put(routes: Routes): void {
    for (const { path, content } of routesFiles(routes)) this.files.set(path, content);
  }

  /** Has a process read its file, as it does at its start. */
  start(number: number): void {
    this.stopped.delete(number);
    this.#loaded.set(number, this.files.get(processRoutesFile(number)) ?? "");
  }

  /** Processes that have a file. */
  numbers(): readonly number[] {
    return [...this.files.keys()].flatMap((path) => Number(/^routes-(\d+)\.ini$/.exec(path)?.[1] ?? 0) || []);
  }

  /** Something is done, or fails. */
  step(name: string): void {
    this.steps.push(name);
    if (this.steps.length === this.failsAt) throw new Error(`broken at ${name}`);
  }

  /** Nodes that the processes which run lead to by a route, in the order of the processes. */
  hostsOf(name: string): readonly string[] {
    return [...new Set(this.#running().flatMap(({ routes }) => routes.filter((route) => route.name === name).map(({ host }) => host)))];
  }

  #running(): readonly RunningProcess[] {
    const running = [...this.#loaded].filter(([number]) => !this.stopped.has(number));
    return running.map(([number, text]) => ({ number, routes: this.#routesIn(number, text) }));
  }

  #routesIn(number: number, text: string): readonly RunningRoute[] {
    return [...(readIni(text).get("databases") ?? [])].map(([name, line]) => {
      const of = new Map(readPgbouncerConnstr(line));
      return {
        name,
        host: of.get("host") ?? "",
        database: of.get("dbname") ?? "",
        poolSize: Number(of.get("pool_size")),
        isPaused: this.paused.has(name) && !this.restless.has(number),
      };
    });
  }

  isRunning = async (): Promise<boolean> => true;

  sql = async (_container: string, text: string): Promise<string> => {
    this.step(text === "checkpoint;" ? "checkpoint" : "ask for transactions");
    return text === "checkpoint;" ? "" : this.long;
  };

  isServing = async (): Promise<boolean> => this.serving;

  processes = async (): Promise<readonly RunningProcess[]> => {
    this.step("ask for routes");
    return this.#running();
  };

  servers = async (): Promise<readonly ServerConnection[]> => {
    this.step("ask for servers");
    return [...this.busy].map((node) => ({
      route: "app_ro",
      user: "app",
      address: `address of ${node}`,
      state: "active",
      isLeaving: true,
    }));
  };

  pause = async (name: string): Promise<void> => {
    this.step(`pause ${name}`);
    this.paused.add(name);
    if (this.endless.has(name)) throw new Error("timeout");
  };

  resume = async (names: readonly string[]): Promise<void> => {
    this.step(`resume ${names.join(" ")}`);
    for (const name of names) this.paused.delete(name);
  };

  resumeLater = async (names: readonly string[]): Promise<void> => {
    this.step(`watch ${names.join(" ")}`);
    for (const name of names) this.watched.add(name);
  };

  awaitNoLogins = async (): Promise<void> => this.step("await no logins");

  readFile = async (): Promise<string | undefined> => this.file;

  writeFiles = async (files: readonly RoutesText[]): Promise<void> => {
    this.step("write");
    for (const { path, content } of files) this.files.set(path, content);
  };

  reload = async (): Promise<boolean> => {
    this.step("reload");
    const running = this.numbers().filter((number) => !this.stopped.has(number));
    for (const number of running) if (!this.deaf.has(number)) this.start(number);
    return running.length > 0;
  };
}

export const context: Context = { signal: new AbortController().signal, log: () => undefined, status: () => undefined };

export function trafficOf(world: FakedTraffic): Traffic {
  return { context, world, pooler: { listener: "pooler", processes: [], drainTimeoutS: 0.02 } };
}
